// perf_event_open(2) and its ioctls, as far as attaching programs and reading perf buffers needs them.

import { allocate, LITTLE_ENDIAN, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

export const PERF_TYPE_HARDWARE = 0
export const PERF_TYPE_SOFTWARE = 1
export const PERF_TYPE_TRACEPOINT = 2
export const PERF_COUNT_SW_CPU_CLOCK = 0
export const PERF_COUNT_SW_BPF_OUTPUT = 10
export const PERF_SAMPLE_RAW = 1 << 10
export const PERF_FLAG_FD_CLOEXEC = 8

const PERF_EVENT_IOC_ENABLE = 0x2400
const PERF_EVENT_IOC_DISABLE = 0x2401
const PERF_EVENT_IOC_SET_BPF = 0x40042408

/** bits of the flag word of struct perf_event_attr */
const ATTR_DISABLED = 1
const ATTR_FREQ = 1 << 10
const ATTR_WATERMARK = 1 << 14

/** PERF_ATTR_SIZE_VER5: all kernels since 4.1 know it */
const ATTR_BYTES = 112

/** The part of struct perf_event_attr that is used here; absent fields are 0. */
export interface PerfEventAttr {
  readonly type: number
  readonly config: number
  readonly samplePeriod?: number
  /** samples a second, instead of a period */
  readonly sampleFreq?: number
  readonly sampleType?: number
  readonly disabled?: boolean
  /** wake a reader every so many events … */
  readonly wakeupEvents?: number
  /** … or every so many bytes */
  readonly wakeupWatermark?: number
  /** address of a path or function name (kprobe and uprobe PMUs) */
  readonly config1?: number
  /** offset within it, or an address */
  readonly config2?: number
}

/** A descriptor (close-on-exec), or -errno. `pid` -1: every process, then `cpu` must be one; `cpu` -1: any. */
export const perfEventOpen = (a: PerfEventAttr, pid: number, cpu: number): number => {
  const memory = allocate(ATTR_BYTES)
  const { data } = memory
  data.setUint32(0, a.type, LITTLE_ENDIAN)
  data.setUint32(4, ATTR_BYTES, LITTLE_ENDIAN)
  setU64(data, 8, a.config)
  setU64(data, 16, a.sampleFreq ?? a.samplePeriod ?? 0)
  setU64(data, 24, a.sampleType ?? 0)
  const flags =
    (a.disabled ? ATTR_DISABLED : 0) |
    (a.sampleFreq !== undefined ? ATTR_FREQ : 0) |
    (a.wakeupWatermark !== undefined ? ATTR_WATERMARK : 0)
  setU64(data, 40, flags)
  data.setUint32(48, a.wakeupWatermark ?? a.wakeupEvents ?? 0, LITTLE_ENDIAN)
  setU64(data, 56, a.config1 ?? 0)
  setU64(data, 64, a.config2 ?? 0)
  const fd = linux().perfEventOpen(memory.address, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)
  keepAlive(memory)
  return fd
}

export const perfEventEnable = (fd: number): number => linux().ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)
export const perfEventDisable = (fd: number): number => linux().ioctl(fd, PERF_EVENT_IOC_DISABLE, 0)
/** The way to attach before Linux 5.15. */
export const perfEventSetBpf = (fd: number, progFd: number): number =>
  linux().ioctl(fd, PERF_EVENT_IOC_SET_BPF, progFd)
