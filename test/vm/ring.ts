// A ring buffer: records in the order they were reserved, room given back when user space takes them.
// Follows kernel/bpf/ringbuf.c: a record takes its length plus a header of 8 bytes, rounded up to 8.
import type { MapSpec } from '../../src/spec/spec.ts'
import {
  BPF_RB_AVAIL_DATA,
  BPF_RB_CONS_POS,
  BPF_RB_FORCE_WAKEUP,
  BPF_RB_NO_WAKEUP,
  BPF_RB_PROD_POS,
  BPF_RB_RING_SIZE,
} from '../../src/sys/bpf-constants.generated.ts'
import { Fault } from './fault.ts'
import type { Memory, Region } from './memory.ts'

interface RingRecord {
  readonly region: Region
  readonly position: number
  state: 'reserved' | 'submitted' | 'discarded'
}

export class Ring {
  readonly #size: number
  readonly #name: string
  readonly #memory: Memory
  readonly #records: RingRecord[] = []
  #consumed = 0
  #produced = 0
  /** how often a reader waiting in epoll would have been woken */
  wakeups = 0

  constructor(spec: MapSpec, memory: Memory) {
    this.#size = spec.maxEntries
    this.#name = spec.name
    this.#memory = memory
  }

  /** Room for a record, filled with rubbish as in the kernel; undefined if the ring is full. */
  reserve(size: number): Region | undefined {
    const total = roomOf(size)
    if (this.#produced + total - this.#consumed > this.#size - 1) return undefined
    const region = this.#memory.add(`record of ring ${this.#name}`, new Uint8Array(size).fill(0xa5))
    this.#records.push({ region, position: this.#produced, state: 'reserved' })
    this.#produced += total
    return region
  }

  /** @throws Fault if no record was reserved at that address */
  commit(address: bigint, flags: bigint, state: 'submitted' | 'discarded'): void {
    const record = this.#records.find(
      ({ region, state: its }) => region.base === address && its === 'reserved',
    )
    if (record === undefined) throw new Fault(`0x${address.toString(16)} is no reserved record`)
    record.state = state
    this.#memory.remove(record.region)
    const wake = (flags & BigInt(BPF_RB_FORCE_WAKEUP)) !== 0n
    const quiet = (flags & BigInt(BPF_RB_NO_WAKEUP)) !== 0n
    if (wake || (!quiet && record.position === this.#consumed)) this.wakeups++
  }

  holds(address: bigint): boolean {
    return this.#records.some(({ region, state }) => region.base === address && state === 'reserved')
  }

  /** Whether a program ended with a record neither submitted nor discarded. */
  get reserved(): boolean {
    return this.#records.some(({ state }) => state === 'reserved')
  }

  query(what: number): bigint {
    switch (what) {
      case BPF_RB_AVAIL_DATA:
        return BigInt(this.#produced - this.#consumed)
      case BPF_RB_RING_SIZE:
        return BigInt(this.#size)
      case BPF_RB_CONS_POS:
        return BigInt(this.#consumed)
      case BPF_RB_PROD_POS:
        return BigInt(this.#produced)
      default:
        return 0n
    }
  }

  /** User space: takes every finished record up to the first that is still reserved. */
  drain(): Uint8Array[] {
    const taken: Uint8Array[] = []
    while (this.#records.length > 0 && this.#records[0]!.state !== 'reserved') {
      const { region, state } = this.#records.shift()!
      if (state === 'submitted') taken.push(region.bytes)
      this.#consumed += roomOf(region.bytes.length)
    }
    return taken
  }
}

function roomOf(size: number): number {
  return (size + 8 + 7) & ~7
}
