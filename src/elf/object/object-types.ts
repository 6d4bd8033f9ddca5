// The types of an object and what it asks of a kernel's, without its programs and maps.

import { type Btf, type BtfExtSection, parseBtf, parseBtfExt, relocateBtf } from '../../btf/index.ts'
import { ElfError } from '../../errors/index.ts'
import { bytesSource } from '../byte-source.ts'
import { type Elf, findSection, isElf, parseElf } from '../elf.ts'
import { sectionData } from '../section-data.ts'

export interface ObjectTypes {
  readonly btf: Btf
  /** by name of the section of code; empty for an object without .BTF.ext */
  readonly sections: ReadonlyMap<string, BtfExtSection>
}

/**
 * The types of an object, or of a kernel module: those continue the kernel's, `base`. Modules that are built apart from their kernel
 * bring what they need of it (section .BTF.base); their types are relocated to `base` where it is given.
 * @throws ElfError for what is no ELF file or has no BTF; BtfError for BTF that is malformed or does not fit `base`
 */
export function readObjectTypes(bytes: Uint8Array, file: string, base?: Btf): ObjectTypes {
  if (!isElf(bytes)) throw new ElfError(file, `is no compiled object: it does not start as an ELF file does`)
  const elf = parseElf(bytesSource(file, bytes))
  const btf = elfBtf(elf, base)
  const ext = findSection(elf, '.BTF.ext')
  return { btf, sections: ext === undefined ? new Map() : parseBtfExt(sectionData(elf, ext), btf) }
}

/** The types alone; throws as `readObjectTypes`. */
export function elfBtf(elf: Elf, base?: Btf): Btf {
  const section = findSection(elf, '.BTF')
  if (section === undefined)
    throw new ElfError(elf.source.name, 'has no types (section .BTF): was it compiled without -g?')
  const distilled = findSection(elf, '.BTF.base')
  const own = parseBtf(
    sectionData(elf, section),
    distilled === undefined ? base : parseBtf(sectionData(elf, distilled)),
  )
  return distilled === undefined || base === undefined ? own : relocateBtf(own, base)
}
