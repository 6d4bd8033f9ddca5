// Pass: drops sign and zero extensions whose upper bits nobody reads, and does arithmetic on 32 bits where that
// saves an extension.
// Out: values are no longer in the canonical form of their type: only the bits that are read are right.

import {
  type BinaryOpNode,
  type Block,
  type Func,
  forEachEndOperand,
  forEachOperand,
  mapEndOperands,
  mapOperands,
  type Op,
  resultOf,
  targetsOf,
  type ValueId,
} from '../func.ts'
import { bitLength } from '../range.ts'
import { definitions, Replacements } from '../rewrite.ts'

export function narrow(func: Func): Func {
  if (!func.blocks.some(({ ops }) => ops.some(op => op.kind === 'extend'))) return func
  const defs = definitions(func)
  const demanded = demandedBits(func, defs)
  const uses = countUses(func)
  const replaced = new Replacements(func)
  /** 64-bit operations of which only a zero extension was used */
  const halved = new Map<ValueId, BinaryOpNode>()
  for (const { ops } of func.blocks) {
    for (const op of ops) {
      if (op.kind !== 'extend') continue
      const inner = defs[op.a]
      if (demanded[op.result]! <= op.bits) {
        replaced.set(op.result, op.a)
      } else if (
        !op.signed &&
        op.bits === 32 &&
        inner?.kind === 'binary' &&
        uses[op.a] === 1 &&
        canHalve(inner, defs)
      ) {
        halved.set(inner.result, { ...inner, bits: 32 })
        replaced.set(op.result, op.a)
      }
    }
  }
  if (replaced.isEmpty) return func
  const blocks: Block[] = func.blocks.map(block => ({
    ...block,
    ops: block.ops
      .filter(op => op.kind !== 'extend' || replaced.find(op.result) === op.result)
      .map(op => mapOperands(halved.get(resultOf(op) ?? -1) ?? op, replaced.find)),
    end: mapEndOperands(block.end, replaced.find),
  }))
  return { ...func, blocks }
}

/** Whether the low half of the result only depends on the low halves of the operands. */
function canHalve(op: BinaryOpNode, defs: readonly (Op | undefined)[]): boolean {
  if (op.bits === 32) return false
  if (op.op === 'shl') {
    const count = defs[op.b]
    return count?.kind === 'const' && count.value < 32n
  }
  return (
    op.op === 'add' ||
    op.op === 'sub' ||
    op.op === 'mul' ||
    op.op === 'and' ||
    op.op === 'or' ||
    op.op === 'xor'
  )
}

/** How many low bits of each value are read by anything that matters. */
function demandedBits(func: Func, defs: readonly (Op | undefined)[]): Uint8Array {
  const demanded = new Uint8Array(func.types.length)
  const sources: (ValueId[] | undefined)[] = []
  const work: ValueId[] = []
  const need = (value: ValueId, bits: number): void => {
    if (demanded[value]! >= bits) return
    demanded[value] = bits
    work.push(value)
  }
  const needAll = (value: ValueId): void => need(value, 64)
  for (const { ops, end } of func.blocks) {
    for (const op of ops) {
      if (op.kind === 'store') need(op.value, op.bits)
      if (op.kind === 'store' || op.kind === 'load' || op.kind === 'call' || op.kind === 'atomic') {
        if (op.kind === 'store') need(op.base, 64)
        else forEachOperand(op, needAll)
      }
    }
    if (end.kind === 'branch') need(end.cond, 64)
    if (end.kind === 'return') need(end.value, 64)
    for (const { to, args } of targetsOf(end)) {
      for (let i = 0; i < args.length; i++) (sources[func.blocks[to]!.params[i]!] ??= []).push(args[i]!)
    }
  }
  while (work.length > 0) {
    const value = work.pop()!
    const def = defs[value]
    const bits = demanded[value]!
    if (def === undefined) for (const arg of sources[value] ?? []) need(arg, bits)
    else demandOperands(def, bits, defs, need)
  }
  return demanded
}

function demandOperands(
  op: Op,
  bits: number,
  defs: readonly (Op | undefined)[],
  need: (value: ValueId, bits: number) => void,
): void {
  switch (op.kind) {
    case 'binary':
      demandBinary(op, Math.min(bits, op.bits), defs, need)
      return
    case 'neg':
      need(op.a, Math.min(bits, op.bits))
      return
    case 'extend':
      need(op.a, Math.min(bits, op.bits))
      return
    case 'bytes':
      need(op.a, op.bits)
      return
    case 'compare':
      need(op.a, op.bits)
      need(op.b, op.bits)
      return
    case 'select':
      need(op.cond, 64)
      need(op.a, bits)
      need(op.b, bits)
      return
    default:
      forEachOperand(op, value => need(value, 64))
  }
}

function demandBinary(
  op: BinaryOpNode,
  bits: number,
  defs: readonly (Op | undefined)[],
  need: (value: ValueId, bits: number) => void,
): void {
  const right = defs[op.b]
  const constant = right?.kind === 'const' ? right.value : undefined
  const count = constant === undefined ? undefined : Number(constant & BigInt(op.bits - 1))
  switch (op.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'or':
    case 'xor':
      need(op.a, bits)
      need(op.b, bits)
      return
    case 'and':
      need(op.a, constant === undefined ? bits : Math.min(bits, bitLength(constant)))
      need(op.b, bits)
      return
    case 'shl':
      need(op.a, count === undefined ? bits : Math.max(0, bits - count))
      need(op.b, 64)
      return
    case 'lshr':
    case 'ashr':
      need(op.a, count === undefined ? op.bits : Math.min(op.bits, bits + count))
      need(op.b, 64)
      return
    default:
      need(op.a, op.bits)
      need(op.b, op.bits)
      return
  }
}

function countUses(func: Func): Uint32Array {
  const uses = new Uint32Array(func.types.length)
  const count = (value: ValueId): void => {
    uses[value]!++
  }
  for (const { ops, end } of func.blocks) {
    for (const op of ops) forEachOperand(op, count)
    forEachEndOperand(end, count)
  }
  return uses
}
