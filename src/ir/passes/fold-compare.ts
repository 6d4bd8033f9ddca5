// The rules of `fold` for compares: what ranges decide, conditions of conditions, and compares on fewer bits.
// Pointers the verifier tracks are only compared with each other and with null, on 64 bits: those stay as they are.

import { holds, inverted, mirrored } from '../arithmetic.ts'
import type { CompareOp, CompareOpNode, ValueId } from '../func.ts'
import { maxOf, signedBits } from '../range.ts'
import { isTracked } from '../types.ts'
import { constant, type Folding, isBool, type Rule } from './fold.ts'

export function foldCompare(f: Folding, op: CompareOpNode): Rule {
  const a = f.constantOf(op.a)
  const b = f.constantOf(op.b)
  if (a !== undefined && b !== undefined) return constant(op, holds(op.op, op.bits, a, b) ? 1n : 0n)
  if (a !== undefined) return { ...op, op: mirrored[op.op], a: op.b, b: op.a }
  if (isTracked(f.types[op.a]!) || isTracked(f.types[op.b]!)) return undefined
  if (op.a === op.b && op.op !== 'set') return constant(op, holds(op.op, 64, 0n, 0n) ? 1n : 0n)
  return (
    (b === undefined ? undefined : foldConstant(f, op, BigInt.asUintN(op.bits, b))) ??
    (op.bits === 64 ? narrowed(f, op, b) : undefined)
  )
}

function foldConstant(f: Folding, op: CompareOpNode, b: bigint): Rule {
  const max = maxOf(f, op.a)
  if (max < 1n << BigInt(op.bits)) {
    const decided = decide(op.op, max, b, op.bits)
    if (decided !== undefined) return constant(op, decided ? 1n : 0n)
  }
  if (op.op === 'ult' && b === 1n) return { ...op, op: 'eq', b: f.constant(f.types[op.b]!, 0n) }
  if (op.op === 'uge' && b === 1n) return { ...op, op: 'ne', b: f.constant(f.types[op.b]!, 0n) }
  if (op.op === 'ugt' && b === 0n) return { ...op, op: 'ne' }
  if (op.op === 'ule' && b === 0n) return { ...op, op: 'eq' }
  if (op.op !== 'eq' && op.op !== 'ne') return undefined

  const inner = f.defs[op.a]
  if (isBool(f, op.a) && (b === 0n || b === 1n)) {
    // `bool != 0` and `bool == 1` are the bool itself, the others its opposite.
    if ((op.op === 'ne') === (b === 0n)) return op.a
    if (inner?.kind === 'compare' && inner.op !== 'set')
      return { ...inner, op: inverted[inner.op], result: op.result }
    if (b === 1n) return { ...op, op: 'eq', b: f.constant(f.types[op.b]!, 0n) }
  }
  if (op.op === 'ne' && b === 0n && inner?.kind === 'binary' && inner.op === 'and') {
    return { ...op, op: 'set', bits: inner.bits === 32 ? 32 : op.bits, a: inner.a, b: inner.b }
  }
  return undefined
}

/** What `x op b` is for every x from 0 to `max`, if it is always the same. */
function decide(op: CompareOp, max: bigint, b: bigint, bits: 32 | 64): boolean | undefined {
  switch (op) {
    case 'eq':
      return b > max ? false : undefined
    case 'ne':
      return b > max ? true : undefined
    case 'ult':
      return b > max ? true : b === 0n ? false : undefined
    case 'ule':
      return b >= max ? true : undefined
    case 'ugt':
      return b >= max ? false : undefined
    case 'uge':
      return b > max ? false : b === 0n ? true : undefined
    case 'set':
      return b === 0n ? false : undefined
  }
  if (max >= 1n << BigInt(bits - 1)) return undefined
  const signed = BigInt.asIntN(bits, b)
  if (op === 'slt') return signed > max ? true : signed <= 0n ? false : undefined
  if (op === 'sle') return signed >= max ? true : signed < 0n ? false : undefined
  if (op === 'sgt') return signed >= max ? false : signed < 0n ? true : undefined
  return signed > max ? false : signed <= 0n ? true : undefined
}

/**
 * A compare of the low halves, where both sides are the sign extension of theirs and so keep their order, or where
 * a constant would not fit the immediate otherwise.
 */
function narrowed(f: Folding, op: CompareOpNode, b: bigint | undefined): Rule {
  const source = (value: ValueId): ValueId | undefined => {
    const def = f.defs[value]
    if (def?.kind === 'extend' && def.signed && def.bits === 32) return def.a
    return undefined
  }
  if (op.op === 'set') return undefined
  const x = source(op.a)
  if (x !== undefined) {
    const y = source(op.b) ?? (signedBits(f, op.b) <= 32 ? op.b : undefined)
    if (y !== undefined) return { ...op, bits: 32, a: x, b: y }
  }
  const unsigned = op.op === 'eq' || op.op === 'ne' || op.op.startsWith('u')
  if (b !== undefined && unsigned && b > 0x7fffffffn && b <= 0xffffffffn && maxOf(f, op.a) <= 0xffffffffn) {
    return { ...op, bits: 32 }
  }
  return undefined
}
