// Pass: simplifies where control goes. Branches that are decided become jumps, branches on a negated condition
// change arms, jumps to a block that only goes on go on themselves (jump threading), and a block that is the only
// way into another becomes one with it.
// In: ordered. Out: ordered again; the very same function when nothing changed.

import {
  type Block,
  type BlockId,
  type Func,
  forEachEndOperand,
  forEachOperand,
  mapTargets,
  newValue,
  type Op,
  type Target,
  type Terminator,
  targetsOf,
  type ValueId,
} from '../func.ts'
import { definitions, Replacements } from '../rewrite.ts'
import { bool } from '../types.ts'
import { order } from './order.ts'

export function flow(func: Func): Func {
  const defs = definitions(func)
  const blocks = func.blocks.map(block => decideBranch(func, block, defs))
  thread(blocks, defs)
  merge(func, blocks)
  return blocks.some((block, id) => block !== func.blocks[id]) ? order({ ...func, blocks }) : func
}

// ---- branches -----------------------------------------------------------------------------------------------------

function decideBranch(func: Func, block: Block, defs: (Op | undefined)[]): Block {
  let { end, ops } = block
  while (end.kind === 'branch') {
    const cond: Op | undefined = defs[end.cond]
    if (cond?.kind === 'const') {
      return { ...block, ops, end: jumpTo(end, cond.value !== 0n ? end.yes : end.no) }
    }
    if (sameTarget(end.yes, end.no)) return { ...block, ops, end: jumpTo(end, end.yes) }
    if (cond?.kind !== 'compare' || cond.op !== 'eq') break
    const zero: Op | undefined = defs[cond.b]
    if (zero?.kind !== 'const' || zero.value !== 0n) break
    const tested: Op | undefined = defs[cond.a]
    if (tested?.kind === 'compare' || func.types[cond.a]!.kind === 'bool') {
      end = { ...end, cond: cond.a, yes: end.no, no: end.yes }
    } else if (tested?.kind === 'binary' && tested.op === 'and') {
      // `(a & b) == 0` has no jump, `(a & b) != 0` has.
      const result = newValue(func, bool)
      const set: Op = {
        ...tested,
        kind: 'compare',
        op: 'set',
        result,
        bits: tested.bits === 32 ? 32 : cond.bits,
      }
      defs[result] = set
      ops = [...ops, set]
      end = { ...end, cond: result, yes: end.no, no: end.yes }
    } else break
  }
  return end === block.end ? block : { ...block, ops, end }
}

function jumpTo(end: Terminator, target: Target): Terminator {
  return { kind: 'jump', target, source: end.source }
}

function sameTarget(a: Target, b: Target): boolean {
  return a.to === b.to && a.args.length === b.args.length && a.args.every((arg, i) => arg === b.args[i])
}

// ---- threading ----------------------------------------------------------------------------------------------------

/** Leads jumps past blocks that do nothing. Changes `blocks`. */
function thread(blocks: Block[], defs: readonly (Op | undefined)[]): void {
  if (!blocks.some(isEmpty)) return
  const elsewhere = parametersUsedElsewhere(blocks)
  const forward = (target: Target): Target => {
    let { to, args } = target
    // A ring of empty blocks goes nowhere, so there is a limit.
    for (let steps = 0; steps < 16; steps++) {
      const next = throughBlock(blocks[to]!, to, args)
      if (next === undefined) break
      to = next.to
      args = next.args
    }
    return to === target.to ? target : { to, args }
  }
  /** Where one goes on that enters an empty block with these arguments. */
  const throughBlock = (block: Block, id: BlockId, args: readonly ValueId[]): Target | undefined => {
    const { end } = block
    if (block.ops.length > 0 || end.kind === 'return' || elsewhere.has(id)) return undefined
    const known = (value: ValueId): ValueId => {
      const i = block.params.indexOf(value)
      return i < 0 ? value : args[i]!
    }
    let target: Target
    if (end.kind === 'jump') target = end.target
    else {
      const cond = defs[known(end.cond)]
      // A condition that the block itself was reached by is for the passes that know it.
      if (cond?.kind !== 'const' || !block.params.includes(end.cond)) return undefined
      target = cond.value !== 0n ? end.yes : end.no
    }
    return target.to === id ? undefined : { to: target.to, args: target.args.map(known) }
  }
  for (let id = 0; id < blocks.length; id++) {
    const block = blocks[id]!
    const end = mapTargets(block.end, forward)
    if (end !== block.end) blocks[id] = { ...block, end }
  }
}

function isEmpty({ ops, end }: Block): boolean {
  return ops.length === 0 && end.kind !== 'return'
}

/** Empty blocks whose parameters are used in other blocks too: those cannot be jumped past. */
function parametersUsedElsewhere(blocks: readonly Block[]): ReadonlySet<BlockId> {
  const result = new Set<BlockId>()
  const home: (BlockId | undefined)[] = []
  for (const [id, block] of blocks.entries())
    if (isEmpty(block)) for (const param of block.params) home[param] = id
  if (home.length === 0) return result
  let here = 0
  const check = (value: ValueId): void => {
    const block = home[value]
    if (block !== undefined && block !== here) result.add(block)
  }
  for (; here < blocks.length; here++) {
    for (const op of blocks[here]!.ops) forEachOperand(op, check)
    forEachEndOperand(blocks[here]!.end, check)
  }
  return result
}

// ---- merging ------------------------------------------------------------------------------------------------------

/** Joins each block with the one it jumps to, where that has no other way in. Changes `blocks`. */
function merge(func: Func, blocks: Block[]): void {
  const entries = countEntries(blocks)
  const replaced = new Replacements(func)
  let merged = false
  for (let id = 0; id < blocks.length; id++) {
    const { params, ops, end: first } = blocks[id]!
    let end = first
    const parts = [ops]
    while (end.kind === 'jump' && entries[end.target.to] === 1 && entries[id]! > 0) {
      const { to, args } = end.target
      const next = blocks[to]!
      for (let i = 0; i < args.length; i++) replaced.set(next.params[i]!, args[i]!)
      parts.push(next.ops)
      end = next.end
      // It was taken in, and is not reached any more.
      entries[to] = 0
      merged = true
    }
    if (parts.length > 1) blocks[id] = { params, ops: parts.flat(), end }
  }
  if (!merged || replaced.isEmpty) return
  for (const [id, block] of replaced.apply(blocks).entries()) blocks[id] = block
}

/** How many ways lead into each block from blocks that are reached; the entry has one more. */
function countEntries(blocks: readonly Block[]): Uint32Array {
  const entries = new Uint32Array(blocks.length)
  entries[0] = 1
  const work = [0]
  while (work.length > 0) {
    for (const { to } of targetsOf(blocks[work.pop()!]!.end)) if (entries[to]!++ === 0) work.push(to)
  }
  return entries
}
