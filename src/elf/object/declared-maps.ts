// The maps of the section `.maps`: a variable each, with its initial values from relocations.

import { resolve, sizeOf } from '../../btf/index.ts'
import type { MapSpec } from '../../spec/spec.ts'
import { BPF_MAP_TYPE_PROG_ARRAY } from '../../sys/bpf-constants.generated.ts'
import type { CompiledMap } from './compiled-object.ts'
import { type ObjectRelocation, type ReadContext, refuse, relocationsOf, whyNoTypes } from './context.ts'
import { type MapDefinition, parseMapDefinition } from './map-definition.ts'
import type { ObjectSymbol } from './symbols.ts'

export interface PlacedMap {
  readonly map: CompiledMap
  /** index of the section and the bytes of it that the map's variable takes */
  readonly section: number
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Throws ObjectError, BtfError. */
export function readDeclaredMaps(context: ReadContext, btfBytes: Uint8Array | undefined): PlacedMap[] {
  const section = context.elf.sections.find(each => each.name === '.maps' && each.sizeBytes > 0)
  if (section === undefined) return []
  const { btf } = context
  const datasec = btf?.find('.maps', 'datasec')
  if (btf === undefined || datasec === undefined || btfBytes === undefined)
    return refuse(context, `the maps here are described by BTF, ${whyNoTypes(context.elf)}`, {
      section: '.maps',
    })
  const relocations = relocationsOf(context, section)
  const symbols = context.symbols.bySection.get(section.index) ?? []
  const placed = datasec.vars.map(({ typeId, sizeBytes }): PlacedMap => {
    const variable = btf.type(typeId)
    if (variable.kind !== 'var')
      return refuse(context, `BTF type ${typeId} is ${variable.kind}, not a variable`, { section: '.maps' })
    const { name: label } = variable
    const fail = (what: string) => refuse(context, what, { map: label, section: '.maps' })
    const symbol = symbols.find(each => each.name === label)
    if (symbol === undefined) {
      const isExtern = context.symbols.bySection.get(0)?.some(each => each.name === label) === true
      return fail(
        isExtern
          ? 'it is declared extern: link the object with the one that defines it (bee gen object)'
          : 'its variable has no symbol',
      )
    }
    const struct = resolve(btf, btf.type(variable.typeId))
    if (struct.kind !== 'struct') return fail(`its definition is ${struct.kind} and not a struct`)
    const definition = parseMapDefinition(btf, struct, fail)
    const size = symbol.sizeBytes || sizeBytes || sizeOf(btf, struct)
    const values = readValues(context, definition, symbol, size, relocations, fail)
    const map: CompiledMap = {
      ...mapSpec(label, definition, btfBytes),
      ...{ section: '.maps', label, role: 'map', autocreate: true },
      keyTypeId: definition.keyTypeId,
      valueTypeId: definition.valueTypeId,
      ...(values === undefined ? {} : { values }),
      ...(definition.pinned ? { pinned: true } : {}),
    }
    return { map, section: section.index, offsetBytes: symbol.value, sizeBytes: size }
  })
  for (const { map } of placed) checkMapValues(context, map, placed)
  return placed
}

function mapSpec(name: string, definition: MapDefinition, btfBytes: Uint8Array): MapSpec {
  const { type, keySize, valueSize, maxEntries, flags, keyTypeId, valueTypeId, inner } = definition
  return {
    ...{ name, type, keySize, valueSize, maxEntries },
    ...(flags === 0 ? {} : { flags }),
    ...(definition.numaNode === undefined ? {} : { numaNode: definition.numaNode }),
    ...(definition.mapExtra === undefined ? {} : { mapExtra: definition.mapExtra }),
    ...(keyTypeId === 0 && valueTypeId === 0 ? {} : { btf: { data: btfBytes, keyTypeId, valueTypeId } }),
    ...(inner === undefined ? {} : { inner: mapSpec(`${name}.inner`, inner, btfBytes) }),
  }
}

/** Pointers in the array of initial values: 8 bytes each, filled by relocations. */
function readValues(
  { elf }: ReadContext,
  definition: MapDefinition,
  symbol: ObjectSymbol,
  sizeBytes: number,
  relocations: ReadonlyMap<number, ObjectRelocation>,
  fail: (what: string) => never,
): readonly (string | undefined)[] | undefined {
  if (definition.valuesOffset === undefined) return undefined
  const start = symbol.value + definition.valuesOffset
  const values: (string | undefined)[] = []
  for (const { offset, symbol: target } of relocations.values()) {
    if (offset < start || offset >= symbol.value + sizeBytes) continue
    const index = (offset - start) / 8
    if (!Number.isInteger(index)) return fail(`initial value at byte ${offset} is not aligned`)
    const isProgram = definition.type === BPF_MAP_TYPE_PROG_ARRAY
    if (isProgram !== target.isFunction)
      return fail(
        `initial value ${index} is "${target.name}", which is ${isProgram ? 'no program' : 'no map'}`,
      )
    if (!isProgram && elf.sections[target.section]?.name !== '.maps')
      return fail(`initial value ${index} is "${target.name}", which is no map`)
    values[index] = target.name
  }
  return Array.from(values)
}

/** Maps of maps are filled with maps of the same object. */
function checkMapValues(context: ReadContext, map: CompiledMap, all: readonly PlacedMap[]): void {
  if (map.type === BPF_MAP_TYPE_PROG_ARRAY) return
  for (const value of map.values ?? [])
    if (value !== undefined && !all.some(other => other.map.label === value))
      refuse(context, `initial value "${value}" is not among the maps`, { map: map.label, section: '.maps' })
}
