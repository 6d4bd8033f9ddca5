// Writes small ELF files for tests: of either class and byte order, with the sections and segments asked for.

import { SHT_NOBITS, SHT_STRTAB } from '../constants.ts'
import type { ElfEncoding } from '../field-reader.ts'

export interface SectionSpec {
  readonly name: string
  readonly type: number
  readonly flags?: number
  readonly address?: number
  readonly link?: number
  readonly info?: number
  readonly alignBytes?: number
  readonly data: Uint8Array
}

export interface SegmentSpec {
  readonly type: number
  readonly flags?: number
  readonly offset: number
  readonly address: number
  readonly fileBytes: number
}

export interface ElfSpec extends ElfEncoding {
  readonly type: number
  readonly machine: number
  /** address of the first instruction; 0x1000 unless told */
  readonly entry?: number
  readonly sections: readonly SectionSpec[]
  readonly segments?: readonly SegmentSpec[]
}

/** Writes numbers of one encoding, one behind the other. */
export class FieldWriter {
  #bytes: number[] = []
  readonly #encoding: ElfEncoding

  constructor(encoding: ElfEncoding) {
    this.#encoding = encoding
  }

  get length(): number {
    return this.#bytes.length
  }

  number(value: number, bytes: number): this {
    let rest = BigInt.asUintN(64, BigInt(value))
    const digits = Array.from({ length: bytes }, () => {
      const digit = Number(rest & 255n)
      rest >>= 8n
      return digit
    })
    this.#bytes.push(...(this.#encoding.littleEndian ? digits : digits.reverse()))
    return this
  }

  u8(...values: number[]): this {
    for (const value of values) this.number(value, 1)
    return this
  }

  u16(...values: number[]): this {
    for (const value of values) this.number(value, 2)
    return this
  }

  u32(...values: number[]): this {
    for (const value of values) this.number(value, 4)
    return this
  }

  /** 8 bytes in a 64-bit file, else 4 */
  word(...values: number[]): this {
    for (const value of values) this.number(value, this.#encoding.is64 ? 8 : 4)
    return this
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  bytes(value: Uint8Array): this {
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  align(to: number): this {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0)
    return this
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

/** One symbol of `symbolBytes`. */
export interface SymbolSpec {
  readonly nameAt: number
  readonly value: number
  readonly sizeBytes: number
  readonly info: number
  readonly section: number
}

/** A symbol table's content, the null symbol in front. */
export function symbolBytes(encoding: ElfEncoding, symbols: readonly SymbolSpec[]): Uint8Array {
  const out = new FieldWriter(encoding)
  for (const s of [{ nameAt: 0, value: 0, sizeBytes: 0, info: 0, section: 0 }, ...symbols]) {
    if (encoding.is64) out.u32(s.nameAt).u8(s.info, 0).u16(s.section).word(s.value, s.sizeBytes)
    else out.u32(s.nameAt).word(s.value, s.sizeBytes).u8(s.info, 0).u16(s.section)
  }
  return out.finish()
}

/** The file: header, segments, contents of the sections in order (the null section and the names are added), headers. */
export function buildElf(spec: ElfSpec): Uint8Array {
  const word = spec.is64 ? 8 : 4
  const headerBytes = 40 + 3 * word
  const segmentBytes = spec.is64 ? 56 : 32
  const sectionBytes = 16 + 6 * word
  const segments = spec.segments ?? []
  const names = Buffer.from(`\0${[...spec.sections.map(s => s.name), '.shstrtab'].join('\0')}\0`)
  const sections = [...spec.sections, { name: '.shstrtab', type: SHT_STRTAB, data: names } as SectionSpec]

  const contents = new FieldWriter(spec)
  const contentsAt = headerBytes + segments.length * segmentBytes
  const offsets = sections.map(section => {
    contents.align(8)
    const offset = contentsAt + contents.length
    if (section.type !== SHT_NOBITS) contents.bytes(section.data)
    return offset
  })
  contents.align(8)

  const out = new FieldWriter(spec)
  out.u8(0x7f, 0x45, 0x4c, 0x46, spec.is64 ? 2 : 1, spec.littleEndian ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  out.u16(spec.type, spec.machine).u32(1)
  out.word(spec.entry ?? 0x1000, segments.length > 0 ? headerBytes : 0, contentsAt + contents.length).u32(0)
  out.u16(headerBytes, segmentBytes, segments.length, sectionBytes, sections.length + 1, sections.length)
  for (const s of segments) {
    if (spec.is64)
      out.u32(s.type, s.flags ?? 0).word(s.offset, s.address, s.address, s.fileBytes, s.fileBytes, 4096)
    else
      out
        .u32(s.type)
        .word(s.offset, s.address, s.address, s.fileBytes, s.fileBytes)
        .u32(s.flags ?? 0, 4096)
  }
  out.bytes(contents.finish())
  out.bytes(new Uint8Array(sectionBytes))
  for (const [i, s] of sections.entries()) {
    out
      .u32(names.indexOf(`\0${s.name}\0`) + 1, s.type)
      .word(s.flags ?? 0, s.address ?? 0, offsets[i]!, s.data.length)
    out.u32(s.link ?? 0, s.info ?? 0).word(s.alignBytes ?? 4, 0)
  }
  return out.finish()
}
