// Which virtual registers are live at the end of each block: written before, read later.
//
// Found by walking back from each read to the writes, register by register: the cost is the size of the answer,
// which is small for programs of many short-lived values. Machine registers never live from block to block.

import { FIRST_VIRTUAL, type MachineBlock, type Reg, successorsOf } from './machine.ts'
import type { Operands } from './operands.ts'

/** For each block the registers live at its end, each once. `nextReg`: one past the largest register. */
export function liveOut(
  blocks: readonly MachineBlock[],
  operands: Operands,
  nextReg: Reg,
): readonly (readonly Reg[])[] {
  const { exposed, written } = localOperands(blocks.length, operands, nextReg)
  const preds: number[][] = blocks.map(() => [])
  for (let id = 0; id < blocks.length; id++)
    for (const to of successorsOf(blocks[id]!.end)) preds[to]!.push(id)
  const result: Reg[][] = blocks.map(() => [])
  // The register, where it is written in a block and where it was found live at the end of one.
  const writes = new Int32Array(blocks.length)
  const found = new Int32Array(blocks.length)
  const work: number[] = []
  for (let reg = FIRST_VIRTUAL; reg < nextReg; reg++) {
    const readers = exposed[reg]
    if (readers === undefined) continue
    const writers = written[reg]
    if (writers !== undefined) for (let i = 0; i < writers.length; i++) writes[writers[i]!] = reg
    for (let i = 0; i < readers.length; i++) work.push(readers[i]!)
    // Each entry of `work` is a block at whose start the register is live.
    while (work.length > 0) {
      const from = preds[work.pop()!]!
      for (let i = 0; i < from.length; i++) {
        const pred = from[i]!
        if (found[pred] === reg) continue
        found[pred] = reg
        result[pred]!.push(reg)
        if (writes[pred] !== reg) work.push(pred)
      }
    }
  }
  return result
}

/** By virtual register, the blocks that read it before they write it, and those that write it. */
function localOperands(
  blockCount: number,
  { blockStart, useStart, uses, defStart, defs }: Operands,
  nextReg: Reg,
): { exposed: (number[] | undefined)[]; written: (number[] | undefined)[] } {
  const exposed: (number[] | undefined)[] = new Array(nextReg)
  const written: (number[] | undefined)[] = new Array(nextReg)
  // The last block, plus one, that each register was seen in.
  const readIn = new Int32Array(nextReg)
  const writtenIn = new Int32Array(nextReg)
  for (let id = 0; id < blockCount; id++) {
    for (let row = blockStart[id]!; row < blockStart[id + 1]!; row++) {
      for (let i = useStart[row]!; i < useStart[row + 1]!; i++) {
        const reg = uses[i]!
        if (reg < FIRST_VIRTUAL || writtenIn[reg] === id + 1 || readIn[reg] === id + 1) continue
        readIn[reg] = id + 1
        append(exposed, reg, id)
      }
      for (let i = defStart[row]!; i < defStart[row + 1]!; i++) {
        const reg = defs[i]!
        if (reg < FIRST_VIRTUAL || writtenIn[reg] === id + 1) continue
        writtenIn[reg] = id + 1
        append(written, reg, id)
      }
    }
  }
  return { exposed, written }
}

function append(lists: (number[] | undefined)[], at: number, id: number): void {
  const list = lists[at]
  if (list === undefined) lists[at] = [id]
  else list.push(id)
}
