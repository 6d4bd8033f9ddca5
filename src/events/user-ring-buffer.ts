// The producer of a BPF_MAP_TYPE_USER_RINGBUF (Linux 6.1): records from this process to programs, which take them by
// bpf_user_ringbuf_drain. In place over its mapping (kernel/bpf/ringbuf.c):
//
//     file offset     what
//     0               consumer position, u64, a page, read-only
//     page            producer position, u64, a page, writable
//     2 * page        data, `size` bytes, writable
//     2 * page + size the same data again
//
// Records look as in a ring buffer: a header of 8 bytes with length, discard and busy bits, payload, padding to 8.

import { BeetraceError } from '../errors/index.ts'
import { pageSizeBytes } from '../kernel/index.ts'
import type { BpfMap } from '../map/index.ts'
import {
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_RINGBUF_BUSY_BIT,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
  checkSyscall,
  closeFd,
  EPOLLOUT,
  type EpollEvents,
  epollAdd,
  epollCreate,
  epollEvents,
  epollWait,
  LITTLE_ENDIAN,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
} from '../sys/index.ts'

/** Positions are compared in their low 32 bits: exact while a ring is smaller than 2 GiB. */
const RING_BYTES_MAX = 1 << 30
const LOW_WORD = LITTLE_ENDIAN ? 0 : 1

/** A record that was reserved: fill `bytes`, then submit or discard it. Programs wait behind it until then. */
export interface UserRecord {
  /** of the ring's own memory, `byteLength` bytes with whatever was there before; not to be written to after `submit` */
  readonly bytes: Uint8Array
  /** the same */
  readonly data: DataView
  submit(): void
  discard(): void
}

export class UserRingBuffer implements Disposable {
  readonly name: string
  /** of the data, bytes */
  readonly sizeBytes: number
  readonly #map: BpfMap
  readonly #data: ArrayBuffer
  /** the words of `#data` */
  readonly #words: Int32Array
  readonly #dataOffset: number
  /** low 32 bits: how far programs have read */
  readonly #consumer: Int32Array
  readonly #producer: BigInt64Array
  #position: bigint
  #poll: { readonly fd: number; readonly events: EpollEvents } | undefined
  #closed = false

  /**
   * Maps the ring of `map`, which stays the caller's to close. One producer a ring: there is no lock between two. The mapping
   * stays until the process ends, as records point into it.
   * @throws SyscallError; BeetraceError `MAP_USE` for another map
   */
  static open(map: BpfMap): UserRingBuffer {
    if (map.type !== BPF_MAP_TYPE_USER_RINGBUF)
      throw new BeetraceError('MAP_USE', `map "${map.name}" is not a user ring buffer`)
    if (map.maxEntries > RING_BYTES_MAX)
      throw new BeetraceError('MAP_USE', `ring "${map.name}" is larger than 1 GiB: make it smaller`)
    return new UserRingBuffer(map)
  }

  private constructor(map: BpfMap) {
    const page = pageSizeBytes()
    const action = `map user ring buffer "${map.name}"`
    this.#map = map
    this.name = map.name
    this.sizeBytes = map.maxEntries
    const consumer = mapMemory(map.fd, 0, page, PROT_READ, action)
    const data = mapMemory(map.fd, page, page + 2 * map.maxEntries, PROT_READ | PROT_WRITE, action)
    this.#dataOffset = page
    this.#data = data.buffer
    this.#words = new Int32Array(data.buffer)
    this.#consumer = new Int32Array(consumer.buffer, LOW_WORD * 4, 1)
    this.#producer = new BigInt64Array(data.buffer, 0, 1)
    this.#position = Atomics.load(this.#producer, 0)
  }

  /**
   * Takes room for a record; undefined while there is none.
   * @throws BeetraceError `MAP_USE` for a record that can never fit, `CLOSED`
   */
  reserve(byteLength: number): UserRecord | undefined {
    if (this.#closed) throw new BeetraceError('CLOSED', `user ring buffer "${this.name}" is closed`)
    const total = recordBytes(byteLength)
    if (!(byteLength >= 0 && total <= this.sizeBytes))
      throw new BeetraceError(
        'MAP_USE',
        `a record of ${byteLength} bytes does not fit user ring buffer "${this.name}" of ${this.sizeBytes}`,
      )
    if (this.freeBytes() < total) return undefined
    const at = this.#dataOffset + (Number(BigInt.asUintN(32, this.#position)) & (this.sizeBytes - 1))
    const header = at >>> 2
    this.#words[header] = byteLength | BPF_RINGBUF_BUSY_BIT
    this.#words[header + 1] = 0
    this.#position += BigInt(total)
    // a full barrier: who sees the position sees the header
    Atomics.store(this.#producer, 0, this.#position)
    let reserved = true
    const commit = (flags: number) => {
      if (!reserved) throw new BeetraceError('MAP_USE', 'this record was submitted or discarded before')
      reserved = false
      Atomics.store(this.#words, header, byteLength | flags)
    }
    const start = at + BPF_RINGBUF_HDR_SZ
    return {
      bytes: new Uint8Array(this.#data, start, byteLength),
      data: new DataView(this.#data, start, byteLength),
      submit: () => commit(0),
      discard: () => commit(BPF_RINGBUF_DISCARD_BIT),
    }
  }

  /**
   * As `reserve`, and waits for room: the event loop stands still meanwhile. Undefined after `timeoutMs` without room. Programs
   * wake whoever waits when they drain, unless they do it with BPF_RB_NO_WAKEUP.
   */
  reserveBlocking(byteLength: number, timeoutMs: number = Number.POSITIVE_INFINITY): UserRecord | undefined {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const record = this.reserve(byteLength)
      const leftMs = deadline - performance.now()
      if (record !== undefined || leftMs <= 0) return record
      const { fd, events } = (this.#poll ??= this.#watch())
      const ready = epollWait(fd, events, Math.ceil(Math.min(leftMs, WAIT_MS_MAX)))
      // ready says only that the ring is not quite full: the room for this record comes with a later drain
      if (ready > 0 && this.freeBytes() < recordBytes(byteLength)) Atomics.wait(SLEEP, 0, 0, 1)
    }
  }

  /** As `reserve`, and waits for room while the process goes on; looks every few milliseconds. Undefined after `timeoutMs`. */
  async reserveWhenFree(
    byteLength: number,
    { timeoutMs = Number.POSITIVE_INFINITY }: { readonly timeoutMs?: number } = {},
  ): Promise<UserRecord | undefined> {
    const deadline = performance.now() + timeoutMs
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const record = this.reserve(byteLength)
      const leftMs = deadline - performance.now()
      if (record !== undefined || leftMs <= 0) return record
      await new Promise(resolve => setTimeout(resolve, Math.min(pauseMs, leftMs)))
    }
  }

  /** Submits a copy of `bytes`; false while there is no room. Throws as `reserve` does. */
  write(bytes: Uint8Array): boolean {
    const record = this.reserve(bytes.length)
    record?.bytes.set(bytes)
    record?.submit()
    return record !== undefined
  }

  /** Room for records and their headers of 8 bytes. */
  freeBytes(): number {
    const pending = (Number(BigInt.asIntN(32, this.#position)) - Atomics.load(this.#consumer, 0)) >>> 0
    return this.sizeBytes - pending
  }

  get closed(): boolean {
    return this.#closed
  }

  /** No more records. One that is reserved can still be submitted. Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#poll !== undefined) closeFd(this.#poll.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #watch() {
    const action = `wait for room in user ring buffer "${this.name}"`
    const fd = checkSyscall(epollCreate(), 'epoll_create1', action)
    try {
      checkSyscall(epollAdd(fd, this.#map.fd, EPOLLOUT, 0), 'epoll_ctl', action)
      return { fd, events: epollEvents(1) }
    } catch (error) {
      closeFd(fd)
      throw error
    }
  }
}

/** Of one sleep in the kernel: a program that drains without waking is noticed after so long. */
const WAIT_MS_MAX = 100
const PAUSE_MS_MAX = 16
const SLEEP = new Int32Array(new SharedArrayBuffer(4))

const recordBytes = (byteLength: number): number => Math.ceil((byteLength + BPF_RINGBUF_HDR_SZ) / 8) * 8
