// A map of a skeleton: settings until the object is loaded, then its entries in values of the declared types.

import { type Btf, type BtfValue, decodeValue, encodeValue, sizeOf } from '../../btf/index.ts'
import { possibleCpus } from '../../kernel/index.ts'
import { type BpfMap, type Codec, codec, MAP_TYPE_RULES, type TypedMap } from '../../map/index.ts'
import type { BpfObject } from '../object.ts'
import type { ObjectMap } from '../object-map.ts'

/** What may be written where `T` is read: members and elements left out are zero, a bigint may be a number, text bytes. */
export type Settable<T> = T extends Uint8Array
  ? T
  : T extends bigint
    ? bigint | number
    : T extends string
      ? T | Uint8Array
      : T extends readonly (infer E)[]
        ? readonly Settable<E>[]
        : T extends object
          ? { readonly [K in keyof T]?: Settable<T[K]> }
          : T

/**
 * Keys of queues, stacks and bloom filters are `undefined`. Values of per-CPU maps are arrays, by possible CPU.
 * Everything but `source` throws BeetraceError `OBJECT_USE` before the object is loaded, and SyscallError.
 */
export class SkeletonMap<K, V> {
  /** `maxEntries`, `pinPath`, `reuse` … until loading, and then `map`, which has the bytes */
  readonly source: ObjectMap
  readonly #object: BpfObject
  #typed: { readonly map: BpfMap; readonly entries: TypedMap<BtfValue, BtfValue> } | undefined

  constructor(object: BpfObject, source: ObjectMap) {
    this.#object = object
    this.source = source
  }

  get(key: Settable<K>): V | undefined {
    return this.#entries().get(key as BtfValue) as V | undefined
  }

  has(key: Settable<K>): boolean {
    return this.#entries().has(key as BtfValue)
  }

  /** `flags`: BPF_ANY, BPF_NOEXIST, BPF_EXIST. False when such a flag forbade it. */
  set(key: Settable<K>, value: Settable<V>, flags = 0): boolean {
    return this.#entries().set(key as BtfValue, value as BtfValue, flags)
  }

  /** False when it was not there. */
  delete(key: Settable<K>): boolean {
    return this.#entries().delete(key as BtfValue)
  }

  /** Puts a value into a queue, a stack or a bloom filter. */
  push(value: Settable<V>): void {
    const { valueCodec, map } = this.#codecs()
    const bytes = new Uint8Array(valueCodec.byteLength)
    valueCodec.encode(value as BtfValue, viewOf(bytes), 0)
    map.push(bytes)
  }

  /** Takes the next value out of a queue or a stack; undefined when it is empty. */
  pop(): V | undefined {
    const { valueCodec, map } = this.#codecs()
    const bytes = map.lookupAndDelete()
    return bytes === undefined ? undefined : (valueCodec.decode(viewOf(bytes), 0) as V)
  }

  /** In the kernel's order; each once, as `BpfMap.entries`. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries().entries() as IterableIterator<[K, V]>
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  #entries(): TypedMap<BtfValue, BtfValue> {
    const { map } = this.source
    if (this.#typed?.map !== map) {
      const { keyCodec, valueCodec } = this.#codecs()
      this.#typed = { map, entries: map.typed(keyCodec, valueCodec) }
    }
    return this.#typed.entries
  }

  #codecs() {
    const { map, source } = this.source
    const { btf } = this.#object.source
    const value = codecOf(btf, source.valueTypeId, map.valueSize)
    const isPerCpu = MAP_TYPE_RULES[map.type]?.perCpu === true
    return {
      map,
      keyCodec: codecOf(btf, source.keyTypeId, map.keySize),
      valueCodec: isPerCpu
        ? (codec.perCpu(value, possibleCpus().length) as unknown as Codec<BtfValue>)
        : value,
    }
  }
}

/** Without a type, or with one of another size: numbers of 1, 2, 4 and 8 bytes, and bytes. */
function codecOf(btf: Btf | undefined, typeId: number, byteLength: number): Codec<BtfValue> {
  const type = btf === undefined || typeId === 0 ? undefined : btf.type(typeId)
  if (btf === undefined || type === undefined || sizeOf(btf, type) !== byteLength)
    return (PLAIN[byteLength] ?? codec.bytes(byteLength)) as unknown as Codec<BtfValue>
  return {
    byteLength,
    encode: (value, into, offset) => bytesAt(into, offset, byteLength).set(encodeValue(btf, type, value)),
    decode: (from, offset) => decodeValue(btf, type, bytesAt(from, offset, byteLength)),
  }
}

const PLAIN: Readonly<Record<number, Codec<number> | Codec<bigint>>> = {
  1: codec.u8,
  2: codec.u16,
  4: codec.u32,
  8: codec.u64,
}

const bytesAt = (view: DataView, offset: number, byteLength: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, byteLength)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
