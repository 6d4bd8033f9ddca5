// The operations on values that a builder offers, as what they become: operands brought to one type, the operation on
// 32 or 64 bits, and its result brought back into the canonical form of its type (`types.ts`).

import type { BinaryOp, CompareOp, NewOp } from './func.ts'
import { fits, intOf, isValue, misuse, type Operand, rawOf, type Value, widthOf } from './operand.ts'
import { bool, canonical, type IntType, intType, printType, sameType, type Type } from './types.ts'

/** Appends an operation and gives its result. */
export type Emit = (type: Type, op: NewOp) => Value

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'and' | 'or' | 'xor'

/** A constant of a type; numbers out of its range are taken modulo its width. */
export function constant(emit: Emit, type: Type, value: number | bigint): Value {
  if (typeof value === 'number' && !Number.isInteger(value)) misuse(`${value} is not an integer`)
  return emit(type, { kind: 'const', value: canonical(type, BigInt(value)) })
}

/** The value, or the number as one of a type. */
export function operand(emit: Emit, value: Operand, type: Type): Value {
  if (!isValue(value)) return constant(emit, type, value)
  if (!fits(value.type, type)) misuse(`${printType(value.type)} where ${printType(type)} is expected`)
  return value
}

/** Both sides with the type of the one that has a type. */
export function pair(emit: Emit, a: Operand, b: Operand): [Value, Value] {
  if (isValue(a)) return [a, operand(emit, b, a.type)]
  if (isValue(b)) return [constant(emit, b.type, a), b]
  return misuse('an operation on two plain numbers')
}

export function arithmetic(emit: Emit, op: Arithmetic, a: Operand, b: Operand): Value {
  const [x, y] = pair(emit, a, b)
  if (x.type.kind === 'bool') {
    if (op !== 'and' && op !== 'or' && op !== 'xor') misuse(`${op} of bools`)
    return emit(bool, { kind: 'binary', op: op as BinaryOp, bits: 64, a: x.id, b: y.id })
  }
  const type = intOf(x)
  const binary = (op === 'div' || op === 'mod' ? `${type.signed ? 's' : 'u'}${op}` : op) as BinaryOp
  const bitwise = op === 'and' || op === 'or' || op === 'xor'
  // Bitwise operations on canonical values give canonical ones; so do unsigned quotients and remainders.
  const closed = bitwise || binary === 'udiv' || binary === 'umod'
  const bits = bitwise ? 64 : widthOf(type)
  const result = emit(closed ? type : rawOf(type), {
    kind: 'binary',
    op: binary,
    bits,
    a: x.id,
    b: y.id,
  })
  return closed ? result : normalize(emit, type, result)
}

export function shift(emit: Emit, op: 'shl' | 'lshr' | 'ashr', a: Value, n: Operand): Value {
  const type = intOf(a)
  const count = isValue(n) ? n : constant(emit, type, n)
  intOf(count)
  const shift = { kind: 'binary', op, bits: widthOf(type), a: a.id, b: count.id } as const
  return op === 'lshr' ? emit(type, shift) : normalize(emit, type, emit(rawOf(type), shift))
}

/** Brings the result of arithmetic on registers back into the canonical form of its type. */
export function normalize(emit: Emit, type: IntType, v: Value): Value {
  return sameType(rawOf(type), type) ? v : extend(emit, type, v)
}

export function extend(emit: Emit, type: IntType, v: Value): Value {
  return emit(type, { kind: 'extend', signed: type.signed, bits: type.bits as 8 | 16 | 32, a: v.id })
}

export function compare(
  emit: Emit,
  op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'set',
  a: Operand,
  b: Operand,
): Value {
  const [x, y] = pair(emit, a, b)
  const signed = x.type.kind === 'int' && x.type.signed
  const full = op === 'eq' || op === 'ne' || op === 'set' ? op : (`${signed ? 's' : 'u'}${op}` as CompareOp)
  return emit(bool, { kind: 'compare', op: full, bits: 64, a: x.id, b: y.id })
}

export function bytes(emit: Emit, order: 'swap' | 'big' | 'little', a: Value): Value {
  const type = intOf(a)
  if (type.bits === 8) return a
  const swapped = emit(intType(type.bits, false), { kind: 'bytes', order, bits: type.bits, a: a.id })
  if (!type.signed) return swapped
  return type.bits === 64 ? { id: swapped.id, type } : extend(emit, type, swapped)
}
