// The ids by which a type names others: to copy types from one BTF into another, and to walk what a type needs.

import { BtfError } from '../errors/index.ts'
import type { BtfType, NewBtfType } from './type.ts'

/** The same type with every id replaced, as BtfBuilder takes it. Throws BtfError for what cannot be copied: void, unknown kinds. */
export function withTypeIds(type: BtfType | NewBtfType, idOf: (id: number) => number): NewBtfType {
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'enum':
    case 'enum64':
    case 'fwd':
      return type
    case 'ptr':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
    case 'func':
    case 'var':
    case 'declTag':
      return { ...type, typeId: idOf(type.typeId) }
    case 'array':
      return { ...type, elementTypeId: idOf(type.elementTypeId), indexTypeId: idOf(type.indexTypeId) }
    case 'struct':
    case 'union':
      return {
        ...type,
        members: type.members.map(member => ({ ...member, typeId: idOf(member.typeId) })),
      }
    case 'funcProto':
      return {
        ...type,
        returnTypeId: idOf(type.returnTypeId),
        params: type.params.map(param => ({ ...param, typeId: idOf(param.typeId) })),
      }
    case 'datasec':
      return { ...type, vars: type.vars.map(each => ({ ...each, typeId: idOf(each.typeId) })) }
    case 'void':
    case 'unknown':
      throw new BtfError(`BTF type ${type.id} is ${type.kind} and cannot be copied`)
    default:
      return type satisfies never
  }
}

/** The ids of all types that a type names, in the order of its record, 0 (void) too. */
export function referencesOf(type: BtfType | NewBtfType): number[] {
  const ids: number[] = []
  withTypeIds(type, id => {
    ids.push(id)
    return id
  })
  return ids
}
