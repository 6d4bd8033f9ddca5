// The consumer of a BPF_MAP_TYPE_PERF_EVENT_ARRAY: a ring for each CPU, for objects that use bpf_perf_event_output and for
// kernels before 5.8. Ring buffers are better in every way: one ring, one order, no padding.

import { BeetraceError } from '../errors/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  CLOCK_MONOTONIC,
  clockNs,
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_TIME,
  PERF_TYPE_SOFTWARE,
  type PerfEventAttr,
} from '../sys/index.ts'
import {
  closePerfRings,
  type OpenedPerfRings,
  openPerfRings,
  type PerfRingsOptions,
  pausePerfRings,
} from './perf-open.ts'
import { type PerfRecord, PerfRing } from './perf-ring.ts'
import type { OnPerfRecord, RingView } from './ring-view.ts'

export interface PerfBufferOptions extends Omit<PerfRingsOptions, 'overwritable'> {
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

/** More records than the rings hold; a small integer, as compiled code likes them. */
const COUNT_MAX = 0x3fff_ffff

export interface CpuRing {
  readonly cpu: number
  /** the perf event's: readable when this CPU's ring asks to be read */
  readonly fd: number
  readonly pendingBytes: number
}

export class PerfBuffer implements Disposable {
  /** readable when any CPU's ring asks to be read */
  readonly fd: number
  readonly name: string
  readonly #onRecord: OnPerfRecord
  readonly #onLost: ((count: number, cpu: number) => void) | undefined
  readonly #ordered: boolean
  readonly #map: BpfMap
  readonly #opened: OpenedPerfRings
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
    const opened = openPerfRings(map, attrOf(options), options)
    const rings = opened.rings.map(
      ring => new PerfRing(ring.fd, ring.cpu, ring.map, ring.dataBytes, options.order === 'time'),
    )
    return new PerfBuffer(map, opened, rings, onRecord, options)
  }

  private constructor(
    map: BpfMap,
    opened: OpenedPerfRings,
    rings: readonly PerfRing[],
    onRecord: OnPerfRecord,
    options: PerfBufferOptions,
  ) {
    this.name = map.name
    this.#map = map
    this.#opened = opened
    this.fd = opened.epollFd
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

  /** The ring of each CPU: what can be watched by itself, and how much of it is left to read, also in the middle of a `drain`. */
  get cpuRings(): readonly CpuRing[] {
    return this.#rings.map(ring => ({
      cpu: ring.cpu,
      fd: ring.fd,
      pendingBytes: this.#closed ? 0 : ring.pendingBytes(),
    }))
  }

  /** As `drain`, of one CPU alone, in its own order. Throws BeetraceError `MAP_USE` for a CPU without a ring. */
  drainCpu(cpu: number, max = COUNT_MAX): number {
    const index = this.#rings.findIndex(ring => ring.cpu === cpu)
    if (index < 0) throw new BeetraceError('MAP_USE', `perf buffer "${this.name}" has no ring of CPU ${cpu}`)
    if (this.#closed || this.#draining) return 0
    this.#draining = true
    try {
      this.#rings[index]!.refresh()
      return this.#drainRing(index, max)
    } finally {
      this.#draining = false
      this.#rings[index]!.publish()
      if (this.#closed) this.#release()
    }
  }

  /** Keeps the kernel from writing (what comes is not even counted as lost), or lets it go on. Throws SyscallError. */
  pause(paused = true): void {
    pausePerfRings(this.name, this.#rings, paused)
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
    for (let i = 0; i < this.#rings.length && !this.#closed; i++) count += this.#drainRing(i, max - count)
    return count
  }

  #drainRing(index: number, max: number): number {
    const ring = this.#rings[index]!
    const record = this.#records[index]!
    let count = 0
    while (count < max) {
      const taken = ring.handOver(max - count, this.#onRecord)
      count += taken
      if (this.#closed) return count
      this.#giveRoom(ring)
      if (taken > 0) continue
      if (!this.#peek(index)) break
      this.#hand(ring, record)
      count++
      if (this.#closed) return count
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
    for (const ring of this.#rings) ring.forget()
    closePerfRings(this.#map, this.#opened)
  }
}

const NO_VIEW: RingView = {
  u8: new Uint8Array(0),
  u32: new Uint32Array(0),
  i32: new Int32Array(0),
  data: new DataView(new ArrayBuffer(0)),
}

function attrOf({ wakeup = { records: 1 }, order }: PerfBufferOptions): PerfEventAttr {
  const withTime = order === 'time'
  return {
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_BPF_OUTPUT,
    samplePeriod: 1,
    sampleType: PERF_SAMPLE_RAW | (withTime ? PERF_SAMPLE_TIME : 0),
    ...(withTime && { clockId: CLOCK_MONOTONIC }),
    ...('records' in wakeup
      ? { wakeupEvents: wakeup.records }
      : { wakeupWatermark: Math.max(1, wakeup.bytes - 1) }),
  }
}
