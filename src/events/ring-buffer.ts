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
  BPF_MAP_TYPE_RINGBUF,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
  LITTLE_ENDIAN,
  type MemoryMap,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
} from '../sys/index.ts'
import type { OnRecord } from './ring-view.ts'

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
const STRONG_LOADS = process.arch === 'x64'

export class RingBuffer implements Disposable {
  /** what to watch for readability; the map's own descriptor */
  readonly fd: number
  readonly name: string
  /** of the data, bytes */
  readonly sizeBytes: number
  readonly #onRecord: OnRecord
  readonly #control: MemoryMap
  readonly #view: { u8: Uint8Array; u32: Uint32Array; i32: Int32Array; data: DataView }
  readonly #dataOffset: number
  /** the page before the data, and of the data as much as records reached */
  #data: MemoryMap
  #mappedBytes: number
  /** the whole consumer position, as published last */
  #published: bigint
  /** low 32 bits of what has been read */
  #position: number
  #consumer: BigInt64Array
  #producer: Int32Array
  #draining = false
  #closed = false

  /** Maps the ring of `map`, which stays the caller's to close. Throws SyscallError. */
  static open(map: BpfMap, onRecord: OnRecord): RingBuffer {
    if (map.type !== BPF_MAP_TYPE_RINGBUF) {
      throw new BeetraceError('MAP_USE', `map "${map.name}" is not a ring buffer`)
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
    this.#view = viewOf(buffer)
    this.#consumer = new BigInt64Array(this.#control.buffer, 0, 1)
    this.#producer = new Int32Array(buffer, LOW_WORD * 4, 1)
    this.#published = Atomics.load(this.#consumer, 0)
    this.#position = Number(BigInt.asIntN(32, this.#published))
  }

  /**
   * Hands over the records that are there, `max` of them at most; how many it were. Stops before a record that is
   * still being written. What the callback throws comes out of here, with that record taken.
   */
  drain(max = Number.POSITIVE_INFINITY): number {
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

  /** Bytes between consumer and producer: how full the ring is. */
  pendingBytes(): number {
    return this.#closed ? 0 : (Atomics.load(this.#producer, 0) - this.#position) >>> 0
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
    if (!this.#draining) this.#release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #drain(max: number): number {
    const view = this.#view
    let headers = view.i32
    const onRecord = this.#onRecord
    const dataOffset = this.#dataOffset
    const mask = this.sizeBytes - 1
    // publishing costs a BigInt: done each quarter of the ring, so that the producer gets room while we read
    const quarter = this.sizeBytes >>> 2
    let position = this.#position
    let lastPublished = position
    let count = 0
    let producer = Atomics.load(this.#producer, 0)
    for (;;) {
      while (position !== producer) {
        if (count >= max) return count
        const at = dataOffset + (position & mask)
        if (at + BPF_RINGBUF_HDR_SZ > this.#mappedBytes) headers = this.#reach(at + BPF_RINGBUF_HDR_SZ)
        const header = STRONG_LOADS ? headers[at >>> 2]! : Atomics.load(headers, at >>> 2)
        if (header < 0) return count // busy: whoever looks again later finds it committed
        const length = header & LENGTH_MASK
        const end = at + BPF_RINGBUF_HDR_SZ + length
        if (end > this.#mappedBytes) headers = this.#reach(end)
        position = (position + ((length + BPF_RINGBUF_HDR_SZ + 7) & ~7)) | 0
        this.#position = position
        if ((header & BPF_RINGBUF_DISCARD_BIT) === 0) {
          count++
          onRecord(view, at + BPF_RINGBUF_HDR_SZ, length)
          if (this.#closed) return count
        }
        if (((position - lastPublished) | 0) >= quarter) {
          this.#publish()
          lastPublished = position
        }
      }
      // the kernel wakes a consumer only when it has caught up: so publish first (a full barrier), then look again
      this.#publish()
      lastPublished = position
      producer = Atomics.load(this.#producer, 0)
      if (producer === position) return count
    }
  }

  /** Maps the data at least up to `endBytes` of the mapping; gives its words. */
  #reach(endBytes: number): Int32Array {
    const all = this.#dataOffset + 2 * this.sizeBytes
    const usual = Math.min(this.#dataOffset + this.sizeBytes + PAST_END_BYTES, all)
    const before = this.#data
    const mappedBytes = endBytes <= usual ? usual : all
    this.#data = this.#map(this.#dataOffset, mappedBytes, PROT_READ)
    this.#mappedBytes = mappedBytes
    const { buffer } = this.#data
    Object.assign(this.#view, viewOf(buffer))
    this.#producer = new Int32Array(buffer, LOW_WORD * 4, 1)
    before.unmap()
    return this.#view.i32
  }

  #map(offset: number, byteLength: number, prot: number): MemoryMap {
    return mapMemory(this.fd, offset, byteLength, prot, `map ring buffer "${this.name}"`)
  }

  #publish(): void {
    const step = (this.#position - Number(BigInt.asIntN(32, this.#published))) >>> 0
    if (step === 0) return
    this.#published += BigInt(step)
    Atomics.store(this.#consumer, 0, this.#published)
  }

  #release(): void {
    const none = new ArrayBuffer(0)
    this.#view.u8 = new Uint8Array(none)
    this.#view.u32 = new Uint32Array(none)
    this.#view.i32 = new Int32Array(none)
    this.#view.data = new DataView(none)
    this.#consumer = new BigInt64Array(none)
    this.#producer = new Int32Array(none)
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
