// A map with a lifetime: it lives as long as this object (or a program, or a pin) holds it. Keys and values here
// are bytes; `typed` gives a view of it in JavaScript values.

import { BeetraceError, errno, SyscallError } from '../errors/index.ts'
import { pageSizeBytes, possibleCpus, readFdInfo } from '../kernel/index.ts'
import type { MapSpec } from '../spec/spec.ts'
import {
  allocate,
  BPF_F_MMAPABLE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
  bpfGetFdById,
  bpfMapCreateAsync,
  bpfMapFreeze,
  bpfMapTypeNames,
  bpfObjGet,
  bpfObjPin,
  checkSyscall,
  closeFd,
  LITTLE_ENDIAN,
  linux,
  type Memory,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
  pinHint,
  setU64,
} from '../sys/index.ts'
import type { Codec } from './codec.ts'
import { createMap, type MapCreateOptions, mapCreateAttr } from './create.ts'
import { type BatchOptions, type EntryBatch, type MapEntry, mapBatches, mapEntries } from './entries.ts'
import { type MapInfo, readContentHash, readMapInfo } from './map-info.ts'
import { MAP_TYPE_RULES } from './map-type.ts'
import { TypedMap } from './typed-map.ts'

/**
 * The block a map exchanges with the kernel, so that a look-up costs one call and no address:
 *
 *     0    union bpf_attr for lookup, update, lookup_and_delete: map_fd, key, value, flags
 *     32   for delete: map_fd, key
 *     64   for get_next_key: map_fd, key, next_key
 *     96   key, value and next key, each padded to 8
 */
const ELEM_ATTR = 0
const DELETE_ATTR = 32
const NEXT_ATTR = 64
const ATTR_BYTES = 32
const DATA = 96

export interface MapUsage {
  /** of the kernel, as far as the map tells: since Linux 6.4 what its entries take now, before what they can take */
  readonly memoryBytes: number
  /** whether system calls can no longer write */
  readonly frozen: boolean
}

export class BpfMap implements Disposable {
  readonly fd: number
  readonly name: string
  /** BPF_MAP_TYPE_* */
  readonly type: number
  readonly keySize: number
  /** of one value, as the map was created */
  readonly valueSize: number
  /** of what a look-up gives: for per-CPU maps a value for every possible CPU, each padded to 8 */
  readonly valueBytes: number
  readonly maxEntries: number
  readonly flags: number
  readonly #memory: Memory
  readonly #key: Uint8Array
  readonly #value: Uint8Array
  readonly #next: Uint8Array
  readonly #valueView: DataView
  readonly #keyAddress: number
  #mapped: DataView | undefined
  #closed = false

  /** Creates the map a spec describes, writes its contents and freezes it if told. Throws; nothing is left open. */
  static create(spec: MapSpec, options: MapCreateOptions = {}): BpfMap {
    const map = new BpfMap(createMap(spec, options), spec.name)
    try {
      for (const { key, value } of spec.contents ?? []) map.update(key, value)
      if (spec.frozen) map.freeze()
      return map
    } catch (error) {
      map.close()
      throw error
    }
  }

  /** The same for a large plain map (a ring) in a thread of Node's pool: the kernel takes its time to clear memory. */
  static async createAsync(spec: MapSpec): Promise<BpfMap> {
    const fd = await bpfMapCreateAsync(mapCreateAttr(spec))
    // not said why: asked again, the kernel says it
    return fd < 0 ? BpfMap.create(spec) : new BpfMap(fd, spec.name)
  }

  /** Opens a pinned map. Throws SyscallError. */
  static openPinned(path: string): BpfMap {
    return new BpfMap(checkSyscall(bpfObjGet(path), 'bpf(BPF_OBJ_GET)', `open pinned map ${path}`))
  }

  /** Opens a map of the system by its id. Throws SyscallError; needs CAP_SYS_ADMIN. */
  static openById(id: number): BpfMap {
    const fd = checkSyscall(bpfGetFdById('map', id), 'bpf(BPF_MAP_GET_FD_BY_ID)', `open map with id ${id}`, {
      capabilities: ['CAP_SYS_ADMIN'],
    })
    return new BpfMap(fd)
  }

  /** Takes over a map descriptor: closing the map closes it. */
  constructor(fd: number, name?: string) {
    this.fd = fd
    let info: MapInfo
    try {
      info = readMapInfo(fd)
    } catch (error) {
      closeFd(fd)
      throw error
    }
    this.name = name ?? info.name
    this.type = info.type
    this.keySize = info.keySize
    this.valueSize = info.valueSize
    this.maxEntries = info.maxEntries
    this.flags = info.flags
    this.valueBytes = MAP_TYPE_RULES[info.type]?.perCpu
      ? pad8(info.valueSize) * possibleCpus().length
      : info.valueSize

    const valueOffset = DATA + pad8(this.keySize)
    const nextOffset = valueOffset + pad8(this.valueBytes)
    this.#memory = allocate(nextOffset + pad8(this.keySize))
    const { bytes, data, address } = this.#memory
    this.#key = bytes.subarray(DATA, DATA + this.keySize)
    this.#value = bytes.subarray(valueOffset, valueOffset + this.valueBytes)
    this.#next = bytes.subarray(nextOffset, nextOffset + this.keySize)
    this.#valueView = new DataView(bytes.buffer, valueOffset, this.valueBytes)
    this.#keyAddress = this.keySize === 0 ? 0 : address + DATA
    for (const attr of [ELEM_ATTR, DELETE_ATTR, NEXT_ATTR]) {
      data.setInt32(attr, fd, LITTLE_ENDIAN)
      setU64(data, attr + 8, this.#keyAddress)
    }
    setU64(data, ELEM_ATTR + 16, address + valueOffset)
    setU64(data, NEXT_ATTR + 16, address + nextOffset)
  }

  /** A copy of the value of `key`; undefined when there is none. Keyless maps (queue, stack): no key, the head. */
  lookup(key?: Uint8Array): Uint8Array | undefined {
    return this.peek(key) === undefined ? undefined : this.#value.slice()
  }

  /** The value of `key` without an allocation: a view that is valid until the next call on this map. */
  peek(key?: Uint8Array): DataView | undefined {
    const result = this.#element(BPF_MAP_LOOKUP_ELEM, key)
    if (result === 0) return this.#valueView
    if (result === -errno.ENOENT) return undefined
    throw this.#error(result, 'BPF_MAP_LOOKUP_ELEM', 'look up in')
  }

  has(key: Uint8Array): boolean {
    return this.peek(key) !== undefined
  }

  /**
   * Writes a value. `flags`: BPF_ANY, BPF_NOEXIST, BPF_EXIST. False when such a flag forbade it; throws SyscallError
   * otherwise (E2BIG: the map is full).
   */
  update(key: Uint8Array | undefined, value: Uint8Array, flags = 0): boolean {
    this.#checkSize('value', value.length, this.valueBytes)
    this.#value.set(value)
    const result = this.#element(BPF_MAP_UPDATE_ELEM, key, flags)
    if (result === 0) return true
    if (flags !== 0 && (result === -errno.EEXIST || result === -errno.ENOENT)) return false
    throw this.#error(result, 'BPF_MAP_UPDATE_ELEM', 'write to')
  }

  /** Adds a value to a queue, stack or bloom filter. */
  push(value: Uint8Array): void {
    this.update(undefined, value)
  }

  /** False when the key was not there. */
  delete(key: Uint8Array): boolean {
    this.#setKey(key)
    const result = linux().bpf(BPF_MAP_DELETE_ELEM, this.#memory.address + DELETE_ATTR, ATTR_BYTES)
    if (result === 0) return true
    if (result === -errno.ENOENT) return false
    throw this.#error(result, 'BPF_MAP_DELETE_ELEM', 'delete from')
  }

  /** Takes a value out: of a queue or stack without a key, of a hash (Linux 5.14) with one. */
  lookupAndDelete(key?: Uint8Array): Uint8Array | undefined {
    const result = this.#element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, key)
    if (result === 0) return this.#value.slice()
    if (result === -errno.ENOENT) return undefined
    throw this.#error(result, 'BPF_MAP_LOOKUP_AND_DELETE_ELEM', 'take from')
  }

  /** The key after `key`, or the first; undefined after the last. A key that is gone gives the first again. */
  nextKey(key?: Uint8Array): Uint8Array | undefined {
    if (key !== undefined) this.#setKey(key)
    setU64(this.#memory.data, NEXT_ATTR + 8, key === undefined ? 0 : this.#keyAddress)
    const result = linux().bpf(BPF_MAP_GET_NEXT_KEY, this.#memory.address + NEXT_ATTR, ATTR_BYTES)
    if (result === 0) return this.#next.slice()
    if (result === -errno.ENOENT) return undefined
    throw this.#error(result, 'BPF_MAP_GET_NEXT_KEY', 'iterate')
  }

  /**
   * All entries, in the kernel's order. Entries deleted or added meanwhile may or may not appear; none appears twice
   * and it always ends. `oneByOne` takes two system calls an entry instead of one for many: while the kernel reads a part of a map,
   * however few entries there are in a large one, it skips programs on perf events and kprobes of the same processor.
   */
  entries({ oneByOne = false } = {}): Generator<MapEntry> {
    this.#checkOpen()
    return mapEntries(this, oneByOne)
  }

  [Symbol.iterator](): Generator<MapEntry> {
    return this.entries()
  }

  /**
   * The same for many entries: in large parts, without a copy or an object for each. What a step gives is valid until the next.
   * Some 0.2 µs an entry, nearly all of it the kernel's.
   *
   *     for (const { keys, count } of map.batches()) {
   *       const pids = new Uint32Array(keys.buffer, 0, count)
   */
  batches(options: BatchOptions = {}): Generator<EntryBatch> {
    this.#checkOpen()
    return mapBatches(this, options)
  }

  /** This map in JavaScript values. Throws when a codec's size is not the map's. */
  typed<K, V>(key: Codec<K>, value: Codec<V>): TypedMap<K, V> {
    this.#checkSize('key codec', key.byteLength, this.keySize)
    this.#checkSize('value codec', value.byteLength, this.valueBytes)
    return new TypedMap(this, key, value)
  }

  /**
   * The values of an array map created with BPF_F_MMAPABLE as memory shared with the kernel: value i at
   * i * (valueSize padded to 8). The mapping stays until the process ends, even after `close`: reading a view of
   * unmapped memory would kill the process.
   */
  memory(): DataView {
    if (this.#mapped !== undefined) return this.#mapped
    this.#checkOpen()
    const page = pageSizeBytes()
    const used = pad8(this.valueSize) * this.maxEntries
    const byteLength = Math.ceil(used / page) * page
    const action = `map the memory of ${this.#label()}`
    if ((this.flags & BPF_F_MMAPABLE) === 0) {
      throw new BeetraceError('MAP_USE', `${action}: it was created without BPF_F_MMAPABLE`)
    }
    const { buffer } = mapMemory(this.fd, 0, byteLength, PROT_READ | PROT_WRITE, action)
    this.#mapped = new DataView(buffer, 0, used)
    return this.#mapped
  }

  /** No more writes by system calls; programs keep theirs. */
  freeze(): void {
    checkSyscall(bpfMapFreeze(this.fd), 'bpf(BPF_MAP_FREEZE)', `freeze ${this.#label()}`)
  }

  /** Makes the map outlive us under a path of a BPF file system. */
  pin(path: string): void {
    const result = bpfObjPin(this.fd, path)
    checkSyscall(result, 'bpf(BPF_OBJ_PIN)', `pin ${this.#label()} at ${path}`, pinHint(result))
  }

  info(): MapInfo {
    return readMapInfo(this.fd)
  }

  /** What the map costs. Throws SyscallError when it is closed. */
  usage(): MapUsage {
    this.#checkOpen()
    const { memlock = 0, frozen = 0 } = readFdInfo(this.fd)
    return { memoryBytes: memlock, frozen: frozen === 1 }
  }

  /** See `readContentHash`. */
  contentHash(): Uint8Array {
    this.#checkOpen()
    return readContentHash(this.fd)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeFd(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #element(cmd: number, key: Uint8Array | undefined, flags = 0): number {
    if (key === undefined) {
      this.#checkOpen()
      this.#checkSize('key', 0, this.keySize)
    } else this.#setKey(key)
    setU64(this.#memory.data, ELEM_ATTR + 24, flags)
    return linux().bpf(cmd, this.#memory.address + ELEM_ATTR, ATTR_BYTES)
  }

  #setKey(key: Uint8Array): void {
    this.#checkOpen()
    this.#checkSize('key', key.length, this.keySize)
    this.#key.set(key)
  }

  /** A closed descriptor's number may be another file's by now. */
  #checkOpen(): void {
    if (this.#closed) throw new BeetraceError('CLOSED', `${this.#label()} is closed`)
  }

  #checkSize(what: string, given: number, expected: number): void {
    if (given !== expected) {
      throw new BeetraceError(
        'MAP_VALUE',
        `${this.#label()} has a ${what.replace(' codec', '')} of ${expected} bytes, but the ${what} has ${given}`,
      )
    }
  }

  #label(): string {
    return `map "${this.name}" (${bpfMapTypeNames[this.type] ?? `type ${this.type}`})`
  }

  #error(result: number, command: string, doing: string): SyscallError {
    return new SyscallError(`bpf(${command})`, -result, `${doing} ${this.#label()}`, {
      capabilities: ['CAP_BPF'],
    })
  }
}

const pad8 = (byteLength: number): number => Math.ceil(byteLength / 8) * 8
