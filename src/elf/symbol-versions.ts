// Versions of dynamic symbols: `malloc@GLIBC_2.2.5`.

import { SHT_GNU_VERDEF, SHT_GNU_VERNEED, SHT_GNU_VERSYM } from './constants.ts'
import type { Elf, ElfSection } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { sectionData } from './section-data.ts'
import { asBuffer, stringAt } from './strings.ts'

export interface SymbolVersion {
  readonly name: string
  /** whether the file defines it for those who ask for the bare name (`@@`), and not for older ones or by another's version */
  readonly isDefault: boolean
}

/**
 * The version of each symbol of a dynamic symbol table, by index; undefined for symbols without one, which are all
 * when the file has no versions.
 * @throws ElfError when one of the three sections lies outside the file
 */
export function symbolVersions(elf: Elf, table: ElfSection): (index: number) => SymbolVersion | undefined {
  const versions = elf.sections.find(s => s.type === SHT_GNU_VERSYM && s.link === table.index)
  if (versions === undefined) return () => undefined
  const bytes = sectionData(elf, versions)
  const fields = new FieldReader(bytes, elf)
  const names = new Map<number, string>()
  const own = new Set<number>()
  for (const section of elf.sections) {
    if (section.type === SHT_GNU_VERDEF) collectDefined(elf, section, names, own)
    if (section.type === SHT_GNU_VERNEED) collectNeeded(elf, section, names)
  }
  return index => {
    if (index * 2 + 2 > bytes.length) return undefined
    const number = fields.u16(index * 2)
    const name = names.get(number & 0x7fff)
    return name === undefined ? undefined : { name, isDefault: number < 0x8000 && own.has(number) }
  }
}

/**
 *     Verdef   u16 version flags ndx cnt   u32 hash aux next
 *     Verdaux  u32 name next
 *
 * Index 1 with VER_FLG_BASE is the file itself and no version.
 */
function collectDefined(elf: Elf, section: ElfSection, names: Map<number, string>, own: Set<number>): void {
  const { bytes, fields, strings } = versionData(elf, section)
  for (let at = 0, left = section.info; left > 0 && at + 20 <= bytes.length; left--) {
    const aux = at + fields.u32(at + 12)
    if ((fields.u16(at + 2) & VER_FLG_BASE) === 0 && aux + 8 <= bytes.length) {
      const index = fields.u16(at + 4) & 0x7fff
      names.set(index, stringAt(strings, fields.u32(aux)))
      own.add(index)
    }
    const next = fields.u32(at + 16)
    if (next === 0) return
    at += next
  }
}

const VER_FLG_BASE = 1

/**
 *     Verneed  u16 version cnt   u32 file aux next
 *     Vernaux  u32 hash   u16 flags other   u32 name next
 */
function collectNeeded(elf: Elf, section: ElfSection, names: Map<number, string>): void {
  const { bytes, fields, strings } = versionData(elf, section)
  for (let at = 0, left = section.info; left > 0 && at + 16 <= bytes.length; left--) {
    let aux = at + fields.u32(at + 8)
    for (let versions = fields.u16(at + 2); versions > 0 && aux + 16 <= bytes.length; versions--) {
      names.set(fields.u16(aux + 6) & 0x7fff, stringAt(strings, fields.u32(aux + 8)))
      const next = fields.u32(aux + 12)
      if (next === 0) break
      aux += next
    }
    const next = fields.u32(at + 12)
    if (next === 0) return
    at += next
  }
}

function versionData(elf: Elf, section: ElfSection) {
  const bytes = sectionData(elf, section)
  const strings = elf.sections[section.link]
  return {
    bytes,
    fields: new FieldReader(bytes, elf),
    strings: strings === undefined ? Buffer.alloc(0) : asBuffer(sectionData(elf, strings)),
  }
}
