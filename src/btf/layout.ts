// Sizes of types, and where the members of a struct lie.

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import { didYouMean } from './near-names.ts'
import { typeLabel } from './print.ts'
import type { BtfComposite, BtfMember, BtfModifier, BtfType } from './type.ts'

/** Deeper chains of types than this are taken for a cycle; the kernel's own limit (MAX_RESOLVE_DEPTH) is 32. */
export const MAX_DEPTH = 64

/** The type behind typedefs, qualifiers and type tags. Throws BtfError when they form a cycle. */
export function resolve(btf: Btf, type: BtfType): Exclude<BtfType, BtfModifier> {
  let at = type
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (!isModifier(at)) return at
    at = btf.type(at.typeId)
  }
  throw new BtfError(`${typeLabel(type)} never ends: its typedefs or qualifiers form a cycle`)
}

export function isModifier(type: BtfType): type is BtfModifier {
  switch (type.kind) {
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
      return true
    default:
      return false
  }
}

/** Bytes of a pointer in the described program; BTF has no field for it, but only 64-bit systems run BPF here. */
export const POINTER_BYTES = 8

/**
 * Bytes a value of the type takes. Throws BtfError for what has no size: void, functions, forward declarations,
 * arrays of such, and arrays beyond 4 GiB.
 */
export function sizeOf(btf: Btf, type: BtfType): number {
  let at: BtfType = type
  let count = 1
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (at.kind) {
      case 'int':
      case 'struct':
      case 'union':
      case 'enum':
      case 'enum64':
      case 'float':
      case 'datasec':
        return total(type, count, at.sizeBytes)
      case 'ptr':
        return total(type, count, POINTER_BYTES)
      case 'array':
        count *= at.count
        at = btf.type(at.elementTypeId)
        break
      case 'typedef':
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
      case 'var':
        at = btf.type(at.typeId)
        break
      case 'void':
      case 'fwd':
      case 'func':
      case 'funcProto':
      case 'declTag':
      case 'unknown':
        throw new BtfError(`${typeLabel(at)} has no size`)
      default:
        return at satisfies never
    }
  }
  throw new BtfError(`${typeLabel(type)} never ends: its types form a cycle`)
}

function total(type: BtfType, count: number, sizeBytes: number): number {
  const size = count * sizeBytes
  if (size > 0xffff_ffff) throw new BtfError(`${typeLabel(type)} is larger than 4 GiB`)
  return size
}

/** Where a member's value lies in its struct. */
export interface MemberBits {
  readonly offsetBits: number
  readonly sizeBits: number
  /** true when it is a bit field, which may start and end inside a byte */
  readonly bitfield: boolean
}

/**
 * Both ways BTF writes bit fields, as one: with kind_flag the member says the width; in the old way an int type
 * of its own says width and offset.
 * Source: __btf_member_bit_offset and btf_int_check_member, kernel/bpf/btf.c.
 */
export function memberBits(btf: Btf, member: BtfMember): MemberBits {
  if (member.bitfieldBits > 0) {
    return { offsetBits: member.offsetBits, sizeBits: member.bitfieldBits, bitfield: true }
  }
  const type = resolve(btf, btf.type(member.typeId))
  if (type.kind === 'int' && (type.offsetBits > 0 || type.sizeBits !== type.sizeBytes * 8)) {
    return { offsetBits: member.offsetBits + type.offsetBits, sizeBits: type.sizeBits, bitfield: true }
  }
  return { offsetBits: member.offsetBits, sizeBits: sizeOf(btf, type) * 8, bitfield: false }
}

/** A member found by name, possibly inside anonymous structs and unions. */
export interface FoundMember {
  readonly member: BtfMember
  /** what to add to the member's own offset: where the anonymous structs around it start */
  readonly baseBits: number
}

/** The member of that name, searching anonymous structs and unions as C does; undefined if there is none. */
export function findMember(btf: Btf, struct: BtfComposite, name: string): FoundMember | undefined {
  return findIn(btf, struct, name, 0, new Set())
}

function findIn(
  btf: Btf,
  struct: BtfComposite,
  name: string,
  baseBits: number,
  seen: Set<number>,
): FoundMember | undefined {
  if (seen.has(struct.id)) return undefined
  seen.add(struct.id)
  for (const member of struct.members) {
    if (member.name === name) return { member, baseBits }
    if (member.name !== '') continue
    const inner = resolve(btf, btf.type(member.typeId))
    if (inner.kind !== 'struct' && inner.kind !== 'union') continue
    const found = findIn(btf, inner, name, baseBits + member.offsetBits, seen)
    if (found) return found
  }
  return undefined
}

/** The names of all members as C sees them: those of anonymous structs and unions count as the outer's own. */
export function memberNames(btf: Btf, struct: BtfComposite, seen = new Set<number>()): string[] {
  if (seen.has(struct.id)) return []
  seen.add(struct.id)
  return struct.members.flatMap(member => {
    if (member.name !== '') return [member.name]
    const inner = resolve(btf, btf.type(member.typeId))
    return inner.kind === 'struct' || inner.kind === 'union' ? memberNames(btf, inner, seen) : []
  })
}

/** `struct foo has no member "baz", did you mean "bar"?` */
export function noMember(btf: Btf, struct: BtfComposite, name: string): BtfError {
  const hint = didYouMean(name, memberNames(btf, struct))
  return new BtfError(`${typeLabel(struct)} has no member "${name}"${hint}`)
}
