// The symbols of the result, and where each object's own have gone.

import { ObjectError } from '../../errors/index.ts'
import { BPF_CALL, BPF_JMP } from '../../sys/bpf-constants.generated.ts'
import { SHN_LORESERVE, STB_GLOBAL, STB_LOCAL, STB_WEAK, STT_SECTION } from '../constants.ts'
import type { Global } from './globals.ts'
import { isExecutable, type LinkInput } from './link-input.ts'
import type { MergedSection, MergedSections } from './merge-sections.ts'
import type { NewRelocation, NewSymbol } from './write-elf.ts'

export interface PlacedSymbols {
  readonly list: readonly NewSymbol[]
  /** place in `list` of an object's symbol by its index; undefined for what is left out */
  readonly indexOf: (input: LinkInput, symbol: number) => number | undefined
}

/** Local ones first, as ELF has it; a symbol for a section once. */
export function placeSymbols(
  inputs: readonly LinkInput[],
  sections: MergedSections,
  globals: ReadonlyMap<string, Global>,
): PlacedSymbols {
  const list: NewSymbol[] = []
  const places = new Map<LinkInput, Map<number, number>>(inputs.map(input => [input, new Map()]))
  const sectionSymbols = new Map<number, number>()
  for (const input of inputs)
    for (const [index, symbol] of input.symbols.entries()) {
      if (index === 0 || symbol.binding !== STB_LOCAL) continue
      const isPlain = symbol.section >= SHN_LORESERVE
      const place = isPlain ? undefined : sections.place(input, symbol.section)
      if (!isPlain && place === undefined) continue
      const isSection = symbol.type === STT_SECTION
      let at = isSection && place !== undefined ? sectionSymbols.get(place.index) : undefined
      if (at === undefined) {
        const value = isSection ? 0 : symbol.value + (place?.offset ?? 0)
        at = list.push({ ...symbol, value, section: place?.index ?? symbol.section }) - 1
        if (isSection && place !== undefined) sectionSymbols.set(place.index, at)
      }
      places.get(input)!.set(index, at)
    }
  const globalPlaces = new Map<string, number>()
  for (const global of globals.values())
    globalPlaces.set(global.name, list.push(globalSymbol(global, sections)) - 1)
  for (const input of inputs)
    for (const [index, { name, binding }] of input.symbols.entries()) {
      const at = binding === STB_LOCAL ? undefined : globalPlaces.get(name)
      if (at !== undefined) places.get(input)!.set(index, at)
    }
  return { list, indexOf: (input, symbol) => places.get(input)?.get(symbol) }
}

function globalSymbol(
  { name, chosen, isDefined, isWeak, visibility }: Global,
  sections: MergedSections,
): NewSymbol {
  const { symbol, input } = chosen
  const place = isDefined ? sections.place(input, symbol.section) : undefined
  return {
    ...{ name, visibility, type: symbol.type, sizeBytes: symbol.sizeBytes },
    binding: isWeak ? STB_WEAK : STB_GLOBAL,
    value: symbol.value + (place?.offset ?? 0),
    section: place?.index ?? (symbol.section >= SHN_LORESERVE ? symbol.section : undefined),
  }
}

/**
 * The relocations of a merged section. What instructions say by the distance from the start of a section is moved along in
 * `data`: calls count instructions, loads bytes.
 * @throws ObjectError for a reference to what is left out
 */
export function moveRelocations(
  section: MergedSection,
  data: Uint8Array,
  sections: MergedSections,
  symbols: PlacedSymbols,
): NewRelocation[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return section.parts.flatMap(({ input, section: source, offset: start }) =>
    source.relocations.map(({ offset, symbol, type }): NewRelocation => {
      const fail = (what: string): never => {
        const { name } = input.symbols[symbol]!
        const label = name === '' ? `symbol ${symbol}` : `"${name}"`
        throw new ObjectError(input.file, `byte ${offset} refers to ${label}, ${what}`, {
          section: section.name,
        })
      }
      const at = symbols.indexOf(input, symbol) ?? fail('which is in no section that is linked')
      const target = input.symbols[symbol]!
      if (target.type === STT_SECTION && target.section < SHN_LORESERVE) {
        if (!isExecutable(section)) fail('a section as a whole, which data cannot')
        const moved = sections.place(input, target.section)!.offset
        const [where, little] = [start + offset, input.littleEndian]
        const step = data[where] === (BPF_JMP | BPF_CALL) ? moved / 8 : moved
        view.setInt32(where + 4, view.getInt32(where + 4, little) + step, little)
      }
      return { offset: start + offset, symbol: at, type }
    }),
  )
}
