// What every part of the object reader is handed: the file, its symbols, its types, and what was found so far.

import type { Btf } from '../../btf/index.ts'
import { ObjectError, type ObjectPlace } from '../../errors/index.ts'
import { type Elf, type ElfSection, findSection } from '../elf.ts'
import { readRelocations, relocationSectionsFor } from '../relocations.ts'
import type { ObjectSymbol, ObjectSymbols } from './symbols.ts'

export interface ReadContext {
  /** as the user named it */
  readonly file: string
  /** up to the first dot */
  readonly name: string
  readonly elf: Elf
  readonly symbols: ObjectSymbols
  readonly btf: Btf | undefined
}

export const refuse = (context: { readonly file: string }, what: string, place: ObjectPlace = {}): never => {
  throw new ObjectError(context.file, what, place)
}

/** What to do about an object without BTF. */
export const whyNoTypes = (elf: Elf): string =>
  findSection(elf, '.debug_info') === undefined
    ? 'which the object lacks: compile with -g'
    : 'which the object lacks: it has DWARF only, so use clang 10 or newer with -g, and do not strip .BTF'

export interface ObjectRelocation {
  /** bytes into the section */
  readonly offset: number
  /** R_BPF_* */
  readonly type: number
  readonly symbol: ObjectSymbol
}

/** Relocations of a section by where they apply; a later one for the same place wins. */
export function relocationsOf(context: ReadContext, section: ElfSection): Map<number, ObjectRelocation> {
  const found = new Map<number, ObjectRelocation>()
  for (const each of relocationSectionsFor(context.elf, section.index)) {
    const table = readRelocations(context.elf, each)
    for (let i = 0; i < table.count; i++) {
      const symbol = context.symbols.all[table.symbol[i]!]
      if (symbol === undefined)
        return refuse(context, `relocation ${i} names symbol ${table.symbol[i]}, which does not exist`, {
          section: section.name,
        })
      found.set(table.offset[i]!, { offset: table.offset[i]!, type: table.type[i]!, symbol })
    }
  }
  return found
}
