// A map seen in JavaScript values, through a codec for its keys and one for its values.

import { deleteBatch, updateBatch } from './batch.ts'
import type { BpfMap } from './bpf-map.ts'
import type { Codec } from './codec.ts'
import { TypedEntries } from './typed-entries.ts'

export class TypedMap<K, V> {
  readonly map: BpfMap
  readonly #keyCodec: Codec<K>
  readonly #valueCodec: Codec<V>
  readonly #key: DataView
  readonly #keyBytes: Uint8Array
  readonly #value: DataView
  readonly #valueBytes: Uint8Array

  constructor(map: BpfMap, key: Codec<K>, value: Codec<V>) {
    this.map = map
    this.#keyCodec = key
    this.#valueCodec = value
    this.#keyBytes = new Uint8Array(key.byteLength)
    this.#key = new DataView(this.#keyBytes.buffer)
    this.#valueBytes = new Uint8Array(value.byteLength)
    this.#value = new DataView(this.#valueBytes.buffer)
  }

  get(key: K): V | undefined {
    const found = this.map.peek(this.#encodeKey(key))
    return found === undefined ? undefined : this.#valueCodec.decode(found, 0)
  }

  has(key: K): boolean {
    return this.map.has(this.#encodeKey(key))
  }

  /** As `BpfMap.update`. */
  set(key: K, value: V, flags = 0): boolean {
    this.#valueCodec.encode(value, this.#value, 0)
    return this.map.update(this.#encodeKey(key), this.#valueBytes, flags)
  }

  delete(key: K): boolean {
    return this.map.delete(this.#encodeKey(key))
  }

  /** As `BpfMap.entries`. */
  entries(): TypedEntries<K, V> {
    const { keySize, valueBytes } = this.map
    return new TypedEntries(this.map.batches(), this.#keyCodec, this.#valueCodec, keySize, valueBytes)
  }

  [Symbol.iterator](): TypedEntries<K, V> {
    return this.entries()
  }

  /** Writes many entries in as few calls as the kernel allows. Throws SyscallError; earlier ones stay written. */
  setAll(entries: Iterable<readonly [K, V]>): void {
    const list = [...entries]
    const { byteLength: keyBytes } = this.#keyCodec
    const { byteLength: valueBytes } = this.#valueCodec
    const keys = new Uint8Array(list.length * keyBytes)
    const values = new Uint8Array(list.length * valueBytes)
    const [keyView, valueView] = [viewOf(keys), viewOf(values)]
    for (const [i, [key, value]] of list.entries()) {
      this.#keyCodec.encode(key, keyView, i * keyBytes)
      this.#valueCodec.encode(value, valueView, i * valueBytes)
    }
    updateBatch(this.map, keys, values)
  }

  /** Deletes many keys; those not there are passed over. Gives how many were there. */
  deleteAll(keys: Iterable<K>): number {
    const list = [...keys]
    const { byteLength } = this.#keyCodec
    const bytes = new Uint8Array(list.length * byteLength)
    for (const [i, key] of list.entries()) this.#keyCodec.encode(key, viewOf(bytes), i * byteLength)
    return deleteBatch(this.map, bytes)
  }

  #encodeKey(key: K): Uint8Array {
    this.#keyCodec.encode(key, this.#key, 0)
    return this.#keyBytes
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
