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
  const blocks = func.blocks.map(block => ({ ...block, end: mapBlocks(block.end, twinOf) }))
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
  return kept.map(id => ({ ...blocks[id]!, end: mapBlocks(blocks[id]!.end, to => numbers.get(to)!) }))
}

function mapBlocks(end: MachineEnd, f: (id: number) => number): MachineEnd {
  if (end.kind === 'goto') return { ...end, to: f(end.to) }
  return end.kind === 'if' ? { ...end, yes: f(end.yes), no: f(end.no) } : end
}
