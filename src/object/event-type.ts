// What the records of a ring or perf buffer are: C does not say, but usually leaves it to be seen.

import { type Btf, type BtfComposite, resolve } from '../btf/index.ts'
import type { CompiledMap, CompiledObject } from '../elf/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'

/** A struct, and why it is taken for the record. */
export type EventType =
  | { readonly kind: 'found'; readonly type: BtfComposite; readonly because: string }
  /** none, or several that may be it */
  | { readonly kind: 'unclear'; readonly candidates: readonly string[] }

/** `event`, `exec_event`, `event_t`, `data_t`, `tcp_evt` */
const EVENT_NAME = /(^|_)(event|evt)(_t)?$|^data_t$/
/** `const struct event *unused __attribute__((unused))`, which keeps the type in BTF */
export const KEPT_NAME = /^_*(unused|dummy)/

/** Maps whose records a program emits. */
export const eventMaps = ({ maps }: CompiledObject): CompiledMap[] =>
  maps.filter(map => map.type === BPF_MAP_TYPE_RINGBUF || map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY)

/**
 * In this order: the struct that the map declares as its value; the one a variable named `unused…` points to; the one with a
 * name like `event`. Structs of the kernel that the program reads do not count.
 * @param isKernelType whether the kernel has a struct of that name, which the object has from vmlinux.h then
 */
export function eventType(
  object: CompiledObject,
  map: CompiledMap,
  isKernelType: (name: string) => boolean = () => false,
): EventType {
  const { btf } = object
  if (btf === undefined) return { kind: 'unclear', candidates: [] }
  const declared = map.valueTypeId === 0 ? undefined : composite(btf, map.valueTypeId)
  if (declared !== undefined)
    return { kind: 'found', type: declared, because: 'the map declares it as its value' }
  const kept = single(keptTypes(object, btf))
  if (kept !== undefined) return { kind: 'found', type: kept, because: 'a variable is there to keep it' }
  const own = ownStructs(object, btf).filter(({ name }) => !isKernelType(name))
  const named = own.filter(({ name }) => EVENT_NAME.test(name))
  const only = single(named)
  if (only !== undefined) return { kind: 'found', type: only, because: 'of its name' }
  const candidates = named.length > 0 ? named : own
  return { kind: 'unclear', candidates: [...new Set(candidates.map(({ name }) => name))] }
}

/** Of structs that somebody wrote down for the records (a header's): the one with a name like `event`, or the only one. */
export function likelyEvent<T extends { readonly name: string }>(structs: readonly T[]): T | undefined {
  return single(structs.filter(({ name }) => EVENT_NAME.test(name))) ?? single(structs)
}

const single = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined)

function composite(btf: Btf, typeId: number): BtfComposite | undefined {
  const type = resolve(btf, btf.type(typeId))
  return type.kind === 'struct' || type.kind === 'union' ? type : undefined
}

function keptTypes({ maps }: CompiledObject, btf: Btf): BtfComposite[] {
  const found = new Map<number, BtfComposite>()
  for (const { variables } of maps)
    for (const { name, typeId } of variables ?? []) {
      if (typeId === 0 || !KEPT_NAME.test(name)) continue
      const pointer = resolve(btf, btf.type(typeId))
      const type = pointer.kind === 'ptr' ? composite(btf, pointer.typeId) : undefined
      if (type !== undefined) found.set(type.id, type)
    }
  return [...found.values()]
}

/** Structs with a name that are no part of a map's definition and not the kernel's. */
function ownStructs({ programs, maps }: CompiledObject, btf: Btf): BtfComposite[] {
  const kernels = new Set<string>()
  for (const { relocations } of programs)
    for (const { typeId } of relocations) kernels.add(btf.type(typeId).name)
  const used = new Set(maps.flatMap(map => [map.keyTypeId, map.valueTypeId]))
  const own: BtfComposite[] = []
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    if (type.kind !== 'struct' || type.name === '' || type.sizeBytes === 0) continue
    if (kernels.has(type.name) || used.has(id) || /^trace_(event|entry)|^pt_regs$|^bpf_/.test(type.name))
      continue
    own.push(type)
  }
  return own
}
