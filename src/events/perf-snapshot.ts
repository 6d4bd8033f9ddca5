// A perf buffer that keeps the newest records and is read when something has happened: a flight recorder. The kernel writes each
// CPU's ring backward (attr.write_backward, Linux 4.7), so that from its head on the records stand from the newest to the oldest:
//
//     head                        head of the last reading
//     | newest | … | oldest unread | read before | … | half a record, overwritten at its end
//
// Nothing is written while they are read.

import type { BpfMap } from '../map/index.ts'
import {
  LITTLE_ENDIAN,
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_RECORD_SAMPLE,
  PERF_SAMPLE_RAW,
  PERF_TYPE_SOFTWARE,
} from '../sys/index.ts'
import {
  closePerfRings,
  type OpenedPerfRing,
  type OpenedPerfRings,
  openPerfRings,
  type PerfRingsOptions,
  pausePerfRings,
} from './perf-open.ts'
import { type OnPerfRecord, type RingView, viewOfRing } from './ring-view.ts'

const HEAD_OFFSET = 1024
/** perf_event_header, and the size of the program's bytes */
const SAMPLE_HEADER_BYTES = 12

export class PerfSnapshot implements Disposable {
  readonly name: string
  readonly #map: BpfMap
  readonly #opened: OpenedPerfRings
  /** where each ring's head was when it was read last */
  readonly #heads: bigint[]
  #closed = false

  /**
   * Opens a ring for each CPU and enters it into `map`, which stays the caller's to close.
   * @throws SyscallError; BeetraceError `MAP_USE` for another map
   */
  static open(map: BpfMap, options: Omit<PerfRingsOptions, 'overwritable'> = {}): PerfSnapshot {
    const attr = {
      ...{ type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_BPF_OUTPUT, samplePeriod: 1 },
      ...{ sampleType: PERF_SAMPLE_RAW, writeBackward: true, wakeupEvents: 1 },
    }
    return new PerfSnapshot(map, openPerfRings(map, attr, { ...options, overwritable: true }))
  }

  private constructor(map: BpfMap, opened: OpenedPerfRings) {
    this.name = map.name
    this.#map = map
    this.#opened = opened
    this.#heads = opened.rings.map(() => 0n)
  }

  /**
   * Hands over the newest records that were not read before, as many as each ring has, CPU by CPU, the oldest first; how many it
   * were. What programs send meanwhile is gone.
   */
  read(onRecord: OnPerfRecord): number {
    if (this.#closed) return 0
    const { rings } = this.#opened
    pausePerfRings(this.name, rings, true)
    try {
      let count = 0
      for (const [i, ring] of rings.entries()) {
        const found = samplesOf(ring, this.#heads[i]!)
        this.#heads[i] = found.head
        for (const { view, offset, byteLength } of found.samples.reverse())
          onRecord(view, offset, byteLength, ring.cpu)
        count += found.samples.length
      }
      return count
    } finally {
      pausePerfRings(this.name, rings, false)
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Not from the callback of `read`. Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closePerfRings(this.#map, this.#opened)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export interface SnapshotSample {
  readonly view: RingView
  /** of the program's bytes */
  readonly offset: number
  readonly byteLength: number
}

/**
 * Copies of the samples since `lastHead`, the newest first, of a ring that nobody writes to.
 * @param lastHead where the head was before; 0n at first. Heads fall
 */
export function samplesOf(
  { map: { buffer }, dataBytes }: Pick<OpenedPerfRing, 'map' | 'dataBytes'>,
  lastHead: bigint,
): { readonly head: bigint; readonly samples: SnapshotSample[] } {
  const dataOffset = buffer.byteLength - dataBytes
  const data = new Uint8Array(buffer, dataOffset)
  const head = BigInt.asIntN(64, Atomics.load(new BigUint64Array(buffer, HEAD_OFFSET, 1), 0))
  const start = Number(BigInt.asUintN(32, head)) & (dataBytes - 1)
  // in one piece and of our own: what is handed over stays good when the kernel goes on
  const bytes = new Uint8Array(dataBytes)
  bytes.set(data.subarray(start))
  bytes.set(data.subarray(0, start), dataBytes - start)
  const view = viewOfRing(bytes.buffer)
  const fresh = lastHead - head
  const end = fresh < BigInt(dataBytes) ? Number(fresh) : dataBytes
  const samples: SnapshotSample[] = []
  for (let at = 0; at + 8 <= end; ) {
    const size = view.data.getUint16(at + 6, LITTLE_ENDIAN)
    // nothing was written there yet, or the record's end was overwritten
    if (size < 8 || at + size > end) break
    if (view.u32[at >>> 2] === PERF_RECORD_SAMPLE && size >= SAMPLE_HEADER_BYTES) {
      const byteLength = Math.min(view.u32[(at >>> 2) + 2]!, size - SAMPLE_HEADER_BYTES)
      samples.push({ view, offset: at + SAMPLE_HEADER_BYTES, byteLength })
    }
    at += size
  }
  return { head, samples }
}
