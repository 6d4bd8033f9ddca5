// Maps as a program and user space see them, on one CPU: arrays, hashes, ring buffers, perf event arrays.
// Return values and limits follow kernel/bpf/arraymap.c, hashtab.c and ringbuf.c.
import type { MapSpec } from '../../src/spec/spec.ts'
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_NOEXIST,
  bpfMapTypeNames,
} from '../../src/sys/bpf-constants.generated.ts'
import { Fault } from './fault.ts'
import type { Memory, Region } from './memory.ts'
import { Ring } from './ring.ts'

export const ENOENT = 2
export const E2BIG = 7
export const EAGAIN = 11
export const EFAULT = 14
export const EEXIST = 17
export const EINVAL = 22

/** What every map can be asked for; types that have no elements answer as the kernel does. */
export interface VmMap {
  readonly spec: MapSpec
  /** what a program's register holds for the map; nothing can be read there */
  readonly address: bigint
  /** the element's bytes, live; undefined if there is none */
  lookup(key: Uint8Array): Region | undefined
  /** 0 or a negative errno */
  update(key: Uint8Array, value: Uint8Array, flags?: number): number
  /** 0 or a negative errno */
  delete(key: Uint8Array): number
  /** keys in the order of a walk */
  keys(): Uint8Array[]
  /** the ring of BPF_MAP_TYPE_RINGBUF */
  readonly ring?: Ring
  /** what perf_event_output wrote to BPF_MAP_TYPE_PERF_EVENT_ARRAY */
  readonly output?: Uint8Array[]
}

/** Makes a map and gives it its `contents`. @throws Fault for a type the interpreter does not have */
export function createMap(spec: MapSpec, memory: Memory): VmMap {
  const map = createEmpty(spec, memory)
  for (const { key, value } of spec.contents ?? []) map.update(key, value)
  return map
}

function createEmpty(spec: MapSpec, memory: Memory): VmMap {
  switch (spec.type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return new ArrayMap(spec, memory)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
      return new HashMap(spec, memory, false)
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return new HashMap(spec, memory, true)
    case BPF_MAP_TYPE_RINGBUF:
      return { ...elementless(spec, memory), ring: new Ring(spec, memory) }
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return { ...elementless(spec, memory), output: [] }
    default:
      throw new Fault(
        `map "${spec.name}": ${bpfMapTypeNames[spec.type] ?? `type ${spec.type}`} is not modelled`,
      )
  }
}

function handleOf(spec: MapSpec, memory: Memory): bigint {
  return memory.add(`map ${spec.name} itself`, new Uint8Array(0)).base
}

function elementless(spec: MapSpec, memory: Memory): VmMap {
  return {
    spec,
    address: handleOf(spec, memory),
    lookup: () => undefined,
    update: () => -EINVAL,
    delete: () => -EINVAL,
    keys: () => [],
  }
}

class ArrayMap implements VmMap {
  readonly spec: MapSpec
  readonly address: bigint
  readonly #memory: Memory
  readonly #values = new Map<number, Region>()

  constructor(spec: MapSpec, memory: Memory) {
    this.spec = spec
    this.address = handleOf(spec, memory)
    this.#memory = memory
  }

  lookup(key: Uint8Array): Region | undefined {
    const index = indexOf(key)
    if (index >= this.spec.maxEntries) return undefined
    let value = this.#values.get(index)
    if (value === undefined) {
      value = this.#memory.add(
        `element ${index} of map ${this.spec.name}`,
        new Uint8Array(this.spec.valueSize),
      )
      this.#values.set(index, value)
    }
    return value
  }

  update(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): number {
    if (flags > BPF_EXIST) return -EINVAL
    const region = this.lookup(key)
    if (region === undefined) return -E2BIG
    if (flags === BPF_NOEXIST) return -EEXIST
    region.bytes.set(value.subarray(0, this.spec.valueSize))
    return 0
  }

  delete(): number {
    return -EINVAL
  }

  keys(): Uint8Array[] {
    return Array.from({ length: this.spec.maxEntries }, (_, index) =>
      Uint8Array.of(index, index >> 8, index >> 16, index >> 24),
    )
  }
}

class HashMap implements VmMap {
  readonly spec: MapSpec
  readonly address: bigint
  readonly #memory: Memory
  readonly #evicts: boolean
  readonly #elements = new Map<string, { readonly key: Uint8Array; readonly value: Region }>()

  constructor(spec: MapSpec, memory: Memory, evicts: boolean) {
    this.spec = spec
    this.address = handleOf(spec, memory)
    this.#memory = memory
    this.#evicts = evicts
  }

  lookup(key: Uint8Array): Region | undefined {
    const text = textOf(key)
    const element = this.#elements.get(text)
    if (element !== undefined && this.#evicts) {
      this.#elements.delete(text)
      this.#elements.set(text, element)
    }
    return element?.value
  }

  update(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): number {
    if (flags > BPF_EXIST) return -EINVAL
    const text = textOf(key)
    const existing = this.#elements.get(text)
    if (existing !== undefined) {
      if (flags === BPF_NOEXIST) return -EEXIST
      existing.value.bytes.set(value)
      return 0
    }
    if (flags === BPF_EXIST) return -ENOENT
    if (this.#elements.size >= this.spec.maxEntries) {
      if (!this.#evicts) return -E2BIG
      this.#elements.delete(this.#elements.keys().next().value!)
    }
    const region = this.#memory.add(`value of map ${this.spec.name}`, Uint8Array.from(value))
    this.#elements.set(text, { key: Uint8Array.from(key), value: region })
    return 0
  }

  /** The value's memory stays readable, as it does in the kernel until the program has ended (RCU). */
  delete(key: Uint8Array): number {
    return this.#elements.delete(textOf(key)) ? 0 : -ENOENT
  }

  keys(): Uint8Array[] {
    return [...this.#elements.values()].map(element => element.key)
  }
}

function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true)
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
