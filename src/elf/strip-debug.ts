// A compiled object without its DWARF, as `strip -g` leaves it: nobody reads that of BPF, and it is most of the file.

import { ElfError } from '../errors/index.ts'
import { bytesSource } from './byte-source.ts'
import { parseElf } from './elf.ts'

const HEADER_BYTES = 64
const SECTION_BYTES = 64
const SYMBOL_BYTES = 24
const SHT_SYMTAB = 2
const SHT_RELA = 4
const SHT_NOBITS = 8
const SHT_REL = 9
const SHT_GROUP = 17
/** reserved section numbers: SHN_ABS, SHN_COMMON … */
const SHN_LORESERVE = 0xff00
const EM_BPF = 247
/** more has no object, and would only make a hole */
const ALIGN_MAX = 1 << 16

interface Section {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
  readonly align: number
  readonly entrySize: number
  /** number that it had */
  readonly index: number
}

const DEBUG = /^\.(rela?\.)?z?debug_/

/**
 * The object without debug sections, their relocations and their symbols. Anything but a relocatable 64-bit BPF object, and one
 * with section groups, comes back as it is.
 * @throws ElfError for a file that is damaged
 */
export function stripDebug(bytes: Uint8Array, file: string): Uint8Array {
  const elf = parseElf(bytesSource(file, bytes))
  if (bytes.length < HEADER_BYTES) return bytes
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = bytes[5] === 1
  if (bytes[4] !== 2 || data.getUint16(18, little) !== EM_BPF) return bytes
  const tableOffset = Number(data.getBigUint64(40, little))
  const sections = elf.sections.map(({ name }, index): Section => {
    const at = tableOffset + index * SECTION_BYTES
    const u64 = (offset: number) => Number(data.getBigUint64(at + offset, little))
    return {
      ...{ name, index, type: data.getUint32(at + 4, little), flags: u64(8), offset: u64(24), size: u64(32) },
      ...{ link: data.getUint32(at + 40, little), info: data.getUint32(at + 44, little) },
      ...{ align: u64(48), entrySize: u64(56) },
    }
  })
  for (const { name, align } of sections)
    if (align > ALIGN_MAX)
      throw new ElfError(file, `section ${name} is aligned to ${align} bytes`, { section: name })
  const kept = sections.filter(({ name }) => !DEBUG.test(name))
  if (kept.length === sections.length || sections.some(({ type }) => type === SHT_GROUP)) return bytes
  return new Stripping(file, bytes, data, little, sections, kept).result()
}

class Stripping {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #data: DataView
  readonly #little: boolean
  readonly #sections: readonly Section[]
  readonly #kept: readonly Section[]
  /** new numbers of sections and symbols by their old ones; 0 for what is gone */
  readonly #sectionNumbers = new Map<number, number>()
  readonly #symbolNumbers = new Map<number, number>()

  constructor(
    file: string,
    bytes: Uint8Array,
    data: DataView,
    little: boolean,
    sections: readonly Section[],
    kept: readonly Section[],
  ) {
    this.#file = file
    this.#bytes = bytes
    this.#data = data
    this.#little = little
    this.#sections = sections
    this.#kept = kept
    kept.forEach((each, i) => {
      this.#sectionNumbers.set(each.index, i)
    })
  }

  result(): Uint8Array {
    const contents = new Map<Section, Uint8Array>()
    let localCount = 0
    for (const section of this.#kept)
      if (section.type === SHT_SYMTAB) {
        const symbols = this.#symbols(section)
        contents.set(section, symbols.bytes)
        localCount = symbols.localCount
      }
    for (const section of this.#kept)
      if (section.type === SHT_REL || section.type === SHT_RELA)
        contents.set(section, this.#relocations(section))
      else if (!contents.has(section)) contents.set(section, this.#content(section))

    const offsets = new Map<Section, number>()
    let end = HEADER_BYTES
    for (const section of this.#kept) {
      end = Math.ceil(end / Math.max(1, section.align)) * Math.max(1, section.align)
      offsets.set(section, section.index === 0 ? 0 : end)
      if (section.type !== SHT_NOBITS) end += contents.get(section)!.length
    }
    const tableOffset = Math.ceil(end / 8) * 8
    const out = new Uint8Array(tableOffset + this.#kept.length * SECTION_BYTES)
    const view = new DataView(out.buffer)
    out.set(this.#bytes.subarray(0, HEADER_BYTES))
    view.setBigUint64(40, BigInt(tableOffset), this.#little)
    view.setUint16(60, this.#kept.length, this.#little)
    view.setUint16(62, this.#sectionNumber(this.#data.getUint16(62, this.#little)), this.#little)
    this.#kept.forEach((section, i) => {
      const content = contents.get(section)!
      if (section.type !== SHT_NOBITS) out.set(content, offsets.get(section)!)
      const at = tableOffset + i * SECTION_BYTES
      const old = Number(this.#data.getBigUint64(40, this.#little)) + section.index * SECTION_BYTES
      out.set(this.#bytes.subarray(old, old + SECTION_BYTES), at)
      view.setBigUint64(at + 24, BigInt(offsets.get(section)!), this.#little)
      if (section.type !== SHT_NOBITS) view.setBigUint64(at + 32, BigInt(content.length), this.#little)
      view.setUint32(at + 40, this.#sectionNumber(section.link), this.#little)
      const isRelocation = section.type === SHT_REL || section.type === SHT_RELA
      if (isRelocation) view.setUint32(at + 44, this.#sectionNumber(section.info), this.#little)
      if (section.type === SHT_SYMTAB) view.setUint32(at + 44, localCount, this.#little)
    })
    return out
  }

  #sectionNumber(old: number): number {
    return this.#sectionNumbers.get(old) ?? 0
  }

  #content({ offset, size, type, name }: Section): Uint8Array {
    if (type === SHT_NOBITS) return new Uint8Array(0)
    if (offset + size > this.#bytes.length)
      throw new ElfError(this.#file, `section ${name} reaches past the end of the file`, { section: name })
    return this.#bytes.subarray(offset, offset + size)
  }

  /** Without those of sections that are gone; `localCount` stands in front of the global ones. */
  #symbols(section: Section): { readonly bytes: Uint8Array; readonly localCount: number } {
    const old = this.#content(section)
    const view = new DataView(old.buffer, old.byteOffset, old.byteLength)
    const parts: Uint8Array[] = []
    let localCount = 0
    for (let i = 0; (i + 1) * SYMBOL_BYTES <= old.length; i++) {
      const at = i * SYMBOL_BYTES
      const home = view.getUint16(at + 6, this.#little)
      const isGone = home < SHN_LORESERVE && home < this.#sections.length && !this.#sectionNumbers.has(home)
      if (isGone) continue
      this.#symbolNumbers.set(i, parts.length)
      const symbol = old.slice(at, at + SYMBOL_BYTES)
      if (home < SHN_LORESERVE)
        new DataView(symbol.buffer).setUint16(6, this.#sectionNumber(home), this.#little)
      parts.push(symbol)
      if (symbol[4]! >> 4 === 0) localCount = parts.length
    }
    return { bytes: Buffer.concat(parts), localCount }
  }

  /** r_info has the symbol in its upper half. */
  #relocations(section: Section): Uint8Array {
    const content = this.#content(section).slice()
    const view = new DataView(content.buffer)
    const stride = section.type === SHT_REL ? 16 : 24
    const half = this.#little ? 12 : 8
    for (let at = 0; at + stride <= content.length; at += stride)
      view.setUint32(
        at + half,
        this.#symbolNumbers.get(view.getUint32(at + half, this.#little)) ?? 0,
        this.#little,
      )
    return content
  }
}
