// Pass: drops operations whose results nothing needs, and block parameters and arguments likewise.
// Kept for their effects: stores, atomic operations, calls that are not pure, what decides where to go.

import {
  type Block,
  type BlockId,
  type Func,
  forEachOperand,
  mapTargets,
  type Op,
  resultOf,
  type Target,
  targetsOf,
  type ValueId,
} from '../func.ts'
import { definitions } from '../rewrite.ts'

export function dead(func: Func): Func {
  const defs = definitions(func)
  const sources = argumentSources(func)
  const live = new Uint8Array(func.types.length)
  const work: ValueId[] = []
  const need = (value: ValueId): void => {
    if (live[value] === 1) return
    live[value] = 1
    work.push(value)
  }
  for (const { ops, end } of func.blocks) {
    for (const op of ops) if (hasEffect(op)) forEachOperand(op, need)
    if (end.kind === 'branch') need(end.cond)
    if (end.kind === 'return') need(end.value)
  }
  while (work.length > 0) {
    const value = work.pop()!
    const def = defs[value]
    if (def !== undefined) forEachOperand(def, need)
    else sources[value]?.forEach(need)
  }

  const isLive = (op: Op): boolean => {
    const result = resultOf(op)
    return hasEffect(op) || (result !== undefined && live[result] === 1)
  }
  const keep = (to: BlockId, list: readonly ValueId[]): readonly ValueId[] => {
    const { params } = func.blocks[to]!
    if (params.length === 0) return list
    return to === 0 || params.every(p => live[p] === 1) ? list : list.filter((_, i) => live[params[i]!] === 1)
  }
  const keepOfTarget = (target: Target): Target => {
    const args = keep(target.to, target.args)
    return args === target.args ? target : { to: target.to, args }
  }
  const blocks: Block[] = func.blocks.map((block, id) => ({
    params: keep(id, block.params),
    ops: block.ops.every(isLive) ? block.ops : block.ops.filter(isLive),
    end: mapTargets(block.end, keepOfTarget),
  }))
  return { ...func, blocks }
}

export function hasEffect(op: Op): boolean {
  return op.kind === 'store' || op.kind === 'atomic' || (op.kind === 'call' && !op.pure)
}

/** By block parameter the values it can get. */
function argumentSources(func: Func): (ValueId[] | undefined)[] {
  const sources: (ValueId[] | undefined)[] = []
  for (const { end } of func.blocks) {
    for (const { to, args } of targetsOf(end)) {
      for (let i = 0; i < args.length; i++) (sources[func.blocks[to]!.params[i]!] ??= []).push(args[i]!)
    }
  }
  return sources
}
