// The consumer of a BPF_MAP_TYPE_PERF_EVENT_ARRAY: a ring for each CPU, for objects that use bpf_perf_event_output and for
// kernels before 5.8. Ring buffers are better in every way: one ring, one order, no padding.

import { BeetraceError, SyscallError } from '../errors/index.ts'
import { onlineCpus, pageSizeBytes } from '../kernel/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  CLOCK_MONOTONIC,
  checkSyscall,
  clockNs,
  closeFd,
  EPOLLIN,
  epollAdd,
  epollCreate,
  LITTLE_ENDIAN,
  type MemoryMap,
  mapMemory,
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_TIME,
  PERF_TYPE_SOFTWARE,
  PROT_READ,
  PROT_WRITE,
  perfEventEnable,
  perfEventOpen,
  perfEventPauseOutput,
} from '../sys/index.ts'
import { type PerfRecord, PerfRing } from './perf-ring.ts'
import type { OnPerfRecord, RingView } from './ring-view.ts'

export interface PerfBufferOptions {
  /** of each CPU's ring, data only: a power of two, at least a page; 64 pages unless told */
  readonly sizeBytes?: number
  /** called with each new loss, in the order of that CPU's records */
  readonly onLost?: (count: number, cpu: number) => void
  /**
   * `time`: in the order of CLOCK_MONOTONIC over all CPUs. Costs 8 bytes a record, and a record is handed over by the drain
   * after the one that first saw it: until then an earlier one may still be on its way on another CPU.
   */
  readonly order?: 'cpu' | 'time'
  /** wake a sleeping reader once so many records came (1 unless told) or so many bytes; fewer than that wait for a look */
  readonly wakeup?: { readonly records: number } | { readonly bytes: number }
}

const DEFAULT_PAGES = 64
/** More records than the rings hold; a small integer, as compiled code likes them. */
const COUNT_MAX = 0x3fff_ffff

export class PerfBuffer implements Disposable {
  /** readable when any CPU's ring asks to be read */
  readonly fd: number
  readonly name: string
  readonly #onRecord: OnPerfRecord
  readonly #onLost: ((count: number, cpu: number) => void) | undefined
  readonly #ordered: boolean
  readonly #map: BpfMap
  readonly #rings: readonly PerfRing[]
  readonly #records: PerfRecord[]
  /** of what was lost, the part told to `onLost`, by ring */
  readonly #told: number[]
  /** records later than this wait for the next drain */
  #horizonNs = 0
  #draining = false
  #closed = false

  /**
   * Opens a ring for every CPU that is online and has an entry in `map`, which stays the caller's to close.
   * @throws SyscallError; BeetraceError `MAP_USE` for another map
   */
  static open(map: BpfMap, onRecord: OnPerfRecord, options: PerfBufferOptions = {}): PerfBuffer {
    if (map.type !== BPF_MAP_TYPE_PERF_EVENT_ARRAY)
      throw new BeetraceError('MAP_USE', `map "${map.name}" is not a perf event array`)
    const sizeBytes = options.sizeBytes ?? DEFAULT_PAGES * pageSizeBytes()
    if (sizeBytes < pageSizeBytes() || (sizeBytes & (sizeBytes - 1)) !== 0)
      throw new BeetraceError(
        'MAP_USE',
        `a perf ring of ${sizeBytes} bytes: it must be a power of two, a page at least`,
      )
    const action = `open perf buffer "${map.name}"`
    const rings: PerfRing[] = []
    const epollFd = checkSyscall(epollCreate(), 'epoll_create1', action)
    try {
      for (const cpu of onlineCpus()) {
        if (cpu >= map.maxEntries) break
        const ring = openRing(cpu, sizeBytes, options, action)
        rings.push(ring)
        map.update(u32(cpu), u32(ring.fd))
        checkSyscall(epollAdd(epollFd, ring.fd, EPOLLIN, cpu), 'epoll_ctl', action)
        checkSyscall(perfEventEnable(ring.fd), 'ioctl(PERF_EVENT_IOC_ENABLE)', action)
      }
      return new PerfBuffer(map, epollFd, rings, onRecord, options)
    } catch (error) {
      for (const ring of rings) release(ring)
      closeFd(epollFd)
      throw error
    }
  }

  private constructor(
    map: BpfMap,
    epollFd: number,
    rings: readonly PerfRing[],
    onRecord: OnPerfRecord,
    options: PerfBufferOptions,
  ) {
    this.name = map.name
    this.#map = map
    this.fd = epollFd
    this.#rings = rings
    this.#onRecord = onRecord
    this.#onLost = options.onLost
    this.#ordered = options.order === 'time'
    this.#told = rings.map(() => 0)
    this.#records = rings.map(() => ({ view: NO_VIEW, offset: 0, byteLength: 0, timeNs: 0 }))
  }

  /** Hands over the records that are there, `max` of them at most; how many it were. What the callback throws comes out. */
  drain(max = COUNT_MAX): number {
    if (this.#closed || this.#draining) return 0
    this.#draining = true
    try {
      for (const ring of this.#rings) ring.refresh()
      return this.#ordered ? this.#drainByTime(max) : this.#drainByCpu(max)
    } finally {
      this.#draining = false
      for (const ring of this.#rings) ring.publish()
      if (this.#closed) this.#release()
    }
  }

  /** Whether nothing is left to read. */
  isEmpty(): boolean {
    return this.#closed || this.#rings.every(ring => ring.isEmpty())
  }

  /** Records that did not fit, as far as the rings were read: a `LossCounter`. */
  readonly lostCount = (): number => this.#rings.reduce((sum, ring) => sum + ring.lostCount, 0)

  /** Keeps the kernel from writing (what comes is not even counted as lost), or lets it go on. Throws SyscallError. */
  pause(paused = true): void {
    for (const ring of this.#rings)
      checkSyscall(
        perfEventPauseOutput(ring.fd, paused),
        'ioctl(PERF_EVENT_IOC_PAUSE_OUTPUT)',
        `pause perf buffer "${this.name}"`,
      )
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Unmaps the rings (after the record at hand, when called from its callback). Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const ring of this.#rings) ring.stop()
    if (!this.#draining) this.#release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #drainByCpu(max: number): number {
    let count = 0
    for (let i = 0; i < this.#rings.length; i++) {
      const ring = this.#rings[i]!
      const record = this.#records[i]!
      while (count < max) {
        const taken = ring.handOver(max - count, this.#onRecord)
        count += taken
        if (this.#closed) return count
        this.#giveRoom(ring)
        if (taken > 0) continue
        if (!this.#peek(i)) break
        this.#hand(ring, record)
        count++
        if (this.#closed) return count
      }
    }
    return count
  }

  /** Always the earliest of the rings' next records. With some 10 CPUs a walk over all is as quick as a heap. */
  #drainByTime(max: number): number {
    const horizonNs = this.#horizonNs
    this.#horizonNs = Number(clockNs(CLOCK_MONOTONIC))
    const waiting = this.#rings.map((_, i) => this.#peek(i))
    let count = 0
    while (count < max) {
      let first = -1
      for (let i = 0; i < waiting.length; i++)
        if (waiting[i] && (first < 0 || this.#records[i]!.timeNs < this.#records[first]!.timeNs)) first = i
      if (first < 0 || this.#records[first]!.timeNs > horizonNs) return count
      // a record in the scratch memory that rings share may have been overwritten by a later look
      this.#rings[first]!.peek(this.#records[first]!)
      this.#hand(this.#rings[first]!, this.#records[first]!)
      count++
      if (this.#closed) return count
      waiting[first] = this.#peek(first)
    }
    return count
  }

  /** The next record of a ring, with the losses before it told. */
  #peek(index: number): boolean {
    const ring = this.#rings[index]!
    const found = ring.peek(this.#records[index]!)
    const fresh = ring.lostCount - this.#told[index]!
    if (fresh > 0) {
      this.#told[index]! += fresh
      this.#onLost?.(fresh, ring.cpu)
    }
    return found
  }

  /** The record is taken before the callback, so that one that throws is not met again. */
  #hand(ring: PerfRing, record: PerfRecord): void {
    ring.take()
    this.#onRecord(record.view, record.offset, record.byteLength, ring.cpu)
    this.#giveRoom(ring)
  }

  /** Room for the producer while we read, at the price of a BigInt. */
  #giveRoom(ring: PerfRing): void {
    if (ring.unpublishedBytes >= ring.dataBytes >>> 2) ring.publish()
  }

  #release(): void {
    for (const ring of this.#rings) {
      // the map holds the event: without this, it would stay until the map goes
      if (!this.#map.closed) this.#map.delete(u32(ring.cpu))
      release(ring)
    }
    closeFd(this.fd)
  }
}

const NO_VIEW: RingView = {
  u8: new Uint8Array(0),
  u32: new Uint32Array(0),
  i32: new Int32Array(0),
  data: new DataView(new ArrayBuffer(0)),
}

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}

function openRing(cpu: number, sizeBytes: number, options: PerfBufferOptions, action: string): PerfRing {
  const { wakeup = { records: 1 }, order } = options
  const withTime = order === 'time'
  const attr = {
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_BPF_OUTPUT,
    samplePeriod: 1,
    sampleType: PERF_SAMPLE_RAW | (withTime ? PERF_SAMPLE_TIME : 0),
    ...(withTime && { clockId: CLOCK_MONOTONIC }),
    ...('records' in wakeup
      ? { wakeupEvents: wakeup.records }
      : { wakeupWatermark: Math.max(1, wakeup.bytes - 1) }),
  }
  const fd = perfEventOpen(attr, -1, cpu)
  if (fd < 0) throw new SyscallError('perf_event_open', fd, action, { capabilities: ['CAP_PERFMON'] })
  let map: MemoryMap
  try {
    map = mapMemory(fd, 0, pageSizeBytes() + sizeBytes, PROT_READ | PROT_WRITE, action)
  } catch (error) {
    closeFd(fd)
    throw error
  }
  return new PerfRing(fd, cpu, map, sizeBytes, withTime)
}

function release(ring: PerfRing): void {
  ring.unmap()
  closeFd(ring.fd)
}
