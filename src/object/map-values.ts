// What is in a map of an object, as values of the types that its declaration names.

import { type Btf, type BtfValue, decodeValue } from '../btf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { drainEntries, MAP_TYPE_RULES } from '../map/index.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_RHASH,
  bpfMapTypeNames,
  LITTLE_ENDIAN,
} from '../sys/index.ts'
import type { BpfObject } from './object.ts'
import type { ObjectMap } from './object-map.ts'

export interface MapRow {
  /** undefined where there is but one: an array of one entry, a section of global variables */
  readonly key: BtfValue | undefined
  /** of a per-CPU map: over all CPUs, numbers added up */
  readonly value: BtfValue
  /** of a per-CPU map: by possible CPU */
  readonly cpus?: readonly BtfValue[]
}

const ARRAYS: ReadonlySet<number> = new Set([BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY])

const WALKABLE: ReadonlySet<number> = new Set([
  ...ARRAYS,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_RHASH,
])

/** Whether a map has entries that can be read one after the other without taking them out, and that say something. */
export const canReadMap = ({ source }: ObjectMap): boolean => WALKABLE.has(source.type)

export interface ReadMapOptions {
  /** take the entries out (of a hash), or set them to zero (of an array): what comes later counts from nothing */
  readonly clear?: boolean
}

/**
 * The entries of a loaded map, in the kernel's order; of an array those that are not all zero. Without types, a key or value of
 * 1, 2, 4 or 8 bytes is a number and any other its bytes.
 * @throws BeetraceError `OBJECT_USE` for a map whose entries cannot be read; SyscallError
 */
export function* readMap(
  { source: { btf } }: BpfObject,
  map: ObjectMap,
  { clear = false }: ReadMapOptions = {},
): Generator<MapRow> {
  const { source, label } = map
  if (!canReadMap(map))
    throw new BeetraceError(
      'OBJECT_USE',
      `map "${label}" is a ${bpfMapTypeNames[source.type] ?? `map of type ${source.type}`}: it has no entries to list`,
    )
  const kernelMap = map.map
  const isArray = ARRAYS.has(kernelMap.type)
  const isSingle = isArray && kernelMap.maxEntries === 1
  const perCpu = MAP_TYPE_RULES[kernelMap.type]?.perCpu === true
  const zero = new Uint8Array(kernelMap.valueBytes)
  for (const { key, value } of clear && !isArray ? drainEntries(kernelMap) : kernelMap.entries()) {
    if (isArray && !isSingle && value.every(byte => byte === 0)) continue
    if (clear && isArray) kernelMap.update(key, zero)
    const shownKey = isSingle ? undefined : decodeOr(btf, source.keyTypeId, key)
    if (!perCpu) {
      yield { key: shownKey, value: decodeOr(btf, source.valueTypeId, value) }
      continue
    }
    const stride = Math.ceil(kernelMap.valueSize / 8) * 8
    const cpus: BtfValue[] = []
    for (let at = 0; at < value.length; at += stride)
      cpus.push(decodeOr(btf, source.valueTypeId, value.subarray(at, at + kernelMap.valueSize)))
    yield { key: shownKey, value: cpus.reduce(sumOf), cpus }
  }
}

function decodeOr(btf: Btf | undefined, typeId: number, bytes: Uint8Array): BtfValue {
  if (btf !== undefined && typeId !== 0) return decodeValue(btf, btf.type(typeId), bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (bytes.length) {
    case 1:
      return view.getUint8(0)
    case 2:
      return view.getUint16(0, LITTLE_ENDIAN)
    case 4:
      return view.getUint32(0, LITTLE_ENDIAN)
    case 8:
      return view.getBigUint64(0, LITTLE_ENDIAN)
    default:
      return bytes
  }
}

/** What of two CPUs can be added is; of the rest the first that is not empty. */
export function sumOf(a: BtfValue, b: BtfValue): BtfValue {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b
  if (Array.isArray(a) && Array.isArray(b)) return a.map((each, i) => sumOf(each, b[i]!))
  if (isObject(a) && isObject(b))
    return Object.fromEntries(Object.entries(a).map(([name, each]) => [name, sumOf(each, b[name]!)]))
  return isEmpty(a) ? b : a
}

const isObject = (value: BtfValue): value is { [member: string]: BtfValue } =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)

const isEmpty = (value: BtfValue): boolean =>
  value instanceof Uint8Array
    ? value.every(byte => byte === 0)
    : value === '' || value === 0 || value === false
