// Raw BTF made from types: for typed maps, for the function and line info of programs, and for tests.

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import {
  BTF_HEADER_BYTES,
  BTF_INT_BOOL,
  BTF_INT_CHAR,
  BTF_INT_SIGNED,
  BTF_KIND_ARRAY,
  BTF_MAGIC,
  BTF_VERSION,
  type BtfKind,
  KIND_NAMES,
} from './kinds.ts'
import type { BtfComposite, BtfLinkage, NewBtfType } from './type.ts'

const ENCODINGS = { unsigned: 0, signed: BTF_INT_SIGNED, char: BTF_INT_CHAR, bool: BTF_INT_BOOL } as const
const LINKAGES: Readonly<Record<BtfLinkage, number>> = { static: 0, global: 1, extern: 2 }
const MAX_VLEN = 0xffff

/**
 * Collects types and strings, and packs them. Ids count up from 1 (with a base, from one past its last type), so
 * a type may refer to one that is added later: `nextId` says which id the next one gets.
 */
export class BtfBuilder {
  /** whose strings are used */
  readonly #sharedStrings: Btf | undefined
  readonly #firstString: number
  readonly #words: number[] = []
  readonly #strings: Buffer[] = []
  #stringBytes = 0
  readonly #offsets = new Map<string, number>()
  #nextId: number

  /** @param options.ownStrings does not look names up in the base's strings, which is slow where there are thousands */
  constructor(base?: Btf, options: { readonly ownStrings?: boolean } = {}) {
    this.#sharedStrings = options.ownStrings === true ? undefined : base
    this.#firstString = base ? base.stringBytes : 0
    this.#nextId = base ? base.typeCount + 1 : 1
    if (base) this.#offsets.set('', 0)
    else this.string('')
  }

  /** The id that the next added type gets. */
  get nextId(): number {
    return this.#nextId
  }

  /** Offset of a string in the string section; each string is stored once. Throws BtfError on a NUL inside. */
  string(text: string): number {
    const known = this.#offsets.get(text) ?? this.#sharedStrings?.nameOffset(text)
    if (known !== undefined) return known
    if (text.includes('\0')) throw new BtfError(`BTF string ${JSON.stringify(text)} contains a NUL character`)
    const offset = this.#firstString + this.#stringBytes
    const bytes = Buffer.from(`${text}\0`)
    this.#strings.push(bytes)
    this.#stringBytes += bytes.length
    this.#offsets.set(text, offset)
    return offset
  }

  /** Adds a type and returns its id. Throws BtfError on a number that its field cannot hold. */
  add(type: NewBtfType): number {
    this.#words.push(...this.#encode(type))
    return this.#nextId++
  }

  /** The raw BTF of what has been added so far. */
  build(littleEndian = true): Uint8Array {
    const typeBytes = this.#words.length * 4
    const bytes = Buffer.alloc(BTF_HEADER_BYTES + typeBytes + this.#stringBytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    view.setUint16(0, BTF_MAGIC, littleEndian)
    view.setUint8(2, BTF_VERSION)
    const header = [BTF_HEADER_BYTES, 0, typeBytes, typeBytes, this.#stringBytes]
    for (const [i, word] of header.entries()) view.setUint32(4 + i * 4, word, littleEndian)
    for (const [i, word] of this.#words.entries())
      view.setUint32(BTF_HEADER_BYTES + i * 4, word, littleEndian)
    Buffer.concat(this.#strings).copy(bytes, BTF_HEADER_BYTES + typeBytes)
    return bytes
  }

  /** The words of one record: name_off, info, size or type, and what the kind adds. */
  #encode(type: NewBtfType): number[] {
    const head = (third: number, vlen = 0, flag = false): number[] => {
      if (vlen > MAX_VLEN)
        throw new BtfError(`${type.kind} "${type.name}" has ${vlen} elements, at most 65535 fit`)
      const info = ((flag ? 0x8000_0000 : 0) | (KIND_NUMBERS[type.kind]! << 24) | vlen) >>> 0
      return [this.string(type.name), info, u32(third, 'size or type id')]
    }
    switch (type.kind) {
      case 'int': {
        const data = (ENCODINGS[type.encoding] << 24) | (type.offsetBits << 16) | type.sizeBits
        if (type.offsetBits > 255 || type.sizeBits > 255) throw new BtfError(`int "${type.name}" is too wide`)
        return [...head(type.sizeBytes), data]
      }
      case 'ptr':
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        return head(type.typeId)
      case 'array':
        return [
          this.string(''),
          BTF_KIND_ARRAY << 24,
          0,
          u32(type.elementTypeId, 'type id'),
          u32(type.indexTypeId, 'type id'),
          u32(type.count, 'array count'),
        ]
      case 'struct':
      case 'union':
        return this.#encodeComposite(type, head)
      case 'enum': {
        const values = type.values.flatMap(v => [this.string(v.name), enumWord(v.value, type.signed)])
        return [...head(type.sizeBytes, type.values.length, type.signed), ...values]
      }
      case 'enum64': {
        const values = type.values.flatMap(v => {
          const bits = BigInt.asUintN(64, v.value)
          if (v.value !== (type.signed ? BigInt.asIntN(64, bits) : bits)) {
            throw new BtfError(`enumerator ${v.name} = ${v.value} does not fit 64 bits`)
          }
          return [this.string(v.name), Number(bits & 0xffff_ffffn), Number(bits >> 32n)]
        })
        return [...head(type.sizeBytes, type.values.length, type.signed), ...values]
      }
      case 'fwd':
        return head(0, 0, type.target === 'union')
      case 'func':
        return head(type.typeId, LINKAGES[type.linkage])
      case 'funcProto': {
        const params = type.params.flatMap(p => [this.string(p.name), u32(p.typeId, 'type id')])
        if (type.variadic) params.push(0, 0)
        return [...head(type.returnTypeId, params.length / 2), ...params]
      }
      case 'var':
        return [...head(type.typeId), LINKAGES[type.linkage]]
      case 'datasec': {
        const vars = type.vars.flatMap(v => [
          u32(v.typeId, 'type id'),
          u32(v.offsetBytes, 'offset'),
          u32(v.sizeBytes, 'size'),
        ])
        return [...head(type.sizeBytes, type.vars.length), ...vars]
      }
      case 'float':
        return head(type.sizeBytes)
      case 'declTag':
        return [...head(type.typeId), type.componentIndex >>> 0]
      default:
        return type satisfies never
    }
  }

  #encodeComposite(
    type: Omit<BtfComposite, 'id'>,
    head: (third: number, vlen: number, flag: boolean) => number[],
  ): number[] {
    const flag = type.members.some(m => m.bitfieldBits > 0)
    const members = type.members.flatMap(m => {
      if (flag && (m.offsetBits > 0xff_ffff || m.bitfieldBits > 0xff)) {
        throw new BtfError(
          `member "${m.name}": a struct with bit fields has offsets of 24 bits and widths of 8`,
        )
      }
      const offset = flag ? ((m.bitfieldBits << 24) | m.offsetBits) >>> 0 : u32(m.offsetBits, 'bit offset')
      return [this.string(m.name), u32(m.typeId, 'type id'), offset]
    })
    return [...head(type.sizeBytes, type.members.length, flag), ...members]
  }
}

const KIND_NUMBERS = Object.fromEntries(KIND_NAMES.map((name, number) => [name, number])) as Partial<
  Record<BtfKind, number>
>

function u32(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new BtfError(`${what} ${value} does not fit an unsigned 32-bit field`)
  }
  return value
}

function enumWord(value: number, signed: boolean): number {
  const fits = signed ? value === (value | 0) : value === value >>> 0
  if (!fits) throw new BtfError(`enumerator value ${value} does not fit 32 bits, ${signed ? '' : 'un'}signed`)
  return value >>> 0
}
