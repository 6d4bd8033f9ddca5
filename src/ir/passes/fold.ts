// Pass: constants and algebra. Each operation is looked at once, in order, with what is known of its operands:
// computed if they are constant, replaced by an operand or by a cheaper operation with the same result.
// In: ordered. Out: constants stand on the right of operations where the sides may be exchanged.
//
// What the verifier is told about limits stays: a `bound` is only removed where the verifier sees the limit in the
// instructions themselves.

import { byteSwapped, extended } from '../arithmetic.ts'
import { type Block, type Func, type NewOp, newValue, type Op, resultOf, type ValueId } from '../func.ts'
import { type Facts, maxOf, signedBits, verifierMax } from '../range.ts'
import { Replacements } from '../rewrite.ts'
import { isTracked, type Type } from '../types.ts'
import { foldBinary } from './fold-binary.ts'
import { foldCompare } from './fold-compare.ts'

/** What rules see, and how they make new operations. */
export interface Folding extends Facts {
  /** the constant a value is, if it is one */
  constantOf(value: ValueId): bigint | undefined
  /** a new operation before the one that is looked at; folded in its turn */
  make(type: Type, op: NewOp): ValueId
  constant(type: Type, value: bigint): ValueId
}

/** What a rule says: the value to use instead, another operation for the same result, or nothing. */
export type Rule = ValueId | Op | undefined

/** `canonical`: values are in the canonical form of their type; not so after `narrow`. */
export function fold(func: Func, canonical: boolean): Func {
  const replaced = new Replacements(func)
  const defs: (Op | undefined)[] = new Array(func.types.length)
  let ops: Op[] = []
  let source: Op['source']
  const f: Folding = {
    types: func.types,
    defs,
    canonical,
    constantOf: value => {
      const def = defs[value]
      return def?.kind === 'const' ? def.value : undefined
    },
    make: (type, op) => {
      const made = op as NewOp & { result?: ValueId; source?: Op['source'] }
      made.result = newValue(func, type)
      made.source = source
      return add(made as Op)
    },
    constant: (type, value) => f.make(type, { kind: 'const', value: BigInt.asUintN(64, value) }),
  }
  /** Appends an operation in its simplest form and returns the value it gives. */
  const add = (op: Op): ValueId => {
    let simplest = op
    for (let rule = simplify(f, op); rule !== undefined; rule = simplify(f, simplest)) {
      if (typeof rule === 'number') return rule
      simplest = rule
    }
    ops.push(simplest)
    const result = resultOf(simplest)
    if (result === undefined) return -1
    defs[result] = simplest
    return result
  }
  const blocks: Block[] = func.blocks.map(({ params, ops: originals, end }) => {
    ops = []
    for (const original of originals) {
      const op = replaced.operation(original)
      source = op.source
      const result = resultOf(op)
      const value = add(op)
      if (result !== undefined && value !== result) replaced.set(result, value)
    }
    return { params, ops, end }
  })
  return { ...func, blocks: replaced.applyToEnds(blocks) }
}

function simplify(f: Folding, op: Op): Rule {
  switch (op.kind) {
    case 'binary':
      return foldBinary(f, op)
    case 'compare':
      return foldCompare(f, op)
    case 'neg': {
      const a = f.constantOf(op.a)
      return a === undefined ? undefined : constant(op, BigInt.asUintN(op.bits, -a))
    }
    case 'extend':
      return foldExtend(f, op)
    case 'bytes': {
      const a = f.constantOf(op.a)
      return a !== undefined && op.order === 'swap' ? constant(op, byteSwapped(a, op.bits)) : undefined
    }
    case 'select':
      return foldSelect(f, op)
    case 'bound': {
      const a = f.constantOf(op.a)
      if (a !== undefined) return constant(op, op.how === 'mask' ? a & op.max : a < op.max ? a : op.max)
      return verifierMax(f, op.a) <= op.max ? op.a : undefined
    }
    case 'offset':
      return foldOffset(f, op)
    case 'load':
    case 'store':
    case 'atomic':
      return foldPlace(f, op)
    default:
      return undefined
  }
}

/** A constant in place of an operation. */
export function constant(op: Op & { readonly result: ValueId }, value: bigint): Op {
  return { kind: 'const', result: op.result, value: BigInt.asUintN(64, value), source: op.source }
}

function foldExtend(f: Folding, op: Extract<Op, { kind: 'extend' }>): Rule {
  const a = f.constantOf(op.a)
  if (a !== undefined) return constant(op, extended(a, op.bits, op.signed))
  if (op.signed ? signedBits(f, op.a) <= op.bits : maxOf(f, op.a) < 1n << BigInt(op.bits)) return op.a
  const inner = f.defs[op.a]
  // The low bits of something that was extended from as many or more are its low bits.
  if (inner?.kind === 'extend' && inner.bits >= op.bits) return { ...op, a: inner.a }
  if (inner?.kind === 'binary' && inner.op === 'and') {
    const mask = f.constantOf(inner.b)
    const low = (1n << BigInt(op.bits)) - 1n
    if (mask !== undefined && (mask & low) === low) return { ...op, a: inner.a }
  }
  return undefined
}

function foldSelect(f: Folding, op: Extract<Op, { kind: 'select' }>): Rule {
  const cond = f.constantOf(op.cond)
  if (cond !== undefined) return cond !== 0n ? op.a : op.b
  if (op.a === op.b) return op.a
  const [a, b] = [f.constantOf(op.a), f.constantOf(op.b)]
  if (a === 1n && b === 0n && f.defs[op.cond]?.kind === 'compare') return op.cond
  // Swapped arms are cheaper than an inverted condition.
  const test = f.defs[op.cond]
  if (test?.kind === 'compare' && test.op === 'eq' && f.constantOf(test.b) === 0n && isBool(f, test.a)) {
    return { ...op, cond: test.a, a: op.b, b: op.a }
  }
  return undefined
}

function foldOffset(f: Folding, op: Extract<Op, { kind: 'offset' }>): Rule {
  const b = f.constantOf(op.b)
  if (b === undefined) return undefined
  if (b === 0n) return op.a
  const inner = f.defs[op.a]
  if (inner?.kind !== 'offset') return undefined
  const c = f.constantOf(inner.b)
  return c === undefined ? undefined : { ...op, a: inner.a, b: f.constant(f.types[op.b]!, b + c) }
}

/** Constant offsets go from the pointer into the access; accesses to one map value share its address. */
function foldPlace(f: Folding, op: Extract<Op, { kind: 'load' | 'store' | 'atomic' }>): Rule {
  const base = f.defs[op.base]
  if (base?.kind === 'offset') {
    const b = f.constantOf(base.b)
    const offset = b === undefined ? undefined : op.offset + Number(BigInt.asIntN(64, b))
    if (offset !== undefined && fitsOffset(offset)) return { ...op, base: base.a, offset }
  }
  if (base?.kind === 'address' && base.ref.kind === 'mapValue' && base.ref.offset !== 0) {
    const offset = op.offset + base.ref.offset
    if (!fitsOffset(offset)) return undefined
    return { ...op, base: f.make(f.types[op.base]!, { ...base, ref: { ...base.ref, offset: 0 } }), offset }
  }
  return undefined
}

function fitsOffset(offset: number): boolean {
  return offset >= -0x8000 && offset <= 0x7fff
}

/** Whether the value is 0 or 1. */
export function isBool(f: Folding, value: ValueId): boolean {
  return !isTracked(f.types[value]!) && maxOf(f, value) <= 1n
}
