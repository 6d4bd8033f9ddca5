// A relocatable ELF file of 64 bits, written: sections, symbols and what relates them.

import {
  EM_BPF,
  ET_REL,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_LOCAL,
} from '../constants.ts'

export interface NewElf {
  readonly littleEndian: boolean
  readonly sections: readonly NewSection[]
  /** without the null symbol; those of local binding first */
  readonly symbols: readonly NewSymbol[]
}

export interface NewSection {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly alignBytes: number
  readonly entryBytes: number
  /** of NOBITS the size is all there is */
  readonly sizeBytes: number
  readonly data: Uint8Array
  readonly relocations: readonly NewRelocation[]
}

export interface NewRelocation {
  readonly offset: number
  /** R_BPF_* */
  readonly type: number
  /** place in `symbols` */
  readonly symbol: number
}

export interface NewSymbol {
  readonly name: string
  readonly value: number
  readonly sizeBytes: number
  /** STB_* */
  readonly binding: number
  /** STT_* */
  readonly type: number
  /** STV_* */
  readonly visibility: number
  /** place in `sections`; undefined for one that is not defined here, a number from SHN_LORESERVE on as it is */
  readonly section: number | undefined
}

const HEADER_BYTES = 64
const SYMBOL_BYTES = 24
const REL_BYTES = 16

interface Header {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly link: number
  readonly info: number
  readonly alignBytes: number
  readonly entryBytes: number
  readonly sizeBytes: number
  readonly data: Uint8Array
}

/** Behind the sections come their relocations, then .symtab and .strtab, which has the names of sections, too. */
export function writeElf(elf: NewElf): Uint8Array {
  const { sections, symbols, littleEndian } = elf
  const relocated = sections.filter(each => each.relocations.length > 0)
  const symtab = 1 + sections.length + relocated.length
  const strings = new Strings()
  const symbolBytes = writeSymbols(elf, strings)
  const firstGlobal = symbols.findIndex(each => each.binding !== STB_LOCAL)
  const plain = { link: 0, info: 0, flags: 0, entryBytes: 0 }
  const headers: Header[] = [
    { ...plain, name: '', type: 0, alignBytes: 0, sizeBytes: 0, data: new Uint8Array(0) },
    ...sections.map(each => ({ ...plain, ...each })),
    ...relocated.map(section => {
      const data = writeRelocations(section.relocations, littleEndian)
      return {
        ...{ ...plain, name: `.rel${section.name}`, type: SHT_REL, alignBytes: 8, entryBytes: REL_BYTES },
        ...{ link: symtab, info: 1 + sections.indexOf(section), sizeBytes: data.length, data },
      }
    }),
    {
      ...{ ...plain, name: '.symtab', type: SHT_SYMTAB, alignBytes: 8, entryBytes: SYMBOL_BYTES },
      ...{ link: symtab + 1, info: 1 + (firstGlobal < 0 ? symbols.length : firstGlobal) },
      ...{ sizeBytes: symbolBytes.length, data: symbolBytes },
    },
  ]
  const names = [...headers.map(each => each.name), '.strtab'].map(name => strings.add(name))
  const text = strings.bytes()
  headers.push({
    ...plain,
    ...{ name: '.strtab', type: SHT_STRTAB, alignBytes: 1, sizeBytes: text.length, data: text },
  })
  return layOut(headers, names, littleEndian)
}

function layOut(headers: readonly Header[], names: readonly number[], littleEndian: boolean): Uint8Array {
  let end = HEADER_BYTES
  const offsets = headers.map(({ data, alignBytes }, i) => {
    if (i === 0) return 0
    const start = alignUp(end, alignBytes)
    end = start + data.length
    return start
  })
  const headersAt = alignUp(end, 8)
  const bytes = new Uint8Array(headersAt + headers.length * 64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1])
  const view = new DataView(bytes.buffer)
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), littleEndian)
  view.setUint16(16, ET_REL, littleEndian)
  view.setUint16(18, EM_BPF, littleEndian)
  view.setUint32(20, 1, littleEndian)
  u64(40, headersAt)
  for (const [i, value] of [HEADER_BYTES, 0, 0, 64, headers.length, headers.length - 1].entries())
    view.setUint16(52 + i * 2, value, littleEndian)
  for (const [i, header] of headers.entries()) {
    bytes.set(header.data, offsets[i]!)
    const at = headersAt + i * 64
    view.setUint32(at, names[i]!, littleEndian)
    view.setUint32(at + 4, header.type, littleEndian)
    u64(at + 8, header.flags)
    u64(at + 24, offsets[i]!)
    u64(at + 32, header.type === SHT_NOBITS ? header.sizeBytes : header.data.length)
    view.setUint32(at + 40, header.link, littleEndian)
    view.setUint32(at + 44, header.info, littleEndian)
    u64(at + 48, header.alignBytes)
    u64(at + 56, header.entryBytes)
  }
  return bytes
}

function writeSymbols({ symbols, littleEndian }: NewElf, strings: Strings): Uint8Array {
  const bytes = new Uint8Array((symbols.length + 1) * SYMBOL_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, symbol] of symbols.entries()) {
    const at = (i + 1) * SYMBOL_BYTES
    view.setUint32(at, strings.add(symbol.name), littleEndian)
    bytes[at + 4] = (symbol.binding << 4) | symbol.type
    bytes[at + 5] = symbol.visibility
    view.setUint16(at + 6, sectionNumber(symbol.section), littleEndian)
    view.setBigUint64(at + 8, BigInt(symbol.value), littleEndian)
    view.setBigUint64(at + 16, BigInt(symbol.sizeBytes), littleEndian)
  }
  return bytes
}

const sectionNumber = (section: number | undefined): number =>
  section === undefined ? 0 : section >= SHN_LORESERVE ? section : section + 1

function writeRelocations(relocations: readonly NewRelocation[], littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(relocations.length * REL_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, { offset, symbol, type }] of relocations.entries()) {
    view.setBigUint64(i * REL_BYTES, BigInt(offset), littleEndian)
    view.setBigUint64(i * REL_BYTES + 8, (BigInt(symbol + 1) << 32n) | BigInt(type), littleEndian)
  }
  return bytes
}

/** NUL-terminated, each once, the empty one first. */
class Strings {
  readonly #offsets = new Map([['', 0]])
  readonly #parts: Uint8Array[] = [Uint8Array.of(0)]
  #length = 1

  add(text: string): number {
    let offset = this.#offsets.get(text)
    if (offset !== undefined) return offset
    offset = this.#length
    const bytes = Buffer.from(`${text}\0`)
    this.#offsets.set(text, offset)
    this.#parts.push(bytes)
    this.#length += bytes.length
    return offset
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

export const alignUp = (value: number, to: number): number => (to > 1 ? Math.ceil(value / to) * to : value)
