// Pass: virtual registers to r0 - r9. Colours the interference graph, moves to memory what got no colour, and again,
// until everything has one.

import { color } from './color.ts'
import { interference } from './interference.ts'
import {
  defsOf,
  endUsesOf,
  FIRST_VIRTUAL,
  type MachineFunc,
  type MachineOp,
  mapEndRegs,
  mapRegs,
  usesOf,
} from './machine.ts'
import { readOperands } from './operands.ts'
import { shareSlots } from './share-slots.ts'
import { type SpillState, spill } from './spill.ts'

export function allocate(func: MachineFunc): MachineFunc {
  const state: SpillState = { copies: new Map(), unspillable: new Set() }
  for (let current = func; ; ) {
    const operands = readOperands(current.blocks, { uses: usesOf, defs: defsOf, endUses: endUsesOf })
    const { colors, spilled } = color(interference(current, operands), state.unspillable)
    if (spilled.length === 0) return shareSlots(assign(current, colors))
    if (spilled.every(group => group.every(reg => state.unspillable.has(reg)))) {
      throw new Error(`register allocation of "${func.name}" does not end`)
    }
    current = spill(current, operands, spilled, state)
  }
}

function assign(func: MachineFunc, colors: Int8Array): MachineFunc {
  // A register that is written and never read was given one as well, so none is missing.
  const f = (reg: number): number => (reg < FIRST_VIRTUAL ? reg : colors[reg]!)
  const blocks = func.blocks.map(({ ops, end, depth }) => ({
    ops: ops.map(op => mapRegs(op, f)).filter(op => !isNoMove(op)),
    end: mapEndRegs(end, f),
    depth,
  }))
  return { ...func, blocks }
}

function isNoMove(op: MachineOp): boolean {
  return op.kind === 'mov' && op.bits === 64 && op.dst === op.src
}
