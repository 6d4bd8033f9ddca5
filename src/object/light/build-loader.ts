// Writes the loader of an object: a program that makes the object's maps and loads its programs from within the kernel, so that neither
// ELF nor relocations are left to do for who runs it. What it asks the kernel for is what libbpf's loaders do
// (tools/lib/bpf/gen_loader.c): CO-RE relocations go to the kernel as they are (Linux 5.17), names of types and symbols are looked up.

import { createHash } from 'node:crypto'
import { encode, resolveLabels } from '../../asm/index.ts'
import type { CompiledMap, CompiledObject, CompiledProgram, Extern } from '../../elf/index.ts'
import { MAP_TYPE_RULES, mapCreateAttr } from '../../map/index.ts'
import type { MapSpec } from '../../spec/spec.ts'
import {
  BPF_BTF_LOAD,
  BPF_MAP_CREATE,
  BPF_MAP_FREEZE,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_UPDATE_ELEM,
  sanitizeName,
} from '../../sys/index.ts'
import { attribute } from './attribute.ts'
import { checkBuildable } from './buildable.ts'
import { type LoaderStep, MAP_INITIAL_VALUE, MAP_MAX_ENTRIES, mapPlace, programPlace } from './layout.ts'
import { LoaderCode } from './loader-code.ts'
import { findExterns } from './loader-externs.ts'
import { loadProgramBy } from './loader-program.ts'

export interface Loader {
  /** array of struct bpf_insn */
  readonly instructions: Uint8Array
  /** the value of its map */
  readonly data: Uint8Array
  readonly steps: readonly LoaderStep[]
  /** where in the data the object's BTF starts */
  readonly typesAt: number | undefined
  /** where in the data the first values of maps are, by label */
  readonly valuesAt: ReadonlyMap<string, readonly [offsetBytes: number, byteLength: number]>
}

export interface LoaderOptions {
  /** the loader goes by what is in it alone, and does nothing with other data: to be signed. Linux 6.18 */
  readonly sealed?: boolean
}

/** What loaders are made of: whatever is not left out. */
export const loadedParts = ({
  programs,
  maps,
}: CompiledObject): { readonly programs: CompiledProgram[]; readonly maps: CompiledMap[] } => ({
  programs: programs.filter(each => each.autoload),
  maps: maps.filter(each => each.autocreate),
})

/** Throws ObjectError for what only a loader outside the kernel can do. */
export function buildLoader(object: CompiledObject, { sealed = false }: LoaderOptions = {}): Loader {
  const { programs, maps } = loadedParts(object)
  checkBuildable(object, programs, maps, sealed)
  const code = new LoaderCode()
  // an array of descriptors: of the types, of maps, of what externs are in, of a map's template, of a target's types, of programs
  const externs = neededExterns(object, programs)
  const firstExtern = 1 + maps.length
  const firstOther = firstExtern + externs.length
  const slotCount = firstOther + 2 + programs.length
  code.room(slotCount * 4)
  const slot = (index: number) => index * 4
  const [typesSlot, innerSlot, targetSlot] = [slot(0), slot(firstOther), slot(firstOther + 1)]
  const mapSlot = (index: number) => slot(1 + index)
  const programSlot = (index: number) => slot(firstOther + 2 + index)

  const typesAt = loadTypes(code, object, typesSlot)
  const valuesAt = new Map<string, [offsetBytes: number, byteLength: number]>()
  for (const [index, map] of maps.entries()) {
    const place = sealed ? undefined : mapPlace(index)
    createMap(code, map, map.label, { slot: mapSlot(index), innerSlot, typesSlot, typesAt, place })
    if (map.data === undefined) continue
    // an arena is written to when it is mapped
    const at =
      map.type === BPF_MAP_TYPE_ARENA ? code.data(map.data) : fillMap(code, map, mapSlot(index), place)
    valuesAt.set(map.label, [at, map.type === BPF_MAP_TYPE_ARENA ? map.data.length : map.valueSize])
  }
  const found = findExterns(
    code,
    externs.map((extern, i) => ({ extern, index: firstExtern + i })),
  )
  const indexes = new Map(maps.map(({ label }, i) => [label, 1 + i]))
  for (const [index, program] of programs.entries())
    loadProgramBy(code, program, {
      ...{ object, found, typesSlot, targetSlot, typesAt },
      mapIndex: label => indexes.get(label),
      slot: programSlot(index),
    })
  for (const index of maps.keys()) code.toContext(mapPlace(index), mapSlot(index))
  for (const index of programs.keys()) code.toContext(programPlace(maps.length, index), programSlot(index))
  const slots = Array.from({ length: slotCount }, (_, index) => slot(index))
  const { insns, data } = code.finish(slots, sealed ? sha256 : undefined)
  const instructions = encode(resolveLabels(insns))
  return { instructions, data, steps: code.steps, typesAt, valuesAt }
}

function neededExterns({ externs }: CompiledObject, programs: readonly CompiledProgram[]): Extern[] {
  const references = programs.flatMap(({ code }) => code.references)
  const names = new Set(
    references.flatMap(({ ref }) => (ref.kind === 'ksym' || ref.kind === 'kfunc' ? [ref.name] : [])),
  )
  return externs.filter(each => each.kind !== 'kconfig' && names.has(each.name))
}

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

function loadTypes(code: LoaderCode, { btfBytes, name }: CompiledObject, slot: number): number | undefined {
  if (btfBytes === undefined) return undefined
  const at = code.data(btfBytes)
  // btf, btf_log_buf, btf_size, btf_log_size, btf_log_level
  const attr = attribute(28, view => view.setUint32(16, btfBytes.length, true))
  const attrAt = code.data(attr)
  code.step('types', name)
  code.pointer(attrAt, at)
  code.bpfFd(BPF_BTF_LOAD, attrAt, attr.length, slot)
  return at
}

/** CONFIG_NR_CPUS of x86-64 at most */
const CPUS_MAX = 8192

interface MapInput {
  readonly slot: number
  readonly innerSlot: number
  readonly typesSlot: number
  readonly typesAt: number | undefined
  /** in the context, for settings */
  readonly place: number | undefined
}

function createMap(code: LoaderCode, spec: MapSpec, label: string, input: MapInput): void {
  const { slot, innerSlot, typesSlot, typesAt, place } = input
  const rule = MAP_TYPE_RULES[spec.type] ?? {}
  const hasTemplate = rule.inner === true && spec.inner !== undefined
  if (hasTemplate)
    createMap(code, spec.inner, label, { ...input, slot: innerSlot, innerSlot: 0, place: undefined })
  const btf = typesAt === undefined || rule.btf === false ? undefined : spec.btf
  const wanted = mapCreateAttr(spec)
  // what cannot be told how many processors there are has room for all that there may be
  const forCpus = place === undefined && rule.entryPerCpu === true && spec.maxEntries === 0
  const attr = attribute(72, (view, bytes) => {
    const { mapType, keySize, valueSize, mapFlags = 0 } = wanted
    const maxEntries = forCpus ? CPUS_MAX : wanted.maxEntries
    for (const [i, value] of [mapType, keySize, valueSize, maxEntries, mapFlags].entries())
      view.setUint32(i * 4, value, true)
    view.setUint32(24, wanted.numaNode ?? 0, true)
    bytes.set(Buffer.from(sanitizeName(spec.name)), 28)
    view.setUint32(52, btf?.keyTypeId ?? 0, true)
    view.setUint32(56, btf?.valueTypeId ?? 0, true)
    view.setBigUint64(64, wanted.mapExtra ?? 0n, true)
  })
  const at = code.data(attr)
  code.step('map', label)
  if (hasTemplate) code.copy(at + 20, innerSlot, 4)
  if (btf !== undefined) code.copy(at + 48, typesSlot, 4)
  if (place !== undefined) code.fromContextIfSet(at + 12, place + MAP_MAX_ENTRIES)
  code.bpfFd(BPF_MAP_CREATE, at, attr.length, slot)
  if (hasTemplate) code.close(innerSlot)
}

/** Gives a section of data its first values; where they are in the loader's data. */
function fillMap(
  code: LoaderCode,
  { label, data, valueSize, frozen }: CompiledMap,
  slot: number,
  place: number | undefined,
): number {
  const value = new Uint8Array(valueSize)
  value.set(data!.subarray(0, valueSize))
  const valueAt = code.data(value)
  const keyAt = code.room(4)
  const at = code.room(32)
  code.step('value', label)
  if (place !== undefined) code.copyFromUser(valueAt, valueSize, place + MAP_INITIAL_VALUE)
  code.copy(at, slot, 4)
  code.pointer(at + 8, keyAt)
  code.pointer(at + 16, valueAt)
  code.bpf(BPF_MAP_UPDATE_ELEM, at, 32)
  code.giveUpOnError()
  if (frozen !== true) return valueAt
  const freezeAt = code.room(4)
  code.step('freeze', label)
  code.copy(freezeAt, slot, 4)
  code.bpf(BPF_MAP_FREEZE, freezeAt, 4)
  code.giveUpOnError()
  return valueAt
}
