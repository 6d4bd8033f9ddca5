// The consumer of a ring buffer made with BPF_F_RB_OVERWRITE (Linux 6.19), which never refuses a record: the oldest give way, read
// or not. It lies in memory as other ring buffers do (ring-buffer.ts), with one more position behind the producer's:
//
//     page            producer position, u64
//     page + 8        where records are still being written, u64
//     page + 16       overwrite position, u64: records before it are gone
//
// The kernel moves the overwrite position before it writes over a record, and does not ask how far we are. So a record is copied
// first, and it counts when that position has not passed it meanwhile.

import { BeetraceError } from '../errors/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  BPF_F_RB_OVERWRITE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
  LITTLE_ENDIAN,
  type MemoryMap,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
} from '../sys/index.ts'
import { type OnRecord, type RingView, viewOfRing } from './ring-view.ts'

const LENGTH_MASK = 0x3fff_ffff
const LOW_WORD = LITTLE_ENDIAN ? 0 : 1
const OVERWRITE_OFFSET = 16
const RING_BYTES_MAX = 1 << 30

export interface OverwritingRingMemory {
  /** a page: the consumer position */
  readonly control: MemoryMap
  /** a page with the other positions, and the data twice */
  readonly data: MemoryMap
  /** of the page before the data */
  readonly pageBytes: number
}

export class OverwritingRing implements Disposable {
  /** what to watch for readability; the map's own descriptor */
  readonly fd: number
  readonly name: string
  /** of the data, bytes */
  readonly sizeBytes: number
  readonly #onRecord: OnRecord
  readonly #memory: OverwritingRingMemory
  #view: RingView
  /** where records are copied to before they are looked at */
  #copy: RingView
  #consumer: BigInt64Array
  #producer: Int32Array
  #overwritten: Int32Array
  #published: bigint
  /** low 32 bits of what has been read */
  #position: number
  #lostBytes = 0
  #draining = false
  #closed = false

  /** Maps the ring of `map`, which stays the caller's to close. Throws SyscallError; BeetraceError `MAP_USE` for another map. */
  static open(map: BpfMap, onRecord: OnRecord): OverwritingRing {
    if (map.type !== BPF_MAP_TYPE_RINGBUF || (map.flags & BPF_F_RB_OVERWRITE) === 0)
      throw new BeetraceError('MAP_USE', `map "${map.name}" is no ring buffer made with BPF_F_RB_OVERWRITE`)
    if (map.maxEntries > RING_BYTES_MAX)
      throw new BeetraceError('MAP_USE', `ring "${map.name}" is larger than 1 GiB: make it smaller`)
    const pageBytes = pageSizeBytes()
    const action = `map ring buffer "${map.name}"`
    const control = mapMemory(map.fd, 0, pageBytes, PROT_READ | PROT_WRITE, action)
    try {
      const data = mapMemory(map.fd, pageBytes, pageBytes + 2 * map.maxEntries, PROT_READ, action)
      return new OverwritingRing(map, { control, data, pageBytes }, onRecord)
    } catch (error) {
      control.unmap()
      throw error
    }
  }

  /** Takes over the mappings. */
  constructor(
    map: { readonly fd: number; readonly name: string; readonly maxEntries: number },
    memory: OverwritingRingMemory,
    onRecord: OnRecord,
  ) {
    this.fd = map.fd
    this.name = map.name
    this.sizeBytes = map.maxEntries
    this.#memory = memory
    this.#onRecord = onRecord
    const { buffer } = memory.data
    this.#view = viewOfRing(buffer)
    this.#copy = viewOfRing(new ArrayBuffer(Math.min(map.maxEntries, FIRST_COPY_BYTES)))
    this.#consumer = new BigInt64Array(memory.control.buffer, 0, 1)
    this.#producer = new Int32Array(buffer, LOW_WORD * 4, 1)
    this.#overwritten = new Int32Array(buffer, OVERWRITE_OFFSET + LOW_WORD * 4, 1)
    this.#published = Atomics.load(this.#consumer, 0)
    this.#position = Number(BigInt.asIntN(32, this.#published))
  }

  /**
   * Hands over copies of the records that are there now, `max` of them at most; how many it were. Stops before a record that is
   * still being written.
   */
  drain(max = Number.MAX_SAFE_INTEGER): number {
    if (this.#closed || this.#draining) return 0
    this.#draining = true
    try {
      return this.#drain(max)
    } finally {
      this.#draining = false
      this.#publish()
      if (this.#closed) this.#release()
    }
  }

  /** Whether nothing is left to read; false also when the next record is still being written. */
  isEmpty(): boolean {
    return this.#closed || Atomics.load(this.#producer, 0) === this.#position
  }

  /** Bytes that are there to be read. */
  pendingBytes(): number {
    if (this.#closed) return 0
    return (Atomics.load(this.#producer, 0) - later(this.#position, Atomics.load(this.#overwritten, 0))) >>> 0
  }

  /** How full the ring is of what has not been read, 0 to 1. */
  level(): number {
    return this.pendingBytes() / this.sizeBytes
  }

  /** Bytes of records, with their headers, that were overwritten before they were read, as far as the ring was read. */
  lostBytes(): number {
    return this.#lostBytes
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Unmaps the ring (after the record at hand, when called from its callback). Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#draining) this.#release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #drain(max: number): number {
    const end = Atomics.load(this.#producer, 0)
    let count = 0
    while (count < max) {
      this.#skipLost()
      // what came after is for the next time: a producer that is quicker than we are is not followed for ever
      if (((this.#position - end) | 0) >= 0) break
      const at = this.#memory.pageBytes + (this.#position & (this.sizeBytes - 1))
      const header = Atomics.load(this.#view.i32, at >>> 2)
      const length = header & LENGTH_MASK
      // the header itself may be a new record's already, then these mean nothing
      if (this.#isOverwritten()) continue
      if (header < 0) break
      this.#copyOut(at + BPF_RINGBUF_HDR_SZ, length)
      if (this.#isOverwritten()) continue
      // before the callback, so that a record whose callback throws is not met again
      this.#position = (this.#position + ((length + BPF_RINGBUF_HDR_SZ + 7) & ~7)) | 0
      if ((header & BPF_RINGBUF_DISCARD_BIT) !== 0) continue
      count++
      this.#onRecord(this.#copy, 0, length)
      if (this.#closed) break
    }
    return count
  }

  #isOverwritten(): boolean {
    return ((Atomics.load(this.#overwritten, 0) - this.#position) | 0) > 0
  }

  #skipLost(): void {
    const first = later(this.#position, Atomics.load(this.#overwritten, 0))
    this.#lostBytes += (first - this.#position) >>> 0
    this.#position = first
  }

  #copyOut(from: number, length: number): void {
    if (length > this.#copy.u8.length)
      this.#copy = viewOfRing(new ArrayBuffer(Math.min(this.sizeBytes, 2 ** Math.ceil(Math.log2(length)))))
    this.#copy.u8.set(this.#view.u8.subarray(from, from + length))
  }

  /** Tells the kernel how far we are: whoever has caught up is woken by the next record. */
  #publish(): void {
    const step = (this.#position - Number(BigInt.asIntN(32, this.#published))) >>> 0
    if (step === 0) return
    this.#published += BigInt(step)
    Atomics.store(this.#consumer, 0, this.#published)
  }

  #release(): void {
    const none = new ArrayBuffer(0)
    this.#view = this.#copy = viewOfRing(none)
    this.#consumer = new BigInt64Array(none)
    this.#producer = this.#overwritten = new Int32Array(none)
    this.#memory.control.unmap()
    this.#memory.data.unmap()
  }
}

/** grows when a longer record comes */
const FIRST_COPY_BYTES = 4096

/** Of two positions in their low 32 bits. */
const later = (a: number, b: number): number => (((b - a) | 0) > 0 ? b : a)
