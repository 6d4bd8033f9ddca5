// Pass: common subexpressions. An operation without effect that was done before, with the same operands and on
// every way here, is not done again. Loads take part only when their memory does not change during a run, calls
// only when they are declared pure.
// In: ordered.

import { dominators, predecessors } from '../cfg.ts'
import {
  type BlockId,
  type Func,
  mapEndOperands,
  mapOperands,
  type Op,
  resultOf,
  type ValueId,
} from '../func.ts'
import { printRef } from '../print.ts'
import { Replacements } from '../rewrite.ts'

export function cse(func: Func): Func {
  const idom = dominators(predecessors(func.blocks))
  const dominates = dominanceTest(idom)
  const replaced = new Replacements()
  const known = new Map<string, { block: BlockId; value: ValueId }[]>()
  const blocks = func.blocks.map((block, id) => {
    const ops: Op[] = []
    for (const original of block.ops) {
      const op = mapOperands(original, replaced.find)
      const key = keyOf(op)
      if (key === undefined) {
        ops.push(op)
        continue
      }
      let list = known.get(key)
      if (list === undefined) known.set(key, (list = []))
      const before = list.find(entry => dominates(entry.block, id))
      if (before !== undefined) {
        replaced.set(resultOf(op)!, before.value)
        continue
      }
      list.push({ block: id, value: resultOf(op)! })
      ops.push(op)
    }
    return { ...block, ops }
  })
  if (replaced.isEmpty) return func
  return {
    ...func,
    blocks: blocks.map(block => ({ ...block, end: mapEndOperands(block.end, replaced.find) })),
  }
}

/** Equal for operations with equal results; undefined for those that must be done each time. */
function keyOf(op: Op): string | undefined {
  switch (op.kind) {
    case 'const':
      return `c${op.value}`
    case 'binary':
    case 'compare':
      return `${op.op}.${op.bits} ${op.a} ${op.b}`
    case 'neg':
      return `neg.${op.bits} ${op.a}`
    case 'extend':
      return `ext${op.signed}.${op.bits} ${op.a}`
    case 'bytes':
      return `${op.order}.${op.bits} ${op.a}`
    case 'select':
      return `select ${op.cond} ${op.a} ${op.b}`
    case 'bound':
      return `${op.how} ${op.max} ${op.a}`
    case 'slot':
      return `slot ${op.slot}`
    case 'address':
      return printRef(op.ref)
    case 'offset':
      return `offset ${op.a} ${op.b}`
    case 'load':
      return op.invariant ? `load.${op.signed}.${op.bits} ${op.base} ${op.offset}` : undefined
    case 'call':
      return op.pure && op.result !== undefined
        ? `${op.target.kind} ${op.target.name} ${op.args.join(' ')}`
        : undefined
    case 'store':
    case 'atomic':
      return undefined
  }
}

/** Dominance by intervals: a dominates b if the walk over the dominator tree is in a when it comes to b. */
function dominanceTest(idom: Int32Array): (a: BlockId, b: BlockId) => boolean {
  const children: BlockId[][] = Array.from(idom, () => [])
  for (let id = 1; id < idom.length; id++) children[idom[id]!]!.push(id)
  const enter = new Int32Array(idom.length)
  const leave = new Int32Array(idom.length)
  let clock = 0
  const stack: { id: BlockId; next: number }[] = [{ id: 0, next: 0 }]
  enter[0] = clock++
  while (stack.length > 0) {
    const top = stack.at(-1)!
    const child = children[top.id]![top.next++]
    if (child === undefined) {
      leave[top.id] = clock++
      stack.pop()
    } else {
      enter[child] = clock++
      stack.push({ id: child, next: 0 })
    }
  }
  return (a, b) => enter[a]! <= enter[b]! && leave[b]! <= leave[a]!
}
