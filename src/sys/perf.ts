// perf_event_open(2) and its ioctls, as far as attaching programs and reading perf buffers needs them.

import { allocate, LITTLE_ENDIAN, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

export const PERF_TYPE_HARDWARE = 0
export const PERF_TYPE_SOFTWARE = 1
export const PERF_TYPE_TRACEPOINT = 2
export const PERF_TYPE_HW_CACHE = 3
export const PERF_TYPE_RAW = 4
export const PERF_TYPE_BREAKPOINT = 5
export const PERF_COUNT_SW_CPU_CLOCK = 0
export const PERF_COUNT_SW_DUMMY = 9
export const PERF_COUNT_SW_BPF_OUTPUT = 10
export const PERF_SAMPLE_TIME = 1 << 2
export const PERF_SAMPLE_RAW = 1 << 10
export const PERF_RECORD_LOST = 2
export const PERF_RECORD_SAMPLE = 9
export const PERF_RECORD_MMAP2 = 10
export const PERF_FLAG_FD_CLOEXEC = 8

const PERF_EVENT_IOC_ENABLE = 0x2400
const PERF_EVENT_IOC_DISABLE = 0x2401
const PERF_EVENT_IOC_SET_BPF = 0x40042408
const PERF_EVENT_IOC_PAUSE_OUTPUT = 0x40042409

/** bits of the flag word of struct perf_event_attr */
const ATTR_DISABLED = 1
const ATTR_INHERIT = 1 << 1
const ATTR_EXCLUDE_USER = 1 << 4
const ATTR_EXCLUDE_KERNEL = 1 << 5
const ATTR_EXCLUDE_HV = 1 << 6
const ATTR_MMAP = 1 << 8
const ATTR_FREQ = 1 << 10
const ATTR_WATERMARK = 1 << 14
const ATTR_PRECISE_IP_SHIFT = 15
const ATTR_MMAP2 = 1 << 23
const ATTR_USE_CLOCKID = 1 << 25
const ATTR_WRITE_BACKWARD = 1 << 27

/** PERF_ATTR_SIZE_VER5: all kernels since 4.1 know it */
const ATTR_BYTES = 112

/** The part of struct perf_event_attr that is used here; absent fields are 0. */
export interface PerfEventAttr {
  readonly type: number
  readonly config: number | bigint
  readonly samplePeriod?: number
  /** samples a second, instead of a period */
  readonly sampleFreq?: number
  readonly sampleType?: number
  readonly disabled?: boolean
  /** count in threads and children that the task makes later, too */
  readonly inherit?: boolean
  readonly excludeUser?: boolean
  readonly excludeKernel?: boolean
  readonly excludeHv?: boolean
  /** 0 to 3: how far a sample may be off the instruction that made it */
  readonly preciseIp?: number
  /** CLOCK_* that times of samples are of; the kernel's own, which goes by CPU, unless told */
  readonly clockId?: number
  /** a PERF_RECORD_MMAP2 for each executable mapping that is made. Linux 3.12 */
  readonly mappings?: boolean
  /** overwrite the oldest samples: the buffer is then read from its head backward */
  readonly writeBackward?: boolean
  /** wake a reader every so many events … */
  readonly wakeupEvents?: number
  /** … or every so many bytes */
  readonly wakeupWatermark?: number
  /** HW_BREAKPOINT_*: 1 read, 2 write, 4 execute */
  readonly bpType?: number
  /** an address to break at; bytes stand for their own address: a path or function name, with its NUL (kprobe and uprobe) */
  readonly config1?: number | bigint | Uint8Array
  /** offset within it, an address, or the length of a breakpoint */
  readonly config2?: number | bigint
}

/** A descriptor (close-on-exec), or -errno. `pid` -1: every process, then `cpu` must be one; `cpu` -1: any. */
export const perfEventOpen = (a: PerfEventAttr, pid: number, cpu: number): number => {
  const memory = allocate(ATTR_BYTES)
  const { data } = memory
  const u64 = (offset: number, value: number | bigint) => {
    if (typeof value === 'number') setU64(data, offset, value)
    else data.setBigUint64(offset, value, LITTLE_ENDIAN)
  }
  data.setUint32(0, a.type, LITTLE_ENDIAN)
  data.setUint32(4, ATTR_BYTES, LITTLE_ENDIAN)
  u64(8, a.config)
  u64(16, a.sampleFreq ?? a.samplePeriod ?? 0)
  u64(24, a.sampleType ?? 0)
  const flags =
    (a.disabled ? ATTR_DISABLED : 0) |
    (a.inherit ? ATTR_INHERIT : 0) |
    (a.excludeUser ? ATTR_EXCLUDE_USER : 0) |
    (a.excludeKernel ? ATTR_EXCLUDE_KERNEL : 0) |
    (a.excludeHv ? ATTR_EXCLUDE_HV : 0) |
    (a.mappings ? ATTR_MMAP | ATTR_MMAP2 : 0) |
    (a.sampleFreq !== undefined ? ATTR_FREQ : 0) |
    (a.wakeupWatermark !== undefined ? ATTR_WATERMARK : 0) |
    ((a.preciseIp ?? 0) << ATTR_PRECISE_IP_SHIFT) |
    (a.clockId !== undefined ? ATTR_USE_CLOCKID : 0) |
    (a.writeBackward ? ATTR_WRITE_BACKWARD : 0)
  u64(40, flags)
  data.setUint32(48, a.wakeupWatermark ?? a.wakeupEvents ?? 0, LITTLE_ENDIAN)
  data.setUint32(52, a.bpType ?? 0, LITTLE_ENDIAN)
  u64(56, a.config1 instanceof Uint8Array ? linux().address(a.config1) : (a.config1 ?? 0))
  u64(64, a.config2 ?? 0)
  data.setInt32(92, a.clockId ?? 0, LITTLE_ENDIAN)
  const fd = linux().perfEventOpen(memory.address, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)
  keepAlive(memory, a.config1)
  return fd
}

export const perfEventEnable = (fd: number): number => linux().ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)
export const perfEventDisable = (fd: number): number => linux().ioctl(fd, PERF_EVENT_IOC_DISABLE, 0)
/** The way to attach before Linux 5.15. */
export const perfEventSetBpf = (fd: number, progFd: number): number =>
  linux().ioctl(fd, PERF_EVENT_IOC_SET_BPF, progFd)
/** Keeps the kernel from writing to the buffer, or lets it go on. Linux 4.7. */
export const perfEventPauseOutput = (fd: number, pause: boolean): number =>
  linux().ioctl(fd, PERF_EVENT_IOC_PAUSE_OUTPUT, pause ? 1 : 0)
