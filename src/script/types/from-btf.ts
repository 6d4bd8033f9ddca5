// Script types out of BTF: of a struct's members, a function's arguments, a typedef. Structs are made once each and
// their members when first asked for, so that `struct task_struct` costs nothing until a field is named.

import type { Btf, BtfComposite, BtfEnum, BtfEnum64, BtfType } from '../../btf/index.ts'
import { memberBits, resolve, sizeOf } from '../../btf/index.ts'
import {
  type AddressSpace,
  bool,
  type EnumType,
  intOf,
  none,
  type ScriptType,
  type StructDef,
  type StructMember,
  string,
} from '../type.ts'

/** The types of one BTF. */
export class BtfTypes {
  readonly btf: Btf
  readonly #structs = new Map<number, StructDef>()
  readonly #enums = new Map<number, EnumType>()

  constructor(btf: Btf) {
    this.btf = btf
  }

  /** `space` is where an address of this type, or an object that is itself only an address, lies. */
  type(id: number, space: AddressSpace): ScriptType {
    const type = resolve(this.btf, this.btf.type(id))
    switch (type.kind) {
      case 'int':
        if (type.encoding === 'bool') return bool
        return wideInt(type.sizeBytes, type.encoding === 'signed' || type.encoding === 'char') ?? none
      case 'enum':
      case 'enum64':
        return type.name === '' ? (wideInt(type.sizeBytes, type.signed) ?? none) : this.enumeration(type)
      case 'struct':
      case 'union':
        return { kind: 'struct', def: this.struct(type), space }
      case 'fwd': {
        const whole = this.btf.find(type.name, type.target)
        return whole === undefined ? none : { kind: 'struct', def: this.struct(whole), space }
      }
      case 'ptr': {
        const pointee = this.btf.type(type.typeId)
        return {
          kind: 'pointer',
          to: this.#target(type.typeId, space),
          space: isUserTag(pointee) ? 'user' : space,
        }
      }
      case 'array': {
        const element = this.type(type.elementTypeId, space)
        // Byte arrays are shown and compared as text, as users of bpftrace expect.
        if (element.kind === 'integer' && element.bits === 8) return string(type.count)
        return { kind: 'array', element, count: type.count, space }
      }
      default:
        return none
    }
  }

  struct(type: BtfComposite): StructDef {
    const known = this.#structs.get(type.id)
    if (known !== undefined) return known
    let members: readonly StructMember[] | undefined
    const def: StructDef = {
      name: type.name,
      union: type.kind === 'union',
      sizeBytes: type.sizeBytes,
      members: () => {
        members ??= this.#members(type)
        return members
      },
    }
    this.#structs.set(type.id, def)
    return def
  }

  enumeration(type: BtfEnum | BtfEnum64): EnumType {
    const known = this.#enums.get(type.id)
    if (known !== undefined) return known
    const values = new Map<bigint, string>()
    for (const { name, value } of type.values) {
      // The first of several names for a value is the one shown.
      const number = BigInt(value)
      if (!values.has(number)) values.set(number, name)
    }
    const integer = wideInt(type.sizeBytes, type.signed)
    const made: EnumType = {
      kind: 'enum',
      name: type.name,
      bits: integer?.bits ?? 32,
      signed: type.signed,
      values,
    }
    this.#enums.set(type.id, made)
    return made
  }

  /** An enumerator's number and its enum, which may have no name. */
  enumerator(name: string): { readonly value: bigint; readonly type: ScriptType } | undefined {
    const found = this.btf.enumerator(name)
    return found === undefined ? undefined : { value: found.value, type: this.enumeration(found.type) }
  }

  /** The parameters of a function, in order; undefined when there is no such function. */
  parameters(name: string, space: AddressSpace): FunctionTypes | undefined {
    const func = this.btf.find(name, 'func')
    if (func === undefined) return undefined
    const proto = this.btf.type(func.typeId)
    return proto.kind === 'funcProto' ? this.prototype(proto.id, space) : undefined
  }

  /** As `parameters`, of a prototype. */
  prototype(id: number, space: AddressSpace): FunctionTypes | undefined {
    const proto = resolve(this.btf, this.btf.type(id))
    if (proto.kind !== 'funcProto') return undefined
    return {
      parameters: proto.params.map(({ name, typeId }) => ({
        name,
        type: this.type(typeId, space),
        typeId,
      })),
      result: this.type(proto.returnTypeId, space),
      resultTypeId: proto.returnTypeId,
      variadic: proto.variadic,
    }
  }

  /** What a pointer points to: prototypes and opaque types are `none`, and so is void. */
  #target(id: number, space: AddressSpace): ScriptType {
    const type = resolve(this.btf, this.btf.type(id))
    return type.kind === 'void' || type.kind === 'funcProto'
      ? none
      : this.type(id, isUserTag(this.btf.type(id)) ? 'user' : space)
  }

  #members(type: BtfComposite): StructMember[] {
    return type.members.flatMap(member => {
      const memberType = resolve(this.btf, this.btf.type(member.typeId))
      if (!hasSize(memberType)) return []
      const where = memberBits(this.btf, member)
      // An address read out of kernel memory is a kernel address unless its type is tagged `__user`.
      const made = this.type(member.typeId, 'kernel')
      if (!where.bitfield) return [{ name: member.name, type: made, offsetBytes: where.offsetBits / 8 }]
      const offsetBytes = Math.floor(where.offsetBits / 8)
      const bits = { offset: where.offsetBits % 8, size: where.sizeBits }
      return [{ name: member.name, type: made, offsetBytes, bits }]
    })
  }

  /** Size in bytes of the object of that type id, 0 where it has none. */
  sizeBytes(id: number): number {
    const type = resolve(this.btf, this.btf.type(id))
    return hasSize(type) ? sizeOf(this.btf, type) : 0
  }
}

export interface FunctionTypes {
  readonly parameters: readonly {
    readonly name: string
    readonly type: ScriptType
    readonly typeId: number
  }[]
  /** `none` for void */
  readonly result: ScriptType
  readonly resultTypeId: number
  readonly variadic: boolean
}

/** Integers of 1, 2, 4 and 8 bytes; wider ones (`__int128`) have no script type. */
function wideInt(sizeBytes: number, signed: boolean): ReturnType<typeof intOf> | undefined {
  return sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 || sizeBytes === 8
    ? intOf((sizeBytes * 8) as 8 | 16 | 32 | 64, signed)
    : undefined
}

/** `__user` pointers are typed `btf_type_tag("user")` on what they point to (kernels built with clang or GCC 16). */
function isUserTag(type: BtfType): boolean {
  return type.kind === 'typeTag' && type.name === 'user'
}

function hasSize(type: BtfType): boolean {
  return type.kind !== 'void' && type.kind !== 'func' && type.kind !== 'funcProto' && type.kind !== 'fwd'
}
