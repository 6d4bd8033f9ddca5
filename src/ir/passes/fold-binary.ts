// The rules of `fold` for two-operand arithmetic: identities, strength reduction, chains of constants.

import { commutative, evaluate } from '../arithmetic.ts'
import type { BinaryOp, BinaryOpNode, ValueId } from '../func.ts'
import { maxOf } from '../range.ts'
import { s64, u64 } from '../types.ts'
import { constant, type Folding, type Rule } from './fold.ts'

export function foldBinary(f: Folding, op: BinaryOpNode): Rule {
  const a = f.constantOf(op.a)
  const b = f.constantOf(op.b)
  if (a !== undefined && b !== undefined) return constant(op, evaluate(op.op, op.bits, a, b))
  if (a !== undefined && commutative.has(op.op)) return { ...op, a: op.b, b: op.a }
  if (op.a === op.b) {
    if (op.op === 'sub' || op.op === 'xor') return constant(op, 0n)
    if (op.op === 'and' || op.op === 'or') return low(f, op, op.a)
  }
  if (a === 0n && op.op === 'sub')
    return { kind: 'neg', bits: op.bits, result: op.result, a: op.b, source: op.source }
  return b === undefined ? undefined : foldConstant(f, op, BigInt.asUintN(op.bits, b))
}

/** The right side is the constant `b`, already cut to the width. */
function foldConstant(f: Folding, op: BinaryOpNode, b: bigint): Rule {
  const all = (1n << BigInt(op.bits)) - 1n
  switch (op.op) {
    case 'add':
      if (b === 0n) return low(f, op, op.a)
      return chain(f, op, b)
    case 'sub':
      // One form for both lets chains of them become one.
      return { ...op, op: 'add', b: number(f, op, -b) }
    case 'mul':
      if (b === 0n) return constant(op, 0n)
      if (b === 1n) return low(f, op, op.a)
      if (b === all) return { kind: 'neg', bits: op.bits, result: op.result, a: op.a, source: op.source }
      if (isPowerOf2(b)) return { ...op, op: 'shl', b: number(f, op, log2(b)) }
      return chain(f, op, b)
    case 'udiv':
      if (b === 0n) return constant(op, 0n)
      if (b === 1n) return low(f, op, op.a)
      return isPowerOf2(b) ? { ...op, op: 'lshr', b: number(f, op, log2(b)) } : undefined
    case 'umod':
      if (b === 0n) return low(f, op, op.a)
      if (b === 1n) return constant(op, 0n)
      return isPowerOf2(b) ? { ...op, op: 'and', b: number(f, op, b - 1n) } : undefined
    case 'sdiv':
    case 'smod':
      return foldSignedDivision(f, op, b)
    case 'and':
      if (b === 0n) return constant(op, 0n)
      if (b === all) return low(f, op, op.a)
      if (op.bits === 64 && b === 0xffffffffn) return zext32(op)
      if (coversAll(maxOf(f, op.a), b)) return op.a
      return chain(f, op, b)
    case 'or':
      if (b === 0n) return low(f, op, op.a)
      return b === all ? constant(op, all) : chain(f, op, b)
    case 'xor':
      return b === 0n ? low(f, op, op.a) : chain(f, op, b)
    case 'shl':
    case 'lshr':
    case 'ashr':
      return foldShift(f, op, b & BigInt(op.bits - 1))
  }
}

function foldShift(f: Folding, op: BinaryOpNode, count: bigint): Rule {
  if (count === 0n) return low(f, op, op.a)
  const inner = f.defs[op.a]
  if (inner?.kind !== 'binary' || inner.op !== op.op || inner.bits !== op.bits) return undefined
  const before = f.constantOf(inner.b)
  if (before === undefined) return undefined
  const sum = (before & BigInt(op.bits - 1)) + count
  if (sum < BigInt(op.bits)) return { ...op, a: inner.a, b: number(f, op, sum) }
  return op.op === 'ashr' ? { ...op, a: inner.a, b: number(f, op, BigInt(op.bits - 1)) } : constant(op, 0n)
}

/**
 * By a power of two 2^n:  bias = a < 0 ? 2^n - 1 : 0,  a / 2^n = (a + bias) >> n,  a % 2^n = a - ((a + bias) & -2^n).
 * Other divisors stay: `legalize` or the hardware divides.
 */
function foldSignedDivision(f: Folding, op: BinaryOpNode, b: bigint): Rule {
  const { bits } = op
  const divide = op.op === 'sdiv'
  if (b === 0n) return divide ? constant(op, 0n) : low(f, op, op.a)
  if (b === 1n) return divide ? low(f, op, op.a) : constant(op, 0n)
  if (!isPowerOf2(b) || b === 1n << BigInt(bits - 1)) return undefined
  const make = (name: BinaryOp, x: ValueId, y: bigint | ValueId): ValueId =>
    f.make(s64, { kind: 'binary', op: name, bits, a: x, b: typeof y === 'number' ? y : f.constant(u64, y) })
  const n = log2(b)
  const sign = make('ashr', op.a, BigInt(bits - 1))
  const biased = make('add', op.a, make('lshr', sign, BigInt(bits) - n))
  if (divide) return { ...op, op: 'ashr', a: biased, b: number(f, op, n) }
  const multiple = make('and', biased, BigInt.asUintN(bits, -b))
  return { ...op, op: 'sub', a: op.a, b: multiple }
}

/** (a op c) op b = a op (c op b), for operations where that holds. */
function chain(f: Folding, op: BinaryOpNode, b: bigint): Rule {
  const inner = f.defs[op.a]
  if (inner?.kind !== 'binary' || inner.op !== op.op || inner.bits !== op.bits) return undefined
  const c = f.constantOf(inner.b)
  return c === undefined ? undefined : { ...op, a: inner.a, b: number(f, op, evaluate(op.op, op.bits, c, b)) }
}

/** The operation does nothing but cut `a` to its width. */
function low(f: Folding, op: BinaryOpNode, a: ValueId): Rule {
  return op.bits === 64 || maxOf(f, a) <= 0xffffffffn ? a : zext32({ ...op, a })
}

function zext32(op: BinaryOpNode): Rule {
  return { kind: 'extend', signed: false, bits: 32, result: op.result, a: op.a, source: op.source }
}

function number(f: Folding, op: BinaryOpNode, value: bigint): ValueId {
  return f.constant(u64, BigInt.asUintN(op.bits, value))
}

/** Whether every number up to `max` is left alone by `and`ing it with `mask`. */
function coversAll(max: bigint, mask: bigint): boolean {
  const bits = max === 0n ? 0 : max.toString(2).length
  const low = (1n << BigInt(bits)) - 1n
  return (mask & low) === low
}

function isPowerOf2(value: bigint): boolean {
  return value !== 0n && (value & (value - 1n)) === 0n
}

function log2(value: bigint): bigint {
  return BigInt(value.toString(2).length - 1)
}
