// Pass: common subexpressions. An operation without effect that was done before, with the same operands and on
// every way here, is not done again. Loads take part only when their memory does not change during a run, calls
// only when they are declared pure.
// In: ordered.

import { dominators, predecessors } from '../cfg.ts'
import { type Block, type BlockId, type Func, type Op, resultOf, type ValueId } from '../func.ts'
import { printRef } from '../print.ts'
import { Replacements } from '../rewrite.ts'

export function cse(func: Func): Func {
  if (func.types.length > MAX_VALUES) return func
  const { dominates, walk } = dominatorTree(dominators(predecessors(func.blocks)))
  const replaced = new Replacements(func)
  /** the last value that was computed by each kind of operation, and where it was */
  const last = new Map<Key, ValueId>()
  const home: BlockId[] = []
  const blocks: Block[] = [...func.blocks]
  for (const id of walk) {
    const { params, ops: originals, end } = blocks[id]!
    const ops: Op[] = []
    for (let i = 0; i < originals.length; i++) {
      const op = replaced.operation(originals[i]!)
      const key = keyOf(op)
      if (key === undefined) {
        ops.push(op)
        continue
      }
      const known = last.get(key)
      const result = resultOf(op)!
      // one that does not hold here will not hold later either: the walk has left that part of the tree
      if (known !== undefined && dominates(home[known]!, id)) {
        replaced.set(result, known)
        continue
      }
      home[result] = id
      last.set(key, result)
      ops.push(op)
    }
    blocks[id] = { params, ops, end }
  }
  return replaced.isEmpty ? func : { ...func, blocks: replaced.applyToEnds(blocks) }
}

/** Numbers where that is possible: they are made and found faster than strings. */
type Key = number | bigint | string

/** Two values and a code fit the 53 bits of a number. */
const MAX_VALUES = 2 ** 22

const CODES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ...['add', 'sub', 'mul', 'udiv', 'umod', 'sdiv', 'smod', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr'],
    ...['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set', 'neg', 'offset'],
  ].map((name, i) => [name, i]),
)

function pair(name: string, bits: 32 | 64, a: ValueId, b: ValueId): number {
  return ((CODES[name]! * 2 + (bits >> 6)) * MAX_VALUES + a) * MAX_VALUES + b
}

/** Equal for operations with equal results; undefined for those that must be done each time. */
function keyOf(op: Op): Key | undefined {
  switch (op.kind) {
    case 'const':
      return op.value
    case 'binary':
    case 'compare':
      return pair(op.op, op.bits, op.a, op.b)
    case 'neg':
      return pair('neg', op.bits, op.a, 0)
    case 'offset':
      return pair('offset', 64, op.a, op.b)
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

interface DominatorTree {
  /** whether every way to `b` goes through `a` */
  readonly dominates: (a: BlockId, b: BlockId) => boolean
  /** all blocks, each before those it dominates, and these one after another */
  readonly walk: readonly BlockId[]
}

/** Dominance by intervals: a dominates b if the walk over the tree is in a when it comes to b. */
function dominatorTree(idom: Int32Array): DominatorTree {
  const count = idom.length
  // The first child of each block and its next sibling, plus none: block 0 is nobody's child.
  const child = new Int32Array(count)
  const sibling = new Int32Array(count)
  for (let id = count - 1; id > 0; id--) {
    sibling[id] = child[idom[id]!]!
    child[idom[id]!] = id
  }
  const enter = new Int32Array(count)
  const leave = new Int32Array(count)
  const walk: BlockId[] = []
  let clock = 1
  for (let id = 0; ; ) {
    if (enter[id] === 0) {
      enter[id] = clock++
      walk.push(id)
      if (child[id] !== 0) {
        id = child[id]!
        continue
      }
    }
    leave[id] = clock++
    if (id === 0) break
    id = sibling[id] !== 0 ? sibling[id]! : idom[id]!
  }
  return { dominates: (a, b) => enter[a]! <= enter[b]! && leave[b]! <= leave[a]!, walk }
}
