// Relocations as columns: where, which symbol, what kind, what to add.

import { ElfError } from '../errors/index.ts'
import { SHT_REL, SHT_RELA } from './constants.ts'
import { type Elf, type ElfSection, sectionLabel } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { sectionData } from './section-data.ts'

/** The entries of one relocation section; entry i is the i-th element of each column. */
export interface Relocations {
  readonly count: number
  /** index of the section that is patched (`sh_info`); 0 for those of the dynamic loader */
  readonly target: number
  /** index of the symbol table that `symbol` counts in (`sh_link`) */
  readonly symbols: number
  /** in an object file: bytes from the start of the target section */
  readonly offset: Float64Array
  readonly symbol: Uint32Array
  /** `R_BPF_64_64` … */
  readonly type: Uint32Array
  /** undefined for SHT_REL, where the addend stands in the patched bytes */
  readonly addend: Float64Array | undefined
}

/** Sections with relocations for section `target`. */
export const relocationSectionsFor = (elf: Elf, target: number): ElfSection[] =>
  elf.sections.filter(section => isRelocation(section) && section.info === target)

const isRelocation = (section: ElfSection) => section.type === SHT_REL || section.type === SHT_RELA

/**
 * Reads a section of type SHT_REL or SHT_RELA. The order of r_info's halves is the usual one, not that of
 * little-endian MIPS64.
 * @throws ElfError when it is of another type, or its size is no multiple of an entry's
 *
 *     Elf64_Rel(a)  u64 offset, u64 info = symbol << 32 | type, (i64 addend)
 *     Elf32_Rel(a)  u32 offset, u32 info = symbol << 8 | type, (i32 addend)
 */
export function readRelocations(elf: Elf, section: ElfSection): Relocations {
  const fail = (what: string): never => {
    const where = { section: section.name, offset: section.offset }
    throw new ElfError(elf.source.name, `${sectionLabel(section)}: ${what}`, where)
  }
  if (!isRelocation(section)) return fail(`of type ${section.type}, which holds no relocations`)
  const withAddend = section.type === SHT_RELA
  const word = elf.is64 ? 8 : 4
  const stride = word * (withAddend ? 3 : 2)
  const bytes = sectionData(elf, section)
  if (bytes.length % stride !== 0) return fail(`${bytes.length} bytes are no multiple of ${stride}`)
  const fields = new FieldReader(bytes, elf)
  const count = bytes.length / stride
  const offset = new Float64Array(count)
  const symbol = new Uint32Array(count)
  const type = new Uint32Array(count)
  const addend = withAddend ? new Float64Array(count) : undefined
  for (let i = 0; i < count; i++) {
    const at = i * stride
    offset[i] = fields.address(at)
    if (elf.is64) {
      symbol[i] = fields.u32(elf.littleEndian ? at + 12 : at + 8)
      type[i] = fields.u32(elf.littleEndian ? at + 8 : at + 12)
    } else {
      symbol[i] = fields.u32(at + 4) >>> 8
      type[i] = fields.u32(at + 4) & 0xff
    }
    if (addend !== undefined) addend[i] = fields.signed(at + 2 * word)
  }
  return { count, target: section.info, symbols: section.link, offset, symbol, type, addend }
}
