// Types as messages and typeinfo name them, in bpftrace's words (its src/types.cpp, typestr).

import { layoutOf } from '../layout.ts'
import type { ScriptType } from '../type.ts'

/** `int64`, `string[16]`, `struct task_struct *`, `(uint32,string[16])`. */
export function typeText(type: ScriptType | undefined): string {
  if (type === undefined) return 'none'
  switch (type.kind) {
    case 'none':
      return 'void'
    case 'integer':
      return `${type.signed ? 'int' : 'uint'}${type.bits}`
    case 'enum':
      return `enum ${type.name}`
    case 'string':
      return `string[${type.capacity}]`
    case 'buffer':
      return `buffer[${type.capacity + 4}]`
    case 'inet':
      return 'inet[24]'
    case 'pointer':
      return `${typeText(type.to)} *`
    case 'array':
      return `${typeText(type.element)}[${type.count}]`
    case 'struct': {
      const tag = type.def.union ? 'union' : 'struct'
      return type.def.name === '' ? `${tag} {...}` : `${tag} ${type.def.name}`
    }
    case 'tuple':
      if (type.names !== undefined) {
        const fields = type.elements.map((element, i) => `.${type.names![i]} = ${typeText(element)}`)
        return `record { ${fields.join(', ')} }`
      }
      return `(${type.elements.map(typeText).join(',')})`
    case 'kstack':
    case 'ustack':
      return type.limit === 127 && type.mode === 'bpftrace'
        ? type.kind
        : `${type.kind}_${type.mode}_${type.limit}`
    case 'sum':
    case 'avg':
    case 'stats':
    case 'min':
    case 'max':
      return `${type.signed ? '' : 'u'}${type.kind}_t`
    default:
      return kindText(type)
  }
}

/** The kind alone: `int`, `string`, `pointer`. */
export function kindText(type: ScriptType | undefined): string {
  if (type === undefined) return 'none'
  switch (type.kind) {
    case 'none':
      return 'void'
    case 'integer':
    case 'enum':
      return 'int'
    case 'struct':
      return 'c_type'
    case 'tuple':
      return type.names === undefined ? 'tuple' : 'record'
    case 'mac':
      return 'mac_address'
    case 'named':
      return type.table === 'username' ? 'username_t' : 'string'
    case 'bool':
    case 'string':
    case 'buffer':
    case 'pointer':
    case 'array':
    case 'inet':
    case 'timestamp':
    case 'kstack':
    case 'ustack':
      return type.kind
    default:
      return `${type.kind}_t`
  }
}

/** What `sizeof` says. */
export function sizeOfType(type: ScriptType): number {
  return layoutOf(type).sizeBytes
}
