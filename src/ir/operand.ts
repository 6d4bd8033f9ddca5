// The operands of the builder: typed values and plain numbers, and the checks of what may stand where.

import { IrError } from '../errors/ir-error.ts'
import type { ValueId } from './func.ts'
import {
  type Bits,
  type IntType,
  intType,
  type PointerType,
  printType,
  type Space,
  sameType,
  type Type,
  u32,
} from './types.ts'

/** A value of the function being built. Handles of the same id with another type are views of the same bits. */
export interface Value {
  readonly id: ValueId
  readonly type: Type
}

/** A value, or a number that takes the type of its counterpart. */
export type Operand = Value | number | bigint

export function isValue(operand: Operand): operand is Value {
  return typeof operand === 'object'
}

/** Whether a value of type `from` may stand where `to` is expected: the same, or a pointer known not to be null. */
export function fits(from: Type, to: Type): boolean {
  if (sameType(from, to)) return true
  return from.kind === 'pointer' && to.kind === 'pointer' && sameType({ ...from, maybeNull: true }, to)
}

/** Whether a value of type `from` may be handed over for a parameter: for `memoryOf`, any memory that can be written. */
export function fitsParameter(from: Type, to: Type): boolean {
  if (to.kind !== 'pointer' || to.sizeBytes === undefined) return fits(from, to)
  return from.kind === 'pointer' && WRITABLE.has(from.space)
}

const WRITABLE: ReadonlySet<Space> = new Set<Space>(['stack', 'mapValue', 'record', 'memory'])

/** Arithmetic on narrow types is done on 32 bits. */
export function widthOf(type: IntType): 32 | 64 {
  return type.bits === 64 ? 64 : 32
}

/** The type of what arithmetic on a type leaves in the register, before it is brought back to the type. */
export function rawOf(type: IntType): IntType {
  return type.bits === 64 ? type : u32
}

export function intOf(v: Value): IntType {
  return v.type.kind === 'int' ? v.type : misuse(`${printType(v.type)} where an integer is expected`)
}
export function boolOf(v: Value): Value {
  return v.type.kind === 'bool' ? v : misuse(`${printType(v.type)} where a bool is expected`)
}
export function pointerOf(v: Value): PointerType {
  return v.type.kind === 'pointer' ? v.type : misuse(`${printType(v.type)} where a pointer is expected`)
}

/** Words that cover `sizeBytes`, aligned wherever they start: their distances from the start, and their types. */
export function pieces(sizeBytes: number, ...offsets: number[]): [number, IntType][] {
  const result: [number, IntType][] = []
  let at = 0
  while (at < sizeBytes) {
    let size = 8
    while (size > sizeBytes - at || offsets.some(offset => (offset + at) % size !== 0)) size >>= 1
    result.push([at, intType((size * 8) as Bits, false)])
    at += size
  }
  return result
}

export function misuse(what: string): never {
  throw new IrError('IR_MISUSE', what)
}
