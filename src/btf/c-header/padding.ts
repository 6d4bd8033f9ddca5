// Holes of a struct in C: BTF says where each member lies, C says in which order, and what the compiler would not do by itself is
// said with unnamed bit fields.

import type { Btf } from '../btf.ts'
import { MAX_DEPTH, POINTER_BYTES } from '../layout.ts'
import type { BtfComposite, BtfType } from '../type.ts'

/** A member without a name: `long: 64`; with 0 bits it only moves on to where its type is aligned. */
export interface Padding {
  readonly type: string
  readonly bits: number
}

const UNITS = [
  { type: 'long', bits: POINTER_BYTES * 8 },
  { type: 'int', bits: 32 },
  { type: 'short', bits: 16 },
  { type: 'char', bits: 8 },
] as const

/**
 * What fills a hole: the largest unit whose boundary lies in it is used to get to that boundary, then whole units, then the
 * smallest that holds the rest.
 * @param alignBytes what the compiler aligns the next member to by itself
 * @param insideBits between two bit fields, which the compiler would pack
 */
export function* padding(
  fromBits: number,
  toBits: number,
  alignBytes: number,
  insideBits: boolean,
): Generator<Padding> {
  if (fromBits >= toBits) return
  const unit = UNITS.find(({ bits }) => roundUp(fromBits, bits) <= toBits) ?? UNITS[3]
  let at = fromBits
  const boundary = roundUp(at, unit.bits)
  if (boundary > at && boundary <= toBits) {
    const compilerStopsElsewhere = boundary === toBits && roundUp(at, alignBytes * 8) !== boundary
    const unitWouldFitBefore = boundary !== toBits && toBits - boundary <= boundary - at
    if (insideBits || compilerStopsElsewhere || unitWouldFitBefore)
      yield { type: unit.type, bits: insideBits ? boundary - at : 0 }
    at = boundary
  }
  while (at < toBits) {
    const bits = Math.min(toBits - at, unit.bits)
    const type = bits === unit.bits ? unit.type : UNITS.findLast(each => each.bits >= bits)!.type
    yield { type, bits }
    at += bits
  }
}

const roundUp = (value: number, to: number): number => (to <= 1 ? value : Math.ceil(value / to) * to)

/** Alignment of types, each struct looked at once: they may share parts without end. */
export class CAlignment {
  readonly #btf: Btf
  /** of structs and unions; 0 for a packed one */
  readonly #composites = new Map<number, number>()

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** Bytes that C aligns a type to; 1 for a packed struct, 0 for what has no size. */
  of(type: BtfType, depth = 0): number {
    // what is malformed is found where it is written
    if (depth > MAX_DEPTH) return 1
    switch (type.kind) {
      case 'int':
      case 'enum':
      case 'enum64':
      case 'float':
        return Math.min(POINTER_BYTES, type.sizeBytes)
      case 'ptr':
        return POINTER_BYTES
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        return this.of(this.#btf.type(type.typeId), depth + 1)
      case 'array':
        return this.of(this.#btf.type(type.elementTypeId), depth + 1)
      case 'struct':
      case 'union':
        return this.#composite(type, depth) || 1
      default:
        return 0
    }
  }

  /** Whether C would lay the struct out otherwise without `packed`. */
  isPacked(struct: BtfComposite): boolean {
    return this.#composite(struct, 0) === 0
  }

  #composite(struct: BtfComposite, depth: number): number {
    const known = this.#composites.get(struct.id)
    if (known !== undefined) return known
    this.#composites.set(struct.id, 1) // should it contain itself
    const align = this.#natural(struct, depth)
    this.#composites.set(struct.id, align)
    return align
  }

  /** 0 when a member, or the size, is not where its alignment puts it. */
  #natural(struct: BtfComposite, depth: number): number {
    let align = 1
    for (const member of struct.members) {
      const each = this.of(this.#btf.type(member.typeId), depth + 1)
      if (each === 0) continue
      if (member.bitfieldBits === 0 && member.offsetBits % (8 * each) !== 0) return 0
      align = Math.max(align, each)
    }
    return struct.sizeBytes % align === 0 ? align : 0
  }
}
