// The consumer of a BPF_MAP_TYPE_RINGBUF, in place over its mapping (kernel/bpf/ringbuf.c):
//
//     file offset     what
//     0               consumer position, u64, a page, writable
//     page            producer position, u64, a page, read-only
//     2 * page        data, `size` bytes
//     2 * page + size the same data again
//
// Positions only grow; a record stands at position mod size: a header of 8 bytes, its payload, padding to 8.
//
//     header   bits 0-29 payload length   30 discarded   31 busy (reserved, not committed yet)

import { BeetraceError } from '../errors/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  BPF_F_RB_OVERWRITE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_RINGBUF_HDR_SZ,
  LITTLE_ENDIAN,
  type MemoryMap,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
} from '../sys/index.ts'
import type { OnRecord } from './ring-view.ts'

/** More records than a ring holds; a small integer, as compiled code likes them. */
const COUNT_MAX = 0x3fff_ffff
const LENGTH_MASK = 0x3fff_ffff
/** Positions are compared in their low 32 bits: exact while a ring is smaller than 2 GiB. */
const RING_BYTES_MAX = 1 << 30
const LOW_WORD = LITTLE_ENDIAN ? 0 : 1

/**
 * Of a large ring only the beginning is mapped at first, then all of it, and what lies behind it once more only as far
 * as records reach that pass the end. The kernel counts each mapping of a page as memory of ours, and makes them all in
 * one go, during which its processor does nothing else. V8 counts what an ArrayBuffer shows as its own memory, too, and
 * collects garbage over 32 MiB of it: a fifth of the CPU time of a short run.
 */
const FIRST_BYTES = 1 << 20
const PAST_END_BYTES = 64 << 10

/**
 * On x86 a plain load is as ordered as the kernel's release of the header needs; elsewhere it must be an acquiring
 * one. (8 against 14 ns a record.)
 */
const PLAIN_LOADS = process.arch === 'x64'

const NOTHING = new ArrayBuffer(0)

export interface RingPositions {
  readonly consumer: bigint
  readonly producer: bigint
}

export class RingBuffer implements Disposable {
  /** what to watch for readability; the map's own descriptor */
  readonly fd: number
  readonly name: string
  /** of the data, bytes */
  readonly sizeBytes: number
  readonly #onRecord: OnRecord
  readonly #control: MemoryMap
  readonly #view = viewOf(NOTHING)
  readonly #dataOffset: number
  /** the page before the data, and of the data as much as records reached */
  #data: MemoryMap
  #mappedBytes = 0
  /** the whole consumer position, as published last */
  #published: bigint
  /** its low 32 bits */
  #publishedLow: number
  /** low 32 bits of what has been read */
  #position: number
  #consumer: BigInt64Array
  #producer: Int32Array
  /** what `close` tells the loop over records */
  readonly #reading = { ended: false }
  #draining = false
  #closed = false

  /** Maps the ring of `map`, which stays the caller's to close. Throws SyscallError. */
  static open(map: BpfMap, onRecord: OnRecord): RingBuffer {
    if (map.type !== BPF_MAP_TYPE_RINGBUF) {
      throw new BeetraceError('MAP_USE', `map "${map.name}" is not a ring buffer`)
    }
    if ((map.flags & BPF_F_RB_OVERWRITE) !== 0) {
      throw new BeetraceError(
        'MAP_USE',
        `ring "${map.name}" overwrites its records: read it by an OverwritingRing, or openRing`,
      )
    }
    if (map.maxEntries > RING_BYTES_MAX) {
      throw new BeetraceError('MAP_USE', `ring "${map.name}" is larger than 1 GiB: make it smaller`)
    }
    return new RingBuffer(map, onRecord)
  }

  private constructor(map: BpfMap, onRecord: OnRecord) {
    this.fd = map.fd
    this.name = map.name
    this.sizeBytes = map.maxEntries
    this.#onRecord = onRecord
    this.#dataOffset = pageSizeBytes()
    this.#control = this.#map(0, this.#dataOffset, PROT_READ | PROT_WRITE)
    try {
      this.#mappedBytes = this.#dataOffset + Math.min(2 * map.maxEntries, FIRST_BYTES)
      this.#data = this.#map(this.#dataOffset, this.#mappedBytes, PROT_READ)
    } catch (error) {
      this.#control.unmap()
      throw error
    }
    const { buffer } = this.#data
    this.#show(buffer)
    this.#consumer = new BigInt64Array(this.#control.buffer, 0, 1)
    this.#producer = new Int32Array(buffer, LOW_WORD * 4, 1)
    this.#published = Atomics.load(this.#consumer, 0)
    this.#position = Number(BigInt.asIntN(32, this.#published))
    this.#publishedLow = this.#position
  }

  /**
   * Hands over the records that are there, `max` of them at most; how many it were. Stops before a record that is
   * still being written. What the callback throws comes out of here, with that record taken.
   */
  drain(max = COUNT_MAX): number {
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

  /** Bytes between consumer and producer: how full the ring is. During `drain`, what was handed over last may still count. */
  pendingBytes(): number {
    return this.#closed ? 0 : (Atomics.load(this.#producer, 0) - this.#position) >>> 0
  }

  /** How far the ring was read and written, bytes since it was made. */
  positions(): RingPositions {
    if (this.#closed) throw new BeetraceError('CLOSED', `ring buffer "${this.name}" is closed`)
    const consumer = this.#published + BigInt((this.#position - this.#publishedLow) >>> 0)
    return { consumer, producer: consumer + BigInt(this.pendingBytes()) }
  }

  /** How full the ring is, 0 to 1. */
  level(): number {
    return this.pendingBytes() / this.sizeBytes
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Unmaps the ring (after the record at hand, when called from its callback). Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#reading.ended = true
    if (!this.#draining) this.#release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #drain(max: number): number {
    const mask = this.sizeBytes - 1
    let count = 0
    while (count < max) {
      // the kernel wakes a consumer only when it has caught up: so publish first (a full barrier), then look again
      this.#publish()
      const pending = (Atomics.load(this.#producer, 0) - this.#position) >>> 0
      if (pending === 0) break
      // a quarter of the ring at most, so that the producer gets room while we read, and not past the ring's end
      const at = this.#position & mask
      const byteLength = Math.min(pending, this.sizeBytes >>> 2, this.sizeBytes - at)
      if (this.#dataOffset + at + byteLength > this.#mappedBytes) {
        this.#reach(this.#dataOffset + at + byteLength)
      }
      const end = (this.#position + byteLength) | 0
      count += this.#handOver(byteLength, max - count)
      if (this.#closed || (((this.#position - end) | 0) < 0 && !this.#reachNext())) break
    }
    return count
  }

  /** Maps the next record whole, if it is one that passes the ring's end by much. False when nothing was missing. */
  #reachNext(): boolean {
    const at = this.#dataOffset + (this.#position & (this.sizeBytes - 1))
    const header = Atomics.load(this.#view.i32, at >>> 2)
    const end = at + BPF_RINGBUF_HDR_SZ + (header & LENGTH_MASK)
    if (header < 0 || end <= this.#mappedBytes) return false
    this.#reach(end)
    return true
  }

  /**
   * Hands over the records that start in the next `byteLength` bytes, which do not pass the ring's end. Stops before that after
   * `max` records, at one that is still being written or not mapped to its end, and when closed. All that is needed for each
   * record is a local variable here: fields, private ones and what a module declares alike, would be loaded and checked each time.
   */
  #handOver(byteLength: number, max: number): number {
    const view = this.#view
    const onRecord = this.#onRecord
    const reading = this.#reading
    const headers = view.i32
    const mappedBytes = this.#mappedBytes
    const plainLoads = PLAIN_LOADS
    const first = this.#dataOffset + (this.#position & (this.sizeBytes - 1))
    const end = first + byteLength
    let next = first
    let count = 0
    try {
      while (next < end && count < max) {
        const header = plainLoads ? headers[next >>> 2]! : Atomics.load(headers, next >>> 2)
        if (header < 0) break // busy: whoever looks again later finds it committed
        const length = header & 0x3fff_ffff
        const start = next + 8
        if (start + length > mappedBytes) break
        // before the callback, so that a record whose callback throws is not met again
        next = start + ((length + 7) & ~7)
        // the bit of a discarded one
        if (header >= 0x4000_0000) continue
        count++
        onRecord(view, start, length)
        if (reading.ended === true) break
      }
    } finally {
      this.#position = (this.#position + next - first) | 0
    }
    return count
  }

  /** Maps the data at least up to `endBytes` of the mapping. */
  #reach(endBytes: number): void {
    const all = this.#dataOffset + 2 * this.sizeBytes
    const usual = Math.min(this.#dataOffset + this.sizeBytes + PAST_END_BYTES, all)
    const before = this.#data
    const mappedBytes = endBytes <= usual ? usual : all
    this.#data = this.#map(this.#dataOffset, mappedBytes, PROT_READ)
    this.#mappedBytes = mappedBytes
    const { buffer } = this.#data
    this.#show(buffer)
    this.#producer = new Int32Array(buffer, LOW_WORD * 4, 1)
    before.unmap()
  }

  /**
   * The object stays the same one: compiled code has seen it. It has also seen its fields change, as they do from the beginning:
   * V8 throws code away when a field that it took for a constant changes.
   */
  #show(buffer: ArrayBuffer): void {
    const { u8, u32, i32, data } = viewOf(buffer)
    this.#view.u8 = u8
    this.#view.u32 = u32
    this.#view.i32 = i32
    this.#view.data = data
  }

  #map(offset: number, byteLength: number, prot: number): MemoryMap {
    return mapMemory(this.fd, offset, byteLength, prot, `map ring buffer "${this.name}"`)
  }

  #publish(): void {
    const step = (this.#position - this.#publishedLow) >>> 0
    if (step === 0) return
    this.#published += BigInt(step)
    this.#publishedLow = this.#position
    Atomics.store(this.#consumer, 0, this.#published)
  }

  #release(): void {
    this.#show(NOTHING)
    this.#consumer = new BigInt64Array(NOTHING)
    this.#producer = new Int32Array(NOTHING)
    this.#control.unmap()
    this.#data.unmap()
  }
}

function viewOf(buffer: ArrayBuffer): { u8: Uint8Array; u32: Uint32Array; i32: Int32Array; data: DataView } {
  return {
    u8: new Uint8Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
    data: new DataView(buffer),
  }
}
