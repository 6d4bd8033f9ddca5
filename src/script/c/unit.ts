// All that the C part of a script says: types by name, constants, macros, and the headers that were not found.

import type { Span } from '../span.ts'
import type { CMacro } from './macro.ts'
import { type CEnum, type CRecord, type CType, standardTypedefs } from './type.ts'

export interface CUnit {
  /** definitions by "struct name" and "union name" */
  readonly records: Map<string, CRecord>
  readonly enums: Map<string, CEnum>
  readonly typedefs: Map<string, CType>
  /** every enumerator, with the enum it belongs to */
  readonly enumerators: Map<string, { readonly value: bigint; readonly of: CEnum }>
  /** those defined when the C part ends */
  readonly macros: Map<string, CMacro>
  /** `#include <…>` that nobody could find: BTF is to satisfy them */
  readonly missingIncludes: MissingInclude[]
}

export interface MissingInclude {
  readonly path: string
  readonly span: Span
}

export function newUnit(): CUnit {
  return {
    records: new Map(),
    enums: new Map(),
    typedefs: new Map(),
    enumerators: new Map(),
    macros: new Map(),
    missingIncludes: [],
  }
}

/** The definition a reference speaks of; undefined when only BTF can know it. */
export function recordOf(unit: CUnit, type: Extract<CType, { kind: 'record' }>): CRecord | undefined {
  return type.anonymous ?? unit.records.get(`${type.tag} ${type.name}`)
}

export function enumOf(unit: CUnit, type: Extract<CType, { kind: 'enum' }>): CEnum | undefined {
  return type.anonymous ?? unit.enums.get(type.name)
}

/** What a typedef of the unit, or a well-known one, stands for, one step; undefined when only BTF can know. */
export function typedefOf(unit: CUnit, name: string): CType | undefined {
  return (
    unit.typedefs.get(name) ?? (Object.hasOwn(standardTypedefs, name) ? standardTypedefs[name] : undefined)
  )
}
