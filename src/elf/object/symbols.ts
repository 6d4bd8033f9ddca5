// The symbols of an object as objects of their own: there are few, and every part of the reader looks at them.

import { ElfError } from '../../errors/index.ts'
import { SHN_LORESERVE, SHT_SYMTAB, STB_LOCAL, STB_WEAK, STT_FUNC, STT_SECTION } from '../constants.ts'
import type { Elf } from '../elf.ts'
import { readSymbols } from '../symbol-table.ts'

const STV_INTERNAL = 1
const STV_HIDDEN = 2

export interface ObjectSymbol {
  readonly index: number
  readonly name: string
  /** bytes into its section */
  readonly value: number
  readonly sizeBytes: number
  /** index of the section; 0 for what the kernel must provide */
  readonly section: number
  readonly isFunction: boolean
  readonly isSection: boolean
  readonly isLocal: boolean
  readonly isWeak: boolean
  /** visible within the object only: the verifier may see its callers, and must not check it by itself */
  readonly isHidden: boolean
}

export interface ObjectSymbols {
  /** the ELF section they are from, which relocations name */
  readonly tableIndex: number
  readonly all: readonly ObjectSymbol[]
  readonly bySection: ReadonlyMap<number, readonly ObjectSymbol[]>
}

/** Throws ElfError for an object without symbols. */
export function readObjectSymbols(elf: Elf): ObjectSymbols {
  const section = elf.sections.find(each => each.type === SHT_SYMTAB)
  if (section === undefined)
    throw new ElfError(elf.source.name, 'has no symbol table: a stripped object cannot be loaded')
  const table = readSymbols(elf, section)
  const all: ObjectSymbol[] = []
  const bySection = new Map<number, ObjectSymbol[]>()
  for (let index = 0; index < table.count; index++) {
    const type = table.type(index)
    const symbol: ObjectSymbol = {
      index,
      name: table.name(index),
      value: table.value[index]!,
      sizeBytes: table.sizeBytes[index]!,
      section: table.section[index]!,
      isFunction: type === STT_FUNC,
      isSection: type === STT_SECTION,
      isLocal: table.binding(index) === STB_LOCAL,
      isWeak: table.binding(index) === STB_WEAK,
      isHidden: (table.other[index]! & 3) === STV_HIDDEN || (table.other[index]! & 3) === STV_INTERNAL,
    }
    // places in a section; what reads as an address of the kernel's half lies in none
    if (symbol.value < 0 && symbol.section > 0 && symbol.section < SHN_LORESERVE)
      throw new ElfError(elf.source.name, `symbol ${index} "${symbol.name}" lies outside of its section`)
    all.push(symbol)
    const list = bySection.get(symbol.section)
    if (list === undefined) bySection.set(symbol.section, [symbol])
    else list.push(symbol)
  }
  return { tableIndex: section.index, all, bySection }
}
