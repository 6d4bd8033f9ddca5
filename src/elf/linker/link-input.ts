// One object to be linked: what of it goes into the result, checked.

import { type Btf, type BtfDatasec, type BtfExtSection, parseBtf, parseBtfExt } from '../../btf/index.ts'
import { ObjectError } from '../../errors/index.ts'
import { bytesSource } from '../byte-source.ts'
import {
  EM_BPF,
  ET_REL,
  R_BPF_64_32,
  R_BPF_64_64,
  R_BPF_64_ABS32,
  R_BPF_64_ABS64,
  SHF_EXECINSTR,
  SHN_COMMON,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_NULL,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_LOCAL,
  STB_WEAK,
  STT_NOTYPE,
  STV_DEFAULT,
  STV_HIDDEN,
} from '../constants.ts'
import { type Elf, type ElfSection, findSection, isElf, parseElf } from '../elf.ts'
import { JUMP_TABLES } from '../object/jump-tables.ts'
import { readRelocations } from '../relocations.ts'
import { sectionData } from '../section-data.ts'
import { readSymbols } from '../symbol-table.ts'

export interface LinkInput {
  /** as the user named it */
  readonly file: string
  readonly littleEndian: boolean
  /** those of code and data */
  readonly sections: readonly InputSection[]
  /** by their index; the null symbol is the first */
  readonly symbols: readonly InputSymbol[]
  readonly types: InputTypes | undefined
}

export interface InputSection {
  /** in the file */
  readonly index: number
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly alignBytes: number
  readonly entryBytes: number
  readonly sizeBytes: number
  readonly data: Uint8Array
  readonly relocations: readonly { readonly offset: number; readonly symbol: number; readonly type: number }[]
}

export interface InputSymbol {
  readonly name: string
  readonly value: number
  readonly sizeBytes: number
  /** STT_* */
  readonly type: number
  /** STB_* */
  readonly binding: number
  /** STV_* */
  readonly visibility: number
  /** index of a section of the file; 0 when another object or the kernel must define it */
  readonly section: number
}

export interface InputTypes {
  readonly btf: Btf
  readonly datasecs: readonly BtfDatasec[]
  /** variables and functions that are not static, by name */
  readonly globals: ReadonlyMap<string, number>
  readonly ext: ReadonlyMap<string, BtfExtSection>
}

/** Addresses that clang says are significant: of no use to BPF */
const SHT_LLVM_ADDRSIG = 0x6fff4c03
/** No section asks for more; a header can say anything. */
const ALIGN_MAX = 1 << 16

/** Throws ElfError, BtfError for what is malformed, ObjectError for what cannot be linked. */
export function readLinkInput(bytes: Uint8Array, file: string): LinkInput {
  const fail = (what: string, section?: string): never => {
    throw new ObjectError(file, what, section === undefined ? {} : { section })
  }
  if (!isElf(bytes)) return fail('is no compiled object: it does not start as an ELF file does')
  const elf = parseElf(bytesSource(file, bytes))
  if (!elf.is64 || elf.machine !== EM_BPF || elf.type !== ET_REL)
    return fail('is no relocatable object for BPF: only what clang -target bpf -c makes can be linked')
  const symbols = readInputSymbols(elf, fail)
  const sections: InputSection[] = []
  for (const section of elf.sections) {
    if (!isLinked(section, fail)) continue
    if (sections.some(({ name }) => name === section.name))
      fail('there are two sections of this name', section.name)
    sections.push({ ...section, data: sectionData(elf, section), relocations: [] })
  }
  const withRelocations = sections.map(section => ({
    ...section,
    relocations: relocationsOf(elf, section, symbols.length, fail),
  }))
  return {
    ...{ file, littleEndian: elf.littleEndian, symbols, sections: withRelocations },
    types: readTypes(elf, fail),
  }
}

type Fail = (what: string, section?: string) => never

/** Code and data, but for DWARF, types and what only tools look at. */
function isLinked(section: ElfSection, fail: Fail): boolean {
  const { name, type } = section
  if (section.index === 0 || type === SHT_NULL) return false
  if ([SHT_STRTAB, SHT_SYMTAB, SHT_REL, SHT_LLVM_ADDRSIG].includes(type)) return false
  if (/^\.debug_|^\.BTF(\.ext)?$/.test(name)) return false
  if (name === '') return fail(`section ${section.index} has no name`)
  if (type !== SHT_PROGBITS && type !== SHT_NOBITS)
    return fail(`its type ${type} is not known to linking`, name)
  if (name === '.text' && section.sizeBytes === 0) return false
  const { alignBytes: align, sizeBytes, flags } = section
  if (align > ALIGN_MAX || (align & (align - 1)) !== 0)
    return fail(`it cannot be aligned to ${align} bytes`, name)
  if ((flags & SHF_EXECINSTR) !== 0 && sizeBytes % 8 !== 0)
    return fail(`${sizeBytes} bytes are not a whole number of instructions`, name)
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes > SECTION_BYTES_MAX)
    return fail(`${sizeBytes} bytes are too many`, name)
  return true
}

const SECTION_BYTES_MAX = 1 << 30

function readInputSymbols(elf: Elf, fail: Fail): InputSymbol[] {
  const tables = elf.sections.filter(each => each.type === SHT_SYMTAB)
  const [section] = tables
  if (section === undefined || tables.length > 1)
    return fail(section === undefined ? 'has no symbol table' : 'has more than one symbol table')
  const table = readSymbols(elf, section)
  return Array.from({ length: table.count }, (_, i) => {
    const section = table.section[i]!
    // every object numbers its jump tables from 0, and calls them global
    const isJumpTable = elf.sections[section]?.name === JUMP_TABLES
    const symbol: InputSymbol = {
      ...{ name: table.name(i), value: table.value[i]!, sizeBytes: table.sizeBytes[i]!, section },
      ...{ type: table.type(i), visibility: table.other[i]! & 3 },
      binding: isJumpTable ? STB_LOCAL : table.binding(i),
    }
    if (i > 0) checkSymbol(symbol, elf, fail)
    return symbol
  })
}

function checkSymbol({ name, binding, visibility, section, type }: InputSymbol, elf: Elf, fail: Fail): void {
  if (binding > STB_WEAK) fail(`symbol "${name}" has the unknown binding ${binding}`)
  if (visibility !== STV_DEFAULT && visibility !== STV_HIDDEN)
    fail(`symbol "${name}" has visibility ${visibility}: linking knows the default and hidden ones`)
  if (section === SHN_COMMON) fail(`symbol "${name}" is a common one: compile with -fno-common`)
  if (section >= elf.sections.length && section < SHN_LORESERVE)
    fail(`symbol "${name}" is in section ${section}, which does not exist`)
  if (section === 0 && (type !== STT_NOTYPE || binding === STB_LOCAL))
    fail(`symbol "${name}" is local and in no section`)
}

const KNOWN_RELOCATIONS = [R_BPF_64_64, R_BPF_64_ABS64, R_BPF_64_ABS32, R_BPF_64_32]

function relocationsOf(
  elf: Elf,
  target: InputSection,
  symbolCount: number,
  fail: Fail,
): InputSection['relocations'] {
  const found: { offset: number; symbol: number; type: number }[] = []
  for (const section of elf.sections) {
    if (section.type !== SHT_REL || section.info !== target.index) continue
    const table = readRelocations(elf, section)
    for (let i = 0; i < table.count; i++) {
      const [offset, symbol, type] = [table.offset[i]!, table.symbol[i]!, table.type[i]!]
      if (!KNOWN_RELOCATIONS.includes(type))
        fail(`relocation ${i} is of the unknown type ${type}`, target.name)
      if (symbol === 0 || symbol >= symbolCount)
        fail(`relocation ${i} names symbol ${symbol}, which does not exist`, target.name)
      if (offset < 0 || offset + 8 > target.sizeBytes || (isExecutable(target) && offset % 8 !== 0))
        fail(`relocation ${i} stands at byte ${offset} of ${target.sizeBytes}`, target.name)
      found.push({ offset, symbol, type })
    }
  }
  return found
}

export const isExecutable = ({ flags }: { readonly flags: number }): boolean => (flags & SHF_EXECINSTR) !== 0

function readTypes(elf: Elf, fail: Fail): InputTypes | undefined {
  const section = findSection(elf, '.BTF')
  const extSection = findSection(elf, '.BTF.ext')
  if (section === undefined) return extSection === undefined ? undefined : fail('has .BTF.ext but no .BTF')
  const btf = parseBtf(sectionData(elf, section))
  const datasecs: BtfDatasec[] = []
  const globals = new Map<string, number>()
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    if (type.kind === 'datasec') datasecs.push(type)
    else if ((type.kind === 'var' || type.kind === 'func') && type.linkage !== 'static')
      globals.set(type.name, id)
  }
  // a name that is declared twice is what its section has
  for (const { typeId } of datasecs.flatMap(each => each.vars)) {
    const type = btf.type(typeId)
    if ((type.kind === 'var' || type.kind === 'func') && type.linkage !== 'static')
      globals.set(type.name, typeId)
  }
  const ext = extSection === undefined ? new Map() : parseBtfExt(sectionData(elf, extSection), btf)
  return { btf, datasecs, globals, ext }
}
