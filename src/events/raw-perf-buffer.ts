// A perf buffer of events that the caller describes, whose records are handed over as the kernel writes them: for samples of
// counters and tracepoints, mappings, switches, and whatever else struct perf_event_attr can ask for.

import type { BpfMap } from '../map/index.ts'
import type { PerfEventAttr } from '../sys/index.ts'
import {
  closePerfRings,
  type OpenedPerfRings,
  openPerfRings,
  type PerfRingsOptions,
  pausePerfRings,
} from './perf-open.ts'
import { PerfRing } from './perf-ring.ts'
import type { OnRawPerfRecord } from './ring-view.ts'

const COUNT_MAX = 0x3fff_ffff

export class RawPerfBuffer implements Disposable {
  /** readable when any CPU's ring asks to be read */
  readonly fd: number
  readonly name: string
  readonly #map: BpfMap
  readonly #opened: OpenedPerfRings
  readonly #rings: readonly PerfRing[]
  readonly #onRecord: OnRawPerfRecord
  #draining = false
  #closed = false

  /**
   * Opens an event for each CPU and enters it into `map`, which stays the caller's to close: programs read counters there, and write
   * to the rings of events of PERF_COUNT_SW_BPF_OUTPUT.
   * @throws SyscallError; BeetraceError `MAP_USE` for another map
   */
  static open(
    map: BpfMap,
    attr: PerfEventAttr,
    onRecord: OnRawPerfRecord,
    options: Omit<PerfRingsOptions, 'overwritable'> = {},
  ): RawPerfBuffer {
    return new RawPerfBuffer(map, openPerfRings(map, attr, options), onRecord)
  }

  private constructor(map: BpfMap, opened: OpenedPerfRings, onRecord: OnRawPerfRecord) {
    this.name = map.name
    this.fd = opened.epollFd
    this.#map = map
    this.#opened = opened
    this.#rings = opened.rings.map(ring => new PerfRing(ring.fd, ring.cpu, ring.map, ring.dataBytes, false))
    this.#onRecord = onRecord
  }

  /** Hands over the records that are there, CPU by CPU, `max` of them at most; how many it were. */
  drain(max = COUNT_MAX): number {
    if (this.#closed || this.#draining) return 0
    this.#draining = true
    let count = 0
    try {
      for (const ring of this.#rings) {
        ring.refresh()
        count += ring.handOverRaw(max - count, this.#onRecord)
      }
      return count
    } finally {
      this.#draining = false
      for (const ring of this.#rings) ring.publish()
      if (this.#closed) this.#release()
    }
  }

  isEmpty(): boolean {
    return this.#closed || this.#rings.every(ring => ring.isEmpty())
  }

  /** As of `PerfBuffer`. */
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

  #release(): void {
    for (const ring of this.#rings) ring.forget()
    closePerfRings(this.#map, this.#opened)
  }
}
