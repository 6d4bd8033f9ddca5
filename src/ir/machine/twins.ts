// Pass: blocks that do the same become one, above all the many ways to `r0 = 0; exit`.
// In: registers allocated. Out: as in; every block is reachable.

import type { MachineBlock, MachineEnd, MachineFunc } from './machine.ts'
import { successorsOf } from './machine.ts'
import { printMachineEnd, printMachineOp } from './print.ts'

/** Longer blocks are rarely twins, and comparing them costs. */
const MAX_OPS = 3

export function twins(func: MachineFunc): MachineFunc {
  const keys = func.blocks.map(block => (block.ops.length <= MAX_OPS ? keyOf(block) : undefined))
  // The last of its kind stays: it is the one that others fall through to.
  const last = new Map(keys.map((key, id) => [key, id]))
  const twinOf = (id: number): number => (keys[id] === undefined ? id : last.get(keys[id])!)
  const blocks = func.blocks.map(({ ops, end, depth }) => ({ ops, end: mapBlocks(end, twinOf), depth }))
  return { ...func, blocks: reachable(blocks) }
}

function keyOf({ ops, end }: MachineBlock): string {
  return [...ops.map(printMachineOp), printMachineEnd(end)].join('\n')
}

function reachable(blocks: readonly MachineBlock[]): MachineBlock[] {
  const seen = new Set([0])
  for (const id of seen) for (const to of successorsOf(blocks[id]!.end)) seen.add(to)
  const kept = [...blocks.keys()].filter(id => seen.has(id))
  const numbers = new Map(kept.map((id, i) => [id, i]))
  return kept.map(id => {
    const { ops, end, depth } = blocks[id]!
    return { ops, end: mapBlocks(end, to => numbers.get(to)!), depth }
  })
}

function mapBlocks(end: MachineEnd, f: (id: number) => number): MachineEnd {
  const { source } = end
  if (end.kind === 'goto') return { kind: 'goto', to: f(end.to), source }
  return end.kind === 'if' ? { kind: 'if', test: end.test, yes: f(end.yes), no: f(end.no), source } : end
}
