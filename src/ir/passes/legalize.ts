// Pass: replaces what the target has no instruction for. With v3 that is signed division and remainder:
//
//     q = |a| / |b|, negated when the signs differ        r = |a| % |b|, with the sign of a
//
// where |x| = (x ^ s) - s and s = x >> 63. Division by 0 and of the smallest number by -1 come out as on v4.

import { type BinaryOpNode, type Func, newValue, type Op, type ValueId } from '../func.ts'
import type { Cpu } from '../machine/select.ts'
import { s64, u64 } from '../types.ts'

export function legalize(func: Func, cpu: Cpu): Func {
  if (cpu === 'v4' || !func.blocks.some(({ ops }) => ops.some(isSignedDivision))) return func
  const blocks = func.blocks.map(block => {
    if (!block.ops.some(isSignedDivision)) return block
    return { ...block, ops: block.ops.flatMap(op => (isSignedDivision(op) ? divide(func, op) : [op])) }
  })
  return { ...func, blocks }
}

function isSignedDivision(op: Op): op is BinaryOpNode {
  return op.kind === 'binary' && (op.op === 'sdiv' || op.op === 'smod')
}

function divide(func: Func, op: BinaryOpNode): Op[] {
  const ops: Op[] = []
  const { source } = op
  const binary = (name: BinaryOpNode['op'], a: ValueId, b: ValueId): ValueId => {
    const result = newValue(func, u64)
    ops.push({ kind: 'binary', op: name, bits: 64, result, a, b, source })
    return result
  }
  const extended = (a: ValueId): ValueId => {
    if (op.bits === 64) return a
    const result = newValue(func, s64)
    ops.push({ kind: 'extend', signed: true, bits: 32, result, a, source })
    return result
  }
  const count = newValue(func, u64)
  ops.push({ kind: 'const', result: count, value: 63n, source })
  const signOf = (a: ValueId): ValueId => binary('ashr', a, count)
  const negateIf = (a: ValueId, sign: ValueId): ValueId => binary('sub', binary('xor', a, sign), sign)

  const a = extended(op.a)
  const b = extended(op.b)
  const [signA, signB] = [signOf(a), signOf(b)]
  const unsigned = binary(op.op === 'sdiv' ? 'udiv' : 'umod', negateIf(a, signA), negateIf(b, signB))
  const result = negateIf(unsigned, op.op === 'sdiv' ? binary('xor', signA, signB) : signA)
  if (op.bits === 64) ops.push({ ...(ops.pop() as BinaryOpNode), result: op.result })
  else ops.push({ kind: 'extend', signed: false, bits: 32, result: op.result, a: result, source })
  return ops
}
