// The entries of a map as JavaScript values, one after the other. Not a generator: going into one and out again costs as much
// as decoding an entry.

import type { Codec } from './codec.ts'
import type { EntryBatch } from './entries.ts'

/** What arrays and generators give, too: a `for` over it, and where Node has them `map`, `filter` … */
const iteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([].values()))

export class TypedEntries<K, V> implements IterableIterator<[K, V]> {
  readonly #batches: Iterator<EntryBatch>
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<V>
  readonly #keyBytes: number
  readonly #valueBytes: number
  #keys: DataView = EMPTY
  #values: DataView = EMPTY
  /** of the batch at hand */
  #next = 0
  #count = 0

  /** @param batches keys of `keyBytes` and values of `valueBytes` each */
  constructor(
    batches: Iterator<EntryBatch>,
    keyCodec: Codec<K>,
    valueCodec: Codec<V>,
    keyBytes: number,
    valueBytes: number,
  ) {
    this.#batches = batches
    this.#keyCodec = keyCodec
    this.#valueCodec = valueCodec
    this.#keyBytes = keyBytes
    this.#valueBytes = valueBytes
  }

  next(): IteratorResult<[K, V], undefined> {
    if (this.#next === this.#count && !this.#read()) return { value: undefined, done: true }
    const at = this.#next++
    const key = this.#keyCodec.decode(this.#keys, at * this.#keyBytes)
    const value = this.#valueCodec.decode(this.#values, at * this.#valueBytes)
    return { value: [key, value], done: false }
  }

  /** Ends the walk. */
  return(): IteratorResult<[K, V], undefined> {
    this.#next = this.#count = 0
    this.#batches.return?.()
    return { value: undefined, done: true }
  }

  [Symbol.iterator](): this {
    return this
  }

  #read(): boolean {
    const { value, done } = this.#batches.next()
    this.#next = 0
    this.#count = done ? 0 : value.count
    if (done) return false
    this.#keys = viewOf(value.keys)
    this.#values = viewOf(value.values)
    return true
  }
}

Object.setPrototypeOf(TypedEntries.prototype, iteratorPrototype)

const EMPTY = new DataView(new ArrayBuffer(0))

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
