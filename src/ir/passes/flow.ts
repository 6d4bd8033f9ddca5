// Pass: simplifies where control goes. Branches that are decided become jumps, branches on a negated condition
// change arms, jumps to a block that only goes on go on themselves (jump threading), and a block that is the only
// way into another becomes one with it.
// In: ordered. Out: ordered again.

import {
  type Block,
  type BlockId,
  endOperandsOf,
  type Func,
  mapEndOperands,
  mapOperands,
  mapTargets,
  newValue,
  type Op,
  operandsOf,
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
  return merge(order({ ...func, blocks }))
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
  for (const [id, block] of blocks.entries()) blocks[id] = { ...block, end: mapTargets(block.end, forward) }
}

/** Blocks whose parameters are used in other blocks too: those cannot be jumped past. */
function parametersUsedElsewhere(blocks: readonly Block[]): ReadonlySet<BlockId> {
  const home = new Map<ValueId, BlockId>()
  for (const [id, { params }] of blocks.entries()) for (const param of params) home.set(param, id)
  const result = new Set<BlockId>()
  for (const [id, { ops, end }] of blocks.entries()) {
    const check = (value: ValueId): void => {
      const block = home.get(value)
      if (block !== undefined && block !== id) result.add(block)
    }
    for (const op of ops) operandsOf(op).forEach(check)
    endOperandsOf(end).forEach(check)
  }
  return result
}

// ---- merging ------------------------------------------------------------------------------------------------------

/** Joins each block with the one it jumps to, where that has no other way in. */
function merge(func: Func): Func {
  const entries = new Uint32Array(func.blocks.length)
  for (const { end } of func.blocks) for (const { to } of targetsOf(end)) entries[to]!++
  const replaced = new Replacements()
  const blocks = [...func.blocks]
  let merged = false
  for (let id = 0; id < blocks.length; id++) {
    let block = blocks[id]!
    const parts = [block.ops]
    const seen = new Set([id])
    while (
      block.end.kind === 'jump' &&
      entries[block.end.target.to] === 1 &&
      !seen.has(block.end.target.to)
    ) {
      const { to, args } = block.end.target
      const next = blocks[to]!
      seen.add(to)
      next.params.forEach((param, i) => {
        replaced.set(param, args[i]!)
      })
      parts.push(next.ops)
      block = { params: block.params, ops: block.ops, end: next.end }
      // The block that was taken in is unreachable now; it must not lead anywhere.
      blocks[to] = { params: [], ops: [], end: { kind: 'jump', target: { to, args: [] } } }
      merged = true
    }
    if (parts.length > 1) blocks[id] = { params: block.params, ops: parts.flat(), end: block.end }
  }
  if (!merged) return func
  const renamed = blocks.map(block => ({
    params: block.params,
    ops: block.ops.map(op => mapOperands(op, replaced.find)),
    end: mapEndOperands(block.end, replaced.find),
  }))
  return order({ ...func, blocks: renamed })
}
