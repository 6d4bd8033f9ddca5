// When two types count as the same for CO-RE: for reading a field, for asking whether a type exists.
// Source of the rules: bpf_core_fields_are_compat and __bpf_core_types_are_compat, tools/lib/bpf/relo_core.c.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { resolve } from '../layout.ts'
import type { BtfType } from '../type.ts'
import { essentialName } from './kinds.ts'

/** Nesting that the kernel and libbpf go along with. */
const DEPTH = 32

const isComposite = (type: BtfType): boolean => type.kind === 'struct' || type.kind === 'union'
export const isEnum = (type: BtfType): type is Extract<BtfType, { kind: 'enum' | 'enum64' }> =>
  type.kind === 'enum' || type.kind === 'enum64'

/** Enums of 32 and of 64 bits are one kind. */
export const sameKind = (a: BtfType, b: BtfType): boolean => a.kind === b.kind || (isEnum(a) && isEnum(b))

/** Old-style bit fields, whose int type has an offset of its own, fit nothing. */
const plainInt = (type: BtfType): boolean => type.kind === 'int' && type.offsetBits === 0

/** Whether a field of the one type may be read where the program was compiled for the other. */
export function fieldsCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let a = resolve(local, local.type(localId))
  let b = resolve(target, target.type(targetId))
  for (let depth = 0; depth < DEPTH; depth++) {
    if (isComposite(a) && isComposite(b)) return true
    if (!sameKind(a, b)) return false
    switch (a.kind) {
      case 'ptr':
      case 'float':
        return true
      case 'fwd':
      case 'enum':
      case 'enum64': {
        const [x, y] = [essentialName(a.name), essentialName(b.name)]
        return x === '' || y === '' || x === y
      }
      case 'int':
        return plainInt(a) && plainInt(b)
      case 'array':
        if (b.kind !== 'array') return false
        a = resolve(local, local.type(a.elementTypeId))
        b = resolve(target, target.type(b.elementTypeId))
        break
      default:
        return false
    }
  }
  throw tooDeep(a)
}

/** Whether a type exists in the shape the program knows: names are looked at for the outermost only, by the caller. */
export function typesCompatible(
  local: Btf,
  localId: number,
  target: Btf,
  targetId: number,
  level = DEPTH,
): boolean {
  if (!sameKind(local.type(localId), target.type(targetId))) return false
  let a = resolve(local, local.type(localId))
  let b = resolve(target, target.type(targetId))
  for (let depth = 0; depth < DEPTH; depth++) {
    if (!sameKind(a, b)) return false
    switch (a.kind) {
      case 'void':
      case 'struct':
      case 'union':
      case 'enum':
      case 'enum64':
      case 'fwd':
        return true
      case 'int':
        return plainInt(a) && plainInt(b)
      case 'ptr':
        a = resolve(local, local.type(a.typeId))
        b = resolve(target, target.type((b as typeof a & { typeId: number }).typeId))
        break
      case 'array':
        a = resolve(local, local.type(a.elementTypeId))
        b = resolve(target, target.type((b as Extract<BtfType, { kind: 'array' }>).elementTypeId))
        break
      case 'funcProto': {
        const other = b as Extract<BtfType, { kind: 'funcProto' }>
        if (a.params.length !== other.params.length) return false
        if (level <= 0) throw tooDeep(a)
        for (const [i, param] of a.params.entries()) {
          const x = resolve(local, local.type(param.typeId)).id
          const y = resolve(target, target.type(other.params[i]!.typeId)).id
          if (!typesCompatible(local, x, target, y, level - 1)) return false
        }
        a = resolve(local, local.type(a.returnTypeId))
        b = resolve(target, target.type(other.returnTypeId))
        break
      }
      default:
        return false
    }
  }
  throw tooDeep(a)
}

export const tooDeep = (type: BtfType): BtfError =>
  new BtfError(`types nested deeper than ${DEPTH} around ${type.kind} "${type.name}"`)
