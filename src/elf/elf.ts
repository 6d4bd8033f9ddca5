// An ELF file opened: its header, its sections and its segments. What is in them is read when asked for.

import { ElfError } from '../errors/index.ts'
import { type ByteSource, readRange } from './byte-source.ts'
import { SHN_XINDEX } from './constants.ts'
import { type ElfEncoding, FieldReader } from './field-reader.ts'
import { asBuffer, stringAt } from './strings.ts'

/** Header and tables of an ELF file. Nothing of it changes; it is good for as long as `source` is. */
export interface Elf extends ElfEncoding {
  readonly source: ByteSource
  /** `ET_DYN` … */
  readonly type: number
  /** `EM_X86_64` … */
  readonly machine: number
  readonly entry: number
  readonly flags: number
  readonly osAbi: number
  /** in file order; index 0 is the null section */
  readonly sections: readonly ElfSection[]
  readonly segments: readonly ElfSegment[]
}

/** One section header (Elf64_Shdr). */
export interface ElfSection {
  readonly index: number
  readonly name: string
  /** `SHT_PROGBITS` … */
  readonly type: number
  /** `SHF_ALLOC | …`; only the low 32 bits, which are all that is defined */
  readonly flags: number
  readonly address: number
  readonly offset: number
  readonly sizeBytes: number
  readonly link: number
  readonly info: number
  readonly alignBytes: number
  /** of a table's entries, 0 for what is no table */
  readonly entryBytes: number
}

/** One program header (Elf64_Phdr). */
export interface ElfSegment {
  /** `PT_LOAD` … */
  readonly type: number
  /** `PF_X | …` */
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly fileBytes: number
  readonly memoryBytes: number
  readonly alignBytes: number
}

/** Whether bytes begin as an ELF file does. */
export const isElf = (start: Uint8Array): boolean =>
  start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46

/**
 * Reads header, section headers and program headers: a few kilobytes, however large the file.
 * @throws ElfError when it is no ELF file, or a table does not lie within it
 *
 *     Elf64_Ehdr                       Elf32_Ehdr
 *      0  ident: magic class data …     0   the same
 *     16  u16 type, machine            16
 *     20  u32 version                  20
 *     24  entry phoff shoff (3 x 8)    24  (3 x 4)
 *     48  u32 flags                    36
 *     52  u16 ehsize phentsize phnum   40
 *     58      shentsize shnum shstrndx 46
 */
export function parseElf(source: ByteSource): Elf {
  if (source.sizeBytes < 52 || !isElf(readRange(source, 0, 4, 'magic number')))
    throw new ElfError(source.name, 'not an ELF file')
  const ident = readRange(source, 0, 16, 'identification')
  const [elfClass, data] = [ident[4], ident[5]]
  if (elfClass !== 1 && elfClass !== 2)
    throw new ElfError(source.name, `ELF class ${elfClass} is neither 1 (32 bits) nor 2 (64 bits)`, {
      offset: 4,
    })
  if (data !== 1 && data !== 2)
    throw new ElfError(source.name, `ELF byte order ${data} is neither 1 (little) nor 2 (big)`, { offset: 5 })
  const encoding = { is64: elfClass === 2, littleEndian: data === 1 }
  const word = encoding.is64 ? 8 : 4
  const header = new FieldReader(readRange(source, 0, 40 + 3 * word, 'header'), encoding)
  const counts = 28 + 3 * word // ehsize
  const place: TablePlace = {
    sectionsAt: header.size(24 + 2 * word),
    sectionBytes: header.u16(counts + 6),
    sectionCount: header.u16(counts + 8),
    namesIndex: header.u16(counts + 10),
    segmentsAt: header.size(24 + word),
    segmentBytes: header.u16(counts + 2),
    segmentCount: header.u16(counts + 4),
  }
  const { sections, segmentCount } = readSections(source, encoding, place)
  return {
    source,
    ...encoding,
    type: header.u16(16),
    machine: header.u16(18),
    entry: header.address(24),
    flags: header.u32(24 + 3 * word),
    osAbi: ident[7]!,
    sections,
    segments: readSegments(source, encoding, place, segmentCount),
  }
}

/** The first section of that name. */
export const findSection = (elf: Elf, name: string): ElfSection | undefined =>
  elf.sections.find(section => section.name === name)

/** What messages call a section. */
export const sectionLabel = (section: ElfSection): string =>
  section.name === '' ? `section ${section.index}` : `section ${section.name}`

interface TablePlace {
  sectionsAt: number
  sectionBytes: number
  sectionCount: number
  namesIndex: number
  segmentsAt: number
  segmentBytes: number
  segmentCount: number
}

/** Counts that do not fit the header's 16 bits stand in the null section: sections, names, segments. */
function readSections(
  source: ByteSource,
  encoding: ElfEncoding,
  place: TablePlace,
): { sections: ElfSection[]; segmentCount: number } {
  if (place.sectionsAt === 0) return { sections: [], segmentCount: place.segmentCount }
  const size = encoding.is64 ? 64 : 40
  if (place.sectionBytes < size)
    throw new ElfError(source.name, `section headers of ${place.sectionBytes} bytes instead of ${size}`, {
      offset: 46 + (encoding.is64 ? 12 : 0),
    })
  const first = new FieldReader(readRange(source, place.sectionsAt, size, 'first section header'), encoding)
  const null0 = sectionAt(first, 0, 0, encoding.is64)
  const count = place.sectionCount === 0 ? null0.sizeBytes : place.sectionCount
  const namesIndex = place.namesIndex === SHN_XINDEX ? null0.link : place.namesIndex
  const segmentCount = place.segmentCount === PN_XNUM ? null0.info : place.segmentCount
  const bytes = readRange(source, place.sectionsAt, count * place.sectionBytes, 'section header table')
  const fields = new FieldReader(bytes, encoding)
  const bare: ElfSection[] = []
  for (let i = 0; i < count; i++) bare.push(sectionAt(fields, i * place.sectionBytes, i, encoding.is64))
  if (namesIndex === 0) return { sections: bare, segmentCount }
  const names = bare[namesIndex]
  if (names === undefined)
    throw new ElfError(source.name, `section names stand in section ${namesIndex} of ${count}`)
  const table = asBuffer(readRange(source, names.offset, names.sizeBytes, 'section name table'))
  const sections = bare.map((section, i) => ({
    ...section,
    name: stringAt(table, fields.u32(i * place.sectionBytes)),
  }))
  return { sections, segmentCount }
}

/** e_phnum when there are 65535 segments or more */
const PN_XNUM = 0xffff

/**
 *     Elf64_Shdr                                Elf32_Shdr: the same order, every field u32
 *      0 u32 name, type   8 flags address offset size (4 x 8)
 *     40 u32 link, info  48 addralign entsize (2 x 8)
 */
function sectionAt(fields: FieldReader, at: number, index: number, is64: boolean): ElfSection {
  const word = is64 ? 8 : 4
  const link = at + 8 + 4 * word
  return {
    index,
    name: '',
    type: fields.u32(at + 4),
    flags: fields.size(at + 8) >>> 0,
    address: fields.address(at + 8 + word),
    offset: fields.size(at + 8 + 2 * word),
    sizeBytes: fields.size(at + 8 + 3 * word),
    link: fields.u32(link),
    info: fields.u32(link + 4),
    alignBytes: fields.size(link + 8),
    entryBytes: fields.size(link + 8 + word),
  }
}

/**
 *     Elf64_Phdr  0 u32 type flags  8 offset vaddr paddr filesz memsz align (6 x 8)
 *     Elf32_Phdr  0 u32 type offset vaddr paddr filesz memsz flags align
 */
function readSegments(
  source: ByteSource,
  encoding: ElfEncoding,
  place: TablePlace,
  count: number,
): ElfSegment[] {
  if (place.segmentsAt === 0 || count === 0) return []
  const size = encoding.is64 ? 56 : 32
  if (place.segmentBytes < size)
    throw new ElfError(source.name, `program headers of ${place.segmentBytes} bytes instead of ${size}`)
  const bytes = readRange(source, place.segmentsAt, count * place.segmentBytes, 'program header table')
  const fields = new FieldReader(bytes, encoding)
  const word = encoding.is64 ? 8 : 4
  const segments: ElfSegment[] = []
  for (let i = 0; i < count; i++) {
    const at = i * place.segmentBytes
    const offset = at + word // 4 in 32 bits, 8 behind the flags in 64
    segments.push({
      type: fields.u32(at),
      flags: fields.u32(encoding.is64 ? at + 4 : at + 24),
      offset: fields.size(offset),
      address: fields.address(offset + word),
      fileBytes: fields.size(offset + 3 * word),
      memoryBytes: fields.size(offset + 4 * word),
      alignBytes: fields.size(encoding.is64 ? at + 48 : at + 28),
    })
  }
  return segments
}
