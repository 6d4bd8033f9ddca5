// Opening the rings of a perf event array: an event and its mapping for each CPU, entered into the map, watched together.

import { BeetraceError, SyscallError } from '../errors/index.ts'
import { onlineCpus, pageSizeBytes } from '../kernel/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  checkSyscall,
  closeFd,
  EPOLLIN,
  epollAdd,
  epollCreate,
  LITTLE_ENDIAN,
  type MemoryMap,
  mapMemory,
  type PerfEventAttr,
  PROT_READ,
  PROT_WRITE,
  perfEventEnable,
  perfEventOpen,
  perfEventPauseOutput,
} from '../sys/index.ts'

export interface PerfRingsOptions {
  /** of each ring, data only: a power of two, at least a page; 64 pages unless told */
  readonly sizeBytes?: number | undefined
  /** CPUs to open one for: those that are online unless told */
  readonly cpus?: readonly number[] | undefined
  /** where each of `cpus` is entered into the map: under its number unless told, which is where BPF_F_CURRENT_CPU looks */
  readonly keys?: readonly number[] | undefined
  /** mapped for reading only, the kernel writes over what has not been read */
  readonly overwritable?: boolean
}

/** The event of a CPU and the memory it writes to: one page of positions, then `dataBytes`. */
export interface OpenedPerfRing {
  readonly fd: number
  readonly cpu: number
  /** in the map */
  readonly key: number
  readonly map: MemoryMap
  readonly dataBytes: number
}

export interface OpenedPerfRings {
  readonly epollFd: number
  readonly rings: readonly OpenedPerfRing[]
}

const DEFAULT_PAGES = 64

/** Throws SyscallError; BeetraceError `MAP_USE` for another map, and for a size or CPUs that cannot be. Nothing stays open then. */
export function openPerfRings(map: BpfMap, attr: PerfEventAttr, options: PerfRingsOptions): OpenedPerfRings {
  const { sizeBytes: dataBytes = DEFAULT_PAGES * pageSizeBytes(), keys, overwritable = false } = options
  const cpus = options.cpus ?? onlineCpus().filter(cpu => keys !== undefined || cpu < map.maxEntries)
  check(map, dataBytes, cpus, keys)
  const action = `open perf buffer "${map.name}"`
  const rings: OpenedPerfRing[] = []
  const epollFd = checkSyscall(epollCreate(), 'epoll_create1', action)
  try {
    for (const [i, cpu] of cpus.entries()) {
      const fd = perfEventOpen(attr, -1, cpu)
      if (fd < 0) throw new SyscallError('perf_event_open', fd, action, { capabilities: ['CAP_PERFMON'] })
      rings.push({
        fd,
        cpu,
        key: keys?.[i] ?? cpu,
        dataBytes,
        map: mapRing(fd, dataBytes, overwritable, action),
      })
      map.update(u32(keys?.[i] ?? cpu), u32(fd))
      checkSyscall(epollAdd(epollFd, fd, EPOLLIN, cpu), 'epoll_ctl', action)
      checkSyscall(perfEventEnable(fd), 'ioctl(PERF_EVENT_IOC_ENABLE)', action)
    }
    return { epollFd, rings }
  } catch (error) {
    closePerfRings(map, { epollFd, rings })
    throw error
  }
}

/** Unmaps and closes them all; views of their memory must be gone. */
export function closePerfRings(map: BpfMap, { epollFd, rings }: OpenedPerfRings): void {
  for (const ring of rings) {
    // the map holds the event: without this, it would stay until the map goes
    if (!map.closed) map.delete(u32(ring.key))
    ring.map.unmap()
    closeFd(ring.fd)
  }
  closeFd(epollFd)
}

/** Keeps the kernel from writing to the rings of a perf buffer, or lets it go on. Throws SyscallError. */
export function pausePerfRings(
  name: string,
  rings: readonly { readonly fd: number }[],
  paused: boolean,
): void {
  const action = `pause perf buffer "${name}"`
  for (const { fd } of rings)
    checkSyscall(perfEventPauseOutput(fd, paused), 'ioctl(PERF_EVENT_IOC_PAUSE_OUTPUT)', action)
}

function mapRing(fd: number, dataBytes: number, overwritable: boolean, action: string): MemoryMap {
  const protection = overwritable ? PROT_READ : PROT_READ | PROT_WRITE
  try {
    return mapMemory(fd, 0, pageSizeBytes() + dataBytes, protection, action)
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

function check(
  map: BpfMap,
  dataBytes: number,
  cpus: readonly number[],
  keys: readonly number[] | undefined,
): void {
  const fail = (what: string): never => {
    throw new BeetraceError('MAP_USE', what)
  }
  if (map.type !== BPF_MAP_TYPE_PERF_EVENT_ARRAY) fail(`map "${map.name}" is not a perf event array`)
  if (dataBytes < pageSizeBytes() || (dataBytes & (dataBytes - 1)) !== 0)
    fail(`a perf ring of ${dataBytes} bytes: it must be a power of two, a page at least`)
  if (keys !== undefined && keys.length !== cpus.length)
    fail(`${keys.length} keys of map "${map.name}" for ${cpus.length} CPUs: each CPU has one`)
}

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}
