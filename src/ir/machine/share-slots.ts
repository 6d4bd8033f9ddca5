// Pass: spill slots whose contents never live at the same time become one.
// Slots are treated as registers are: one that is live where another is written needs a place of its own.

import { interference } from './interference.ts'
import { FIRST_VIRTUAL, type MachineFunc, type MachineOp } from './machine.ts'
import { type OperandReader, readOperands } from './operands.ts'

const slotReader: OperandReader = {
  uses: (op, out) => {
    if (op.kind === 'reload') out.push(FIRST_VIRTUAL + op.slot)
  },
  defs: (op, out) => {
    if (op.kind === 'spill') out.push(FIRST_VIRTUAL + op.slot)
  },
  endUses: () => undefined,
}

export function shareSlots(func: MachineFunc): MachineFunc {
  if (func.spillSlots < 2) return func
  const nextReg = FIRST_VIRTUAL + func.spillSlots
  const { neighbors } = interference({ ...func, nextReg }, readOperands(func.blocks, slotReader))
  const places: number[] = []
  for (let slot = 0; slot < func.spillSlots; slot++) {
    const taken = neighbors[FIRST_VIRTUAL + slot]?.map(other => places[other - FIRST_VIRTUAL]) ?? []
    let place = 0
    while (taken.includes(place)) place++
    places.push(place)
  }
  const move = (op: MachineOp): MachineOp =>
    op.kind === 'spill' || op.kind === 'reload' ? { ...op, slot: places[op.slot]! } : op
  const blocks = func.blocks.map(({ ops, end, depth }) => ({ ops: ops.map(move), end, depth }))
  return { ...func, blocks, spillSlots: Math.max(...places) + 1 }
}
