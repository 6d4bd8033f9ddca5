// What a relocation comes to in one BTF: an offset, a size, a shift, an id, a yes or no.
// Source of the rules: bpf_core_calc_field_relo, _type_relo and _enumval_relo, tools/lib/bpf/relo_core.c.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { resolve, sizeOf } from '../layout.ts'
import type { BtfComposite } from '../type.ts'
import type { Access } from './access.ts'
import { isEnum } from './compatible.ts'
import type { CoreKind } from './kinds.ts'

export interface CoreValue {
  readonly value: bigint
  /** whether the instruction must hold this value before; what is said of bit fields, compilers see differently */
  readonly certain: boolean
  /** bytes of the field, where a load or store may have to change its width; 0 otherwise */
  readonly fieldBytes: number
  /** of the field; 0 where `fieldBytes` is */
  readonly fieldTypeId: number
}

const plain = (value: number | bigint, certain = true): CoreValue => ({
  value: BigInt(value),
  certain,
  fieldBytes: 0,
  fieldTypeId: 0,
})

/** Throws BtfError for a bit field that no load of 64 bits covers, or a kind that does not go with an array's element. */
export function fieldValue(kind: CoreKind, access: Access): CoreValue {
  const { btf, offsetBits } = access
  if (kind === 'field_exists') return plain(1)
  const last = access.steps[access.steps.length - 1]!
  if (last.member === undefined) {
    if (kind === 'field_byte_offset') return offset(btf, offsetBits / 8, last.typeId)
    if (kind === 'field_byte_size') return plain(sizeOf(btf, btf.type(last.typeId)))
    throw new BtfError(`${kind} cannot be asked of an element of an array`)
  }
  const member = (btf.type(last.typeId) as BtfComposite).members[last.index]!
  const type = resolve(btf, btf.type(member.typeId))
  const isBitfield = member.bitfieldBits > 0
  let bytes = sizeOf(btf, type)
  let start = Math.floor(offsetBits / 8)
  const bits = isBitfield ? member.bitfieldBits : bytes * 8
  if (isBitfield) {
    // the smallest load that has all its bits
    if (bytes === 0) throw new BtfError(`bit field "${member.name}" has a type without a size`)
    start = Math.floor(offsetBits / 8 / bytes) * bytes
    while (offsetBits + bits - start * 8 > bytes * 8) {
      if (bytes >= 8) throw new BtfError(`bit field "${member.name}" takes more than one load of 64 bits`)
      bytes *= 2
      start = Math.floor(offsetBits / 8 / bytes) * bytes
    }
  }
  switch (kind) {
    case 'field_byte_offset':
      return isBitfield ? plain(start, false) : offset(btf, start, type.id)
    case 'field_byte_size':
      return plain(bytes, !isBitfield)
    case 'field_signed':
      return plain(
        (isEnum(type) && type.signed) || (type.kind === 'int' && type.encoding === 'signed') ? 1 : 0,
      )
    case 'field_lshift_u64': {
      const used = offsetBits - start * 8
      return plain(btf.littleEndian ? 64 - (used + bits) : (8 - bytes) * 8 + used, !isBitfield)
    }
    case 'field_rshift_u64':
      return plain(64 - bits)
    default:
      throw new BtfError(`${kind} is not asked of a field`)
  }
}

/** For an array the width of its element counts: that is what is loaded. */
function offset(btf: Btf, startBytes: number, typeId: number): CoreValue {
  let element = resolve(btf, btf.type(typeId))
  while (element.kind === 'array') element = resolve(btf, btf.type(element.elementTypeId))
  return {
    value: BigInt(startBytes),
    certain: true,
    fieldBytes: sizeOf(btf, element),
    fieldTypeId: resolve(btf, btf.type(typeId)).id,
  }
}

export function typeValue(kind: CoreKind, btf: Btf, typeId: number): CoreValue {
  switch (kind) {
    case 'type_id_target':
      // ids change when objects are linked
      return plain(typeId, false)
    case 'type_exists':
    case 'type_matches':
      return plain(1)
    case 'type_size':
      return plain(sizeOf(btf, btf.type(typeId)))
    default:
      throw new BtfError(`${kind} is not asked of a type`)
  }
}

/** A negative enumerator has all upper bits set. */
export function enumValue(kind: CoreKind, btf: Btf, typeId: number, index: number): CoreValue {
  if (kind === 'enumval_exists') return plain(1)
  const type = resolve(btf, btf.type(typeId))
  if (!isEnum(type)) throw new BtfError(`${type.kind} "${type.name}" has no enumerators`)
  return plain(BigInt.asUintN(64, enumBits(type.values[index]!.value)))
}

/** Enumerators of 32 bits are extended by their sign, as the kernel's own s32 is, whatever the enum says. */
const enumBits = (value: number | bigint): bigint => (typeof value === 'bigint' ? value : BigInt(value | 0))
