// What arithmetic gives, on constants: BPF's on 64-bit registers, all numbers unsigned.

import type { BinaryOp, CompareOp } from './func.ts'

/** `a op b`; with 32 bits the low halves are taken and the result is zero-extended. */
export function evaluate(op: BinaryOp, bits: 32 | 64, a: bigint, b: bigint): bigint {
  const x = BigInt.asUintN(bits, a)
  const y = BigInt.asUintN(bits, b)
  return BigInt.asUintN(bits, calculate(op, bits, x, y))
}

function calculate(op: BinaryOp, bits: 32 | 64, x: bigint, y: bigint): bigint {
  const [sx, sy] = [BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)]
  const count = y & BigInt(bits - 1)
  switch (op) {
    case 'add':
      return x + y
    case 'sub':
      return x - y
    case 'mul':
      return x * y
    case 'udiv':
      return y === 0n ? 0n : x / y
    case 'umod':
      return y === 0n ? x : x % y
    case 'sdiv':
      return y === 0n ? 0n : sx / sy
    case 'smod':
      return y === 0n ? x : sx % sy
    case 'and':
      return x & y
    case 'or':
      return x | y
    case 'xor':
      return x ^ y
    case 'shl':
      return x << count
    case 'lshr':
      return x >> count
    case 'ashr':
      return sx >> count
  }
}

export function holds(op: CompareOp, bits: 32 | 64, a: bigint, b: bigint): boolean {
  const x = BigInt.asUintN(bits, a)
  const y = BigInt.asUintN(bits, b)
  const [sx, sy] = [BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)]
  switch (op) {
    case 'eq':
      return x === y
    case 'ne':
      return x !== y
    case 'ult':
      return x < y
    case 'ule':
      return x <= y
    case 'ugt':
      return x > y
    case 'uge':
      return x >= y
    case 'slt':
      return sx < sy
    case 'sle':
      return sx <= sy
    case 'sgt':
      return sx > sy
    case 'sge':
      return sx >= sy
    case 'set':
      return (x & y) !== 0n
  }
}

/** The low `bits` bits of a value, sign- or zero-extended to 64, as an unsigned number. */
export function extended(value: bigint, bits: number, signed: boolean): bigint {
  return signed ? BigInt.asUintN(64, BigInt.asIntN(bits, value)) : BigInt.asUintN(bits, value)
}

export function byteSwapped(value: bigint, bits: 16 | 32 | 64): bigint {
  let result = 0n
  for (let shift = 0; shift < bits; shift += 8) result = (result << 8n) | ((value >> BigInt(shift)) & 0xffn)
  return result
}

/** The condition with its sides exchanged. */
export const mirrored: Readonly<Record<CompareOp, CompareOp>> = {
  eq: 'eq',
  ne: 'ne',
  ult: 'ugt',
  ule: 'uge',
  ugt: 'ult',
  uge: 'ule',
  slt: 'sgt',
  sle: 'sge',
  sgt: 'slt',
  sge: 'sle',
  set: 'set',
}

/** The condition that holds exactly when the other does not; `set` has none. */
export const inverted: Readonly<Record<Exclude<CompareOp, 'set'>, CompareOp>> = {
  eq: 'ne',
  ne: 'eq',
  ult: 'uge',
  ule: 'ugt',
  ugt: 'ule',
  uge: 'ult',
  slt: 'sge',
  sle: 'sgt',
  sgt: 'sle',
  sge: 'slt',
}

export const commutative: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['add', 'mul', 'and', 'or', 'xor'])
