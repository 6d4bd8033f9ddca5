// The types of all objects as one: .BTF without what is there twice, and .BTF.ext with the places and ids of the result.

import {
  type Btf,
  BtfBuilder,
  type BtfDatasec,
  type BtfType,
  dedupTypes,
  LINE_FIELDS,
  type NewBtfExtSection,
  type NewBtfType,
  withTypeIds,
  writeBtfExt,
} from '../../btf/index.ts'
import { ObjectError } from '../../errors/index.ts'
import type { Global } from './globals.ts'
import type { InputTypes, LinkInput } from './link-input.ts'
import type { MergedSections } from './merge-sections.ts'

export interface MergedTypes {
  readonly btf: Uint8Array
  /** undefined when no object has any */
  readonly ext: Uint8Array | undefined
}

/** Sections of BTF that no ELF section stands behind: what the kernel provides, and what another object does. */
const UNPLACED = ['.ksyms', '.extern']

/** Undefined when no object has types. Throws ObjectError, BtfError. */
export function mergeTypes(
  inputs: readonly LinkInput[],
  sections: MergedSections,
  globals: ReadonlyMap<string, Global>,
  littleEndian: boolean,
): MergedTypes | undefined {
  const typed = inputs.filter((each): each is TypedInput => each.types !== undefined)
  if (typed.length === 0) return undefined
  const { types, idOf } = gather(typed, globals)
  const builder = new BtfBuilder()
  for (const type of types) builder.add(type)
  for (const datasec of mergeDatasecs(typed, sections, globals, idOf)) builder.add(datasec)
  const ext = writeBtfExt(
    mergeExt(typed, sections, idOf, builder),
    text => builder.string(text),
    littleEndian,
  )
  return { btf: builder.build(littleEndian), ext }
}

type TypedInput = LinkInput & { readonly types: InputTypes }
/** New id of an object's type; 0 for what is left out. */
type IdOf = (input: TypedInput, id: number) => number

/** All types but sections of variables, each once. A name that several objects have is what the one says that counts. */
function gather(
  inputs: readonly TypedInput[],
  globals: ReadonlyMap<string, Global>,
): { types: readonly NewBtfType[]; idOf: IdOf } {
  const all: { readonly input: TypedInput; readonly type: NewBtfType }[] = []
  const places = new Map<LinkInput, Uint32Array>()
  const elsewhere: Elsewhere[] = []
  for (const input of inputs) {
    const { btf } = input.types
    const ids = new Uint32Array(btf.typeCount + 1)
    places.set(input, ids)
    const others = declaredElsewhere(input, globals)
    elsewhere.push(...others)
    const skipped = new Set(others.map(each => each.id))
    for (let id = 1; id < ids.length; id++) {
      const type = btf.type(id)
      if (skipped.has(id) || isLeftOut(type, globals)) continue
      // tags of what is left out go with it
      if (type.kind === 'declTag' && isLeftOut(btf.type(type.typeId), globals)) continue
      ids[id] = all.push({ input, type: withTypeIds(type, each => each) })
    }
  }
  for (const { input, id, counts } of elsewhere)
    places.get(input)![id] = places.get(counts.input)?.[counts.id] ?? 0
  const types = all.map(({ input, type }) =>
    withTypeIds(type, id => {
      const place = id === 0 ? 0 : places.get(input)![id]
      if (place !== undefined && (place !== 0 || id === 0)) return place
      throw new ObjectError(
        input.file,
        `${type.kind} "${type.name}" of its BTF refers to type ${id}, which is not there`,
      )
    }),
  )
  const { types: few, newIds } = dedupTypes(types)
  return { types: few, idOf: (input, id) => newIds[places.get(input)![id] ?? 0]! }
}

/** A type of an object, and the one of another object that counts in its place. */
interface Elsewhere {
  readonly input: TypedInput
  readonly id: number
  readonly counts: { readonly input: LinkInput; readonly id: number }
}

/** Variables and functions, with the prototypes of these: that of an `extern` function does not name its parameters. */
function declaredElsewhere(input: TypedInput, globals: ReadonlyMap<string, Global>): Elsewhere[] {
  const { btf } = input.types
  const found: Elsewhere[] = []
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    const chosen = isShared(type) ? globals.get(type.name)?.chosen : undefined
    if (chosen?.btfId === undefined || (chosen.input === input && chosen.btfId === id)) continue
    found.push({ input, id, counts: { input: chosen.input, id: chosen.btfId } })
    const other = chosen.input.types!.btf.type(chosen.btfId)
    if (type.kind !== 'func' || other.kind !== 'func' || chosen.input === input) continue
    // never one that is itself another's: those have no names
    if (!hasNames(btf, type.typeId) && hasNames(chosen.input.types!.btf, other.typeId))
      found.push({ input, id: type.typeId, counts: { input: chosen.input, id: other.typeId } })
  }
  return found
}

function hasNames(btf: Btf, typeId: number): boolean {
  const proto = btf.type(typeId)
  return proto.kind !== 'funcProto' || proto.params.some(({ name }) => name !== '')
}

/** Sections of variables are made anew; a licence that is there already is gone, and what is declared and never used. */
const isLeftOut = (type: BtfType, globals: ReadonlyMap<string, Global>): boolean =>
  type.kind === 'datasec' || (isShared(type) && !globals.has(type.name))

const isShared = (type: BtfType): boolean =>
  (type.kind === 'var' || type.kind === 'func') && type.linkage !== 'static'

function mergeDatasecs(
  inputs: readonly TypedInput[],
  sections: MergedSections,
  globals: ReadonlyMap<string, Global>,
  idOf: IdOf,
): NewBtfType[] {
  const merged = new Map<string, { sizeBytes: number; vars: BtfDatasec['vars'][number][] }>()
  for (const input of inputs)
    for (const { name, vars } of input.types.datasecs) {
      const source = input.sections.find(each => each.name === name)
      const place = source && sections.place(input, source.index)
      // `.extern` is what was looked for in the other objects
      if (name === '.extern' || (source !== undefined && place === undefined)) continue
      let into = merged.get(name)
      if (into === undefined) {
        const sizeBytes = sections.list.find(each => each.name === name)?.sizeBytes ?? 0
        merged.set(name, (into = { sizeBytes, vars: [] }))
      }
      for (const entry of vars) {
        const typeId = idOf(input, entry.typeId)
        if (typeId === 0) continue
        const type = input.types.btf.type(entry.typeId)
        const global = isShared(type) ? globals.get(type.name) : undefined
        if (global === undefined) {
          into.vars.push({ ...entry, typeId, offsetBytes: entry.offsetBytes + (place?.offset ?? 0) })
          continue
        }
        const offsetBytes = placeOf(global, name, input, sections)
        if (offsetBytes !== undefined) into.vars.push({ ...entry, typeId, offsetBytes })
      }
    }
  return [...merged].map(([name, { sizeBytes, vars }]) => ({
    ...{ kind: 'datasec', name, sizeBytes },
    vars: vars.sort((a, b) => a.offsetBytes - b.offsetBytes),
  }))
}

/** Bytes into the section; undefined where another object's entry is the one that counts. Throws ObjectError. */
function placeOf(
  { name, chosen, isDefined }: Global,
  section: string,
  input: LinkInput,
  sections: MergedSections,
): number | undefined {
  if (!isDefined) return chosen.input === input ? 0 : undefined
  const place = sections.place(chosen.input, chosen.symbol.section)
  const defined = place && sections.list[place.index]
  if (place === undefined || defined === undefined || UNPLACED.includes(section)) return undefined
  if (defined.name !== section)
    throw new ObjectError(
      input.file,
      `"${name}" is declared in section ${section} here and defined in section ${defined.name} of ${chosen.input.file}`,
    )
  return chosen.input === input ? chosen.symbol.value + place.offset : undefined
}

function mergeExt(
  inputs: readonly TypedInput[],
  sections: MergedSections,
  idOf: IdOf,
  builder: BtfBuilder,
): NewBtfExtSection[] {
  const merged = new Map<
    string,
    { functions: MutableFunctions; lines: number[]; relocations: MutableRelocations }
  >()
  for (const input of inputs) {
    const { btf, ext } = input.types
    for (const [name, section] of ext) {
      const source = input.sections.find(each => each.name === name)
      const place = source && sections.place(input, source.index)
      const fail = (what: string): never => {
        throw new ObjectError(input.file, what, { section: name })
      }
      if (place === undefined) return fail('.BTF.ext tells of it, but it is not there')
      let into = merged.get(name)
      if (into === undefined) merged.set(name, (into = { functions: [], lines: [], relocations: [] }))
      const move = (id: number): number =>
        idOf(input, id) || (id === 0 ? 0 : fail(`.BTF.ext refers to type ${id}, which is not there`))
      for (const { offsetBytes, typeId } of section.functions)
        into.functions.push({ offsetBytes: offsetBytes + place.offset, typeId: move(typeId) })
      const { lines } = section
      for (let at = 0; at < lines.length; at += LINE_FIELDS) {
        const [file, line] = [btf.string(lines[at + 1]!), btf.string(lines[at + 2]!)]
        into.lines.push(lines[at]! + place.offset, builder.string(file), builder.string(line), lines[at + 3]!)
      }
      for (const each of section.relocations) {
        const { offsetBytes, typeId } = each
        into.relocations.push({ ...each, offsetBytes: offsetBytes + place.offset, typeId: move(typeId) })
      }
    }
  }
  return [...merged].map(([name, parts]) => ({ name, ...parts }))
}

type MutableFunctions = NewBtfExtSection['functions'][number][]
type MutableRelocations = NewBtfExtSection['relocations'][number][]
