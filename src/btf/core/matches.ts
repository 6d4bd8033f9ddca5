// Whether a type of the kernel has everything that the program's version of it has: the relocation `type_matches`.
// Source of the rules: __bpf_core_types_match, tools/lib/bpf/relo_core.c.

import type { Btf } from '../btf.ts'
import { resolve } from '../layout.ts'
import type { BtfComposite, BtfType } from '../type.ts'
import { isEnum, sameKind, tooDeep } from './compatible.ts'
import { essentialName } from './kinds.ts'

const LEVELS = 32

/**
 * Members match by name and type, enumerators by name, prototypes by their arguments; behind a pointer, of structs and
 * unions only name and kind count.
 */
export function typesMatch(
  local: Btf,
  localId: number,
  target: Btf,
  targetId: number,
  behindPointer = false,
  level = LEVELS,
): boolean {
  if (level <= 0) throw tooDeep(local.type(localId))
  let a = resolve(local, local.type(localId))
  let b = resolve(target, target.type(targetId))
  let pointed = behindPointer
  for (let depth = 0; depth < LEVELS; depth++) {
    if (!namesMatch(a, b)) return false
    if (!sameKind(a, b)) return pointed && forwardFits(a, b)
    switch (a.kind) {
      case 'void':
        return true
      case 'fwd':
        return a.target === (b as typeof a).target
      case 'enum':
      case 'enum64':
        return enumsMatch(a, b)
      case 'struct':
      case 'union':
        if (pointed) return true
        return membersMatch(local, a, target, b as BtfComposite, level)
      case 'int': {
        const other = b as typeof a
        const signed = (encoding: string) => encoding === 'signed'
        return a.sizeBytes === other.sizeBytes && signed(a.encoding) === signed(other.encoding)
      }
      case 'ptr':
        pointed = true
        a = resolve(local, local.type(a.typeId))
        b = resolve(target, target.type((b as { typeId: number }).typeId))
        break
      case 'array': {
        const other = b as Extract<BtfType, { kind: 'array' }>
        if (a.count !== other.count) return false
        a = resolve(local, local.type(a.elementTypeId))
        b = resolve(target, target.type(other.elementTypeId))
        break
      }
      case 'funcProto': {
        const other = b as Extract<BtfType, { kind: 'funcProto' }>
        if (a.params.length !== other.params.length) return false
        for (const [i, param] of a.params.entries())
          if (!typesMatch(local, param.typeId, target, other.params[i]!.typeId, pointed, level - 1))
            return false
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

/** An anonymous type matches anonymous ones only. */
const namesMatch = (a: BtfType, b: BtfType): boolean =>
  b.name === '' ? a.name === '' : essentialName(a.name) === essentialName(b.name)

function forwardFits(a: BtfType, b: BtfType): boolean {
  if (a.kind === 'fwd') return b.kind === a.target
  return b.kind === 'fwd' && a.kind === b.target
}

function enumsMatch(a: BtfType, b: BtfType): boolean {
  if (!isEnum(a) || !isEnum(b) || a.sizeBytes !== b.sizeBytes || a.values.length > b.values.length)
    return false
  const names = new Set(b.values.map(value => essentialName(value.name)))
  return a.values.every(value => names.has(essentialName(value.name)))
}

/** Every member of the program's version is in the kernel's, whatever else is there. */
function membersMatch(local: Btf, a: BtfComposite, target: Btf, b: BtfComposite, level: number): boolean {
  if (a.members.length > b.members.length) return false
  return a.members.every(member =>
    b.members.some(
      other =>
        (other.name === '' ? member.name === '' : essentialName(member.name) === essentialName(other.name)) &&
        typesMatch(local, member.typeId, target, other.typeId, false, level - 1),
    ),
  )
}
