// Making the maps of an object: templates of inner maps, data with its initial values, what is pinned by name; and filling those
// that hold other maps or programs.

import { errno, ObjectError, SyscallError } from '../errors/index.ts'
import { Arena, BpfMap, MAP_TYPE_RULES, type MapCreateOptions, openOrCreatePinned } from '../map/index.ts'
import type { MapSpec } from '../spec/spec.ts'
import { BPF_MAP_TYPE_ARENA, LITTLE_ENDIAN } from '../sys/index.ts'
import type { ObjectMap } from './object-map.ts'

/** Whether the kernel takes BTF of keys and values of that type. */
const takesBtf = (type: number): boolean => MAP_TYPE_RULES[type]?.btf !== false

export interface MapInput {
  readonly file: string
  /** BTF as this kernel takes it, and its descriptor, once it is loaded; undefined when the kernel takes none of it */
  readonly loadedBtf: { readonly data: Uint8Array; readonly fd: number } | undefined
  /** where maps declared with LIBBPF_PIN_BY_NAME are pinned; asked for when there is one */
  readonly pinRoot: () => string
  /** of the only program that may use the map */
  readonly exclusiveHash?: Uint8Array
}

/** Makes a map that is no struct_ops, or opens the pinned one. Throws SyscallError, NotSupportedError, BeetraceError. */
export function makeMap(map: ObjectMap, data: Uint8Array | undefined, input: MapInput): BpfMap {
  if (map.reuse !== undefined) return map.reuse
  const spec = specOf(map, data, input)
  const { loadedBtf, exclusiveHash } = input
  const options: MapCreateOptions = {
    ...(loadedBtf === undefined ? {} : { btfFd: loadedBtf.fd }),
    ...(exclusiveHash === undefined ? {} : { exclusiveHash }),
    ...(map.innerTemplate === undefined ? {} : { innerMapFd: map.innerTemplate.fd }),
  }
  const path = map.pinPath
  if (path !== undefined || map.source.pinned) {
    const root = path === undefined ? input.pinRoot() : path.slice(0, Math.max(0, path.lastIndexOf('/')))
    return openOrCreatePinned(spec, root, {
      ...options,
      fileName: path === undefined ? map.label : path.slice(path.lastIndexOf('/') + 1),
    })
  }
  const made = create(map, spec, options, input)
  try {
    if (made.type === BPF_MAP_TYPE_ARENA) map.holdArena(openArena(made, data))
    return made
  } catch (error) {
    made.close()
    throw error
  }
}

/** Maps an arena, with what its variables are to hold. Throws SyscallError. */
export function openArena(map: BpfMap, data: Uint8Array | undefined): Arena {
  const arena = Arena.open(map)
  try {
    if (data !== undefined) arena.write(0, data)
    return arena
  } catch (error) {
    arena.close()
    throw error
  }
}

/** Sizes that the source leaves open are for the program that loads it to set. */
function create(map: ObjectMap, spec: MapSpec, options: MapCreateOptions, { file }: MapInput): BpfMap {
  try {
    return BpfMap.create(spec, options)
  } catch (cause) {
    const invalid = cause instanceof SyscallError && cause.errno === errno.EINVAL
    const unset = spec.maxEntries === 0 ? 'max_entries' : spec.valueSize === 0 ? 'value_size' : undefined
    if (!invalid || unset === undefined) throw cause
    const how = unset === 'max_entries' ? 'set `maxEntries` (and `valueSize`)' : 'set `valueSize`'
    throw new ObjectError(
      file,
      `the kernel refuses it with ${unset} 0: the source leaves it open, ${how} of the map before loading`,
      { map: map.label },
      { cause },
    )
  }
}

function specOf(map: ObjectMap, data: Uint8Array | undefined, input: MapInput): MapSpec {
  const { source, type, keySize, valueSize, maxEntries, flags, numaNode, mapExtra } = map
  const { btf: _, inner, pinned: __, ...spec } = source
  const typed = source.btf !== undefined && input.loadedBtf !== undefined && takesBtf(type)
  return {
    ...spec,
    ...{ type, keySize, valueSize, maxEntries },
    ...(flags === 0 && spec.flags === undefined ? {} : { flags }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(mapExtra === undefined ? {} : { mapExtra }),
    ...(typed ? { btf: { ...source.btf!, data: input.loadedBtf!.data } } : {}),
    ...(inner === undefined ? {} : { inner: innerOf(inner, input) }),
    ...(data === undefined || source.role === 'structOps' || source.type === BPF_MAP_TYPE_ARENA
      ? {}
      : { contents: [{ key: new Uint8Array(new ArrayBuffer(4)), value: ofLength(data, valueSize) }] }),
  }
}

/** Cut, or with zeros behind. */
function ofLength(data: Uint8Array, byteLength: number): Uint8Array {
  if (data.length === byteLength) return data
  const bytes = new Uint8Array(new ArrayBuffer(byteLength))
  bytes.set(data.subarray(0, byteLength))
  return bytes
}

function innerOf(inner: MapSpec, input: MapInput): MapSpec {
  const { btf, ...spec } = inner
  const typed = btf !== undefined && input.loadedBtf !== undefined && takesBtf(inner.type)
  return typed ? { ...spec, btf: { ...btf, data: input.loadedBtf!.data } } : spec
}

/**
 * Puts maps into maps of maps, and programs into program arrays, where the source says so; what was left out has no place.
 * Throws ObjectError.
 */
export function fillMap(
  { source, map, label }: ObjectMap,
  file: string,
  fdOf: (value: string) => number | undefined,
  isLeftOut: (value: string) => boolean,
): void {
  for (const [index, value] of (source.values ?? []).entries()) {
    if (value === undefined || isLeftOut(value)) continue
    const fd = fdOf(value)
    if (fd === undefined)
      throw new ObjectError(file, `its value ${index}, "${value}", is not loaded`, { map: label })
    map.update(u32(index), u32(fd))
  }
}

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}
