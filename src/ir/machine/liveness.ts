// Which virtual registers are live at the end of each block: written before, read later.
//
// Found by walking back from each read to the writes, register by register: the cost is the size of the answer,
// which is small for programs of many short-lived values. Machine registers never live from block to block.

import {
  FIRST_VIRTUAL,
  forEachDef,
  forEachEndUse,
  forEachUse,
  type MachineBlock,
  type Reg,
  successorsOf,
} from './machine.ts'

export function liveOut(blocks: readonly MachineBlock[]): Set<Reg>[] {
  const preds: number[][] = blocks.map(() => [])
  blocks.forEach(({ end }, id) => {
    for (const to of successorsOf(end)) preds[to]!.push(id)
  })
  const written = blocks.map(() => new Set<Reg>())
  const result = blocks.map(() => new Set<Reg>())
  const work: { id: number; reg: Reg }[] = []
  blocks.forEach(({ ops, end }, id) => {
    const exposed = new Set<Reg>()
    const own = written[id]!
    const read = (reg: Reg): void => {
      if (reg >= FIRST_VIRTUAL && !own.has(reg)) exposed.add(reg)
    }
    const write = (reg: Reg): void => {
      if (reg >= FIRST_VIRTUAL) own.add(reg)
    }
    for (const op of ops) {
      forEachUse(op, read)
      forEachDef(op, write)
    }
    forEachEndUse(end, read)
    for (const reg of exposed) work.push({ id, reg })
  })
  // Each entry of `work` is a register live at the start of a block.
  while (work.length > 0) {
    const { id, reg } = work.pop()!
    for (const pred of preds[id]!) {
      if (result[pred]!.has(reg)) continue
      result[pred]!.add(reg)
      if (!written[pred]!.has(reg)) work.push({ id: pred, reg })
    }
  }
  return result
}
