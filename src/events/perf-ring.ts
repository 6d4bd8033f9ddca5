// The ring of one CPU in a perf buffer, in place over its mapping (include/uapi/linux/perf_event.h, perf_event_mmap_page):
//
//     1024  data_head, u64: where the kernel writes next       page   data, 2^n pages
//     1032  data_tail, u64: what has been read, ours
//
// Positions only grow; a record stands at position mod size, its header of 8 bytes never in two pieces, the rest perhaps:
//
//     0 type u32  4 misc u16  6 size u16    SAMPLE: 8 [time u64]  raw size u32, the program's bytes, padding to 8
//                                           LOST:   8 id u64  16 lost u64

import { LITTLE_ENDIAN, type MemoryMap, PERF_RECORD_LOST, PERF_RECORD_SAMPLE } from '../sys/index.ts'
import type { OnPerfRecord, OnRawPerfRecord, RingView } from './ring-view.ts'

const HEAD_OFFSET = 1024
const TAIL_OFFSET = 1032
const LOW_WORD = LITTLE_ENDIAN ? 0 : 1
/** of the size in the second word of a record */
const SIZE_SHIFT = LITTLE_ENDIAN ? 16 : 0
/** a record's size is a u16 */
const RECORD_BYTES_MAX = 1 << 16

type Views = { u8: Uint8Array; u32: Uint32Array; i32: Int32Array; data: DataView }

const viewsOf = (buffer: ArrayBuffer): Views => ({
  u8: new Uint8Array(buffer),
  u32: new Uint32Array(buffer),
  i32: new Int32Array(buffer),
  data: new DataView(buffer),
})

/** A record made contiguous, for one that goes on at the start of its ring; shared, as one is read at a time. */
let scratch: Views | undefined

/** What `peek` has found: the record stands in `view` from `offset` on. */
export interface PerfRecord {
  view: RingView
  /** of the program's bytes, a multiple of 4 */
  offset: number
  /** of the program's bytes with the kernel's padding, which makes it 4 more than a multiple of 8 */
  byteLength: number
  /** CLOCK_MONOTONIC, ns; 0 for a ring without times */
  timeNs: number
}

export class PerfRing {
  readonly fd: number
  readonly cpu: number
  readonly #map: MemoryMap
  readonly #view: Views
  readonly #dataOffset: number
  readonly #mask: number
  readonly #headerBytes: number
  readonly #head: Int32Array
  readonly #tail: BigInt64Array
  #published: bigint
  /** its low 32 bits */
  #publishedLow: number
  /** low 32 bits of what has been read, and of where what `refresh` saw ends */
  #position: number
  #end: number
  /** size of the record `peek` found */
  #peeked = 0
  /** what `stop` tells the loop over records */
  readonly #reading = { ended: false }
  lostCount = 0

  /** Reads the mapping of `fd`, both the caller's to let go: one page and `dataBytes` (a power of two) of data. */
  constructor(fd: number, cpu: number, map: MemoryMap, dataBytes: number, withTime: boolean) {
    this.fd = fd
    this.cpu = cpu
    this.#map = map
    this.#view = viewsOf(map.buffer)
    this.#dataOffset = map.buffer.byteLength - dataBytes
    this.#mask = dataBytes - 1
    this.#headerBytes = withTime ? 16 : 8
    this.#head = new Int32Array(map.buffer, HEAD_OFFSET + LOW_WORD * 4, 1)
    this.#tail = new BigInt64Array(map.buffer, TAIL_OFFSET, 1)
    this.#published = Atomics.load(this.#tail, 0)
    this.#position = Number(BigInt.asIntN(32, this.#published))
    this.#publishedLow = this.#position
    this.#end = this.#position
  }

  /** Looks how far the kernel has written. */
  refresh(): void {
    this.#end = Atomics.load(this.#head, 0)
  }

  isEmpty(): boolean {
    return Atomics.load(this.#head, 0) === this.#position
  }

  /**
   * Finds the next sample among what `refresh` saw, without taking it; counts and takes what is no sample. False when there is
   * none.
   */
  peek(record: PerfRecord): boolean {
    while (this.#position !== this.#end) {
      const at = this.#dataOffset + (this.#position & this.#mask)
      const type = this.#view.u32[at >>> 2]!
      const size = this.#view.data.getUint16(at + 6, LITTLE_ENDIAN)
      // the kernel never writes such a record: a ring that was damaged is not walked forever
      if (size < 8) throw new RangeError(`a record of ${size} bytes in the perf buffer of CPU ${this.cpu}`)
      if (type === PERF_RECORD_SAMPLE) {
        this.#peeked = size
        this.#locate(at, size, record)
        return true
      }
      if (type === PERF_RECORD_LOST) this.lostCount += this.#lostAt(at, size)
      this.#position = (this.#position + size) | 0
    }
    return false
  }

  /**
   * Hands over samples among what `refresh` saw, `max` at most, as long as nothing else comes: a loss, or a sample in two
   * pieces, is for `peek`. A quarter of the ring at most, so that the producer gets room between two calls. All that is needed for
   * each record is a local variable here: fields, and what a module declares, would be loaded and checked each time.
   */
  handOver(max: number, onRecord: OnPerfRecord): number {
    const view = this.#view
    const { cpu } = this
    const reading = this.#reading
    const dataOffset = this.#dataOffset
    const mask = this.#mask
    const headerBytes = this.#headerBytes
    const words = view.u32
    const sample = PERF_RECORD_SAMPLE
    const sizeShift = SIZE_SHIFT
    const first = dataOffset + (this.#position & mask)
    const ringEnd = dataOffset + mask + 1
    const pending = (this.#end - this.#position) >>> 0
    const end = Math.min(first + Math.min(pending, (mask + 1) >>> 2), ringEnd)
    let next = first
    let count = 0
    try {
      while (next < end && count < max) {
        const at = next
        const size = (words[(at >>> 2) + 1]! >>> sizeShift) & 0xffff
        if (words[at >>> 2] !== sample || size < 8 || at + size > ringEnd) break
        // before the callback, so that a record whose callback throws is not met again
        next = at + size
        count++
        const header = at + headerBytes
        onRecord(view, header + 4, words[header >>> 2]!, cpu)
        if (reading.ended === true) break
      }
    } finally {
      this.#position = (this.#position + next - first) | 0
    }
    return count
  }

  /** Hands over whatever comes, header and all, among what `refresh` saw, `max` at most. */
  handOverRaw(max: number, onRecord: OnRawPerfRecord): number {
    let count = 0
    while (count < max && this.#position !== this.#end && !this.#reading.ended) {
      const at = this.#dataOffset + (this.#position & this.#mask)
      const size = this.#view.data.getUint16(at + 6, LITTLE_ENDIAN)
      if (size < 8) throw new RangeError(`a record of ${size} bytes in the perf buffer of CPU ${this.cpu}`)
      const { view, start } = this.#contiguous(at, size)
      this.#position = (this.#position + size) | 0
      count++
      onRecord(view, start, size, this.cpu)
      if (this.unpublishedBytes >= this.dataBytes >>> 2) this.publish()
    }
    return count
  }

  /** Ends `handOver` after the record at hand. */
  stop(): void {
    this.#reading.ended = true
  }

  /** Takes the record that `peek` found. Its bytes stay valid until `publish`. */
  take(): void {
    this.#position = (this.#position + this.#peeked) | 0
  }

  /** Gives the room of all that was taken back to the kernel. */
  publish(): void {
    const step = this.unpublishedBytes
    if (step === 0) return
    this.#published += BigInt(step)
    this.#publishedLow = this.#position
    Atomics.store(this.#tail, 0, this.#published)
  }

  /** bytes taken since `publish` */
  get unpublishedBytes(): number {
    return (this.#position - this.#publishedLow) >>> 0
  }

  get dataBytes(): number {
    return this.#mask + 1
  }

  /** Drops the views, so that the mapping can be undone. */
  forget(): void {
    Object.assign(this.#view, viewsOf(new ArrayBuffer(0)))
  }

  /** written and not read yet */
  pendingBytes(): number {
    return (Atomics.load(this.#head, 0) - this.#position) >>> 0
  }

  #locate(at: number, size: number, record: PerfRecord): void {
    const { view, start } = this.#contiguous(at, size)
    const header = start + this.#headerBytes
    record.view = view
    record.offset = header + 4
    record.byteLength = view.u32[header >>> 2]!
    record.timeNs =
      this.#headerBytes === 16
        ? view.u32[(start >>> 2) + 3 - LOW_WORD]! * 2 ** 32 + view.u32[(start >>> 2) + 2 + LOW_WORD]!
        : 0
  }

  #lostAt(at: number, size: number): number {
    const { view, start } = this.#contiguous(at, size)
    return view.u32[(start >>> 2) + 4 + LOW_WORD]! + view.u32[(start >>> 2) + 5 - LOW_WORD]! * 2 ** 32
  }

  /** The record in one piece: where it lies, or copied when it goes on at the start of the ring. */
  #contiguous(at: number, size: number): { view: Views; start: number } {
    const { byteLength } = this.#map.buffer
    if (at + size <= byteLength) return { view: this.#view, start: at }
    scratch ??= viewsOf(new ArrayBuffer(RECORD_BYTES_MAX))
    const first = byteLength - at
    scratch.u8.set(this.#view.u8.subarray(at, byteLength), 0)
    scratch.u8.set(this.#view.u8.subarray(this.#dataOffset, this.#dataOffset + size - first), first)
    return { view: scratch, start: 0 }
  }
}
