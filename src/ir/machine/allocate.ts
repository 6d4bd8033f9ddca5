// Pass: virtual registers to r0 - r9. Colours the interference graph, moves to memory what got no colour, and again,
// until everything has one. In the end, spill slots whose contents never live at the same time become one.

import { color } from './color.ts'
import { interference } from './interference.ts'
import { liveOut } from './liveness.ts'
import { FIRST_VIRTUAL, type MachineFunc, type MachineOp, mapEndRegs, mapRegs, type Reg } from './machine.ts'
import { type SpillState, spill } from './spill.ts'

export function allocate(func: MachineFunc): MachineFunc {
  const state: SpillState = { copies: new Map(), unspillable: new Set() }
  for (let current = func; ; ) {
    const { colors, spilled } = color(interference(current), state.unspillable)
    if (spilled.length === 0) return shareSlots(assign(current, colors))
    if (spilled.every(group => group.every(reg => state.unspillable.has(reg)))) {
      throw new Error(`register allocation of "${func.name}" does not end`)
    }
    current = spill(current, spilled, state)
  }
}

function assign(func: MachineFunc, colors: ReadonlyMap<Reg, Reg>): MachineFunc {
  // A register that is written and never read was given one as well, so none is missing.
  const f = (reg: Reg): Reg => (reg < FIRST_VIRTUAL ? reg : colors.get(reg)!)
  const blocks = func.blocks.map(block => ({
    ...block,
    ops: block.ops.map(op => mapRegs(op, f)).filter(op => !isNoMove(op)),
    end: mapEndRegs(block.end, f),
  }))
  return { ...func, blocks }
}

function isNoMove(op: MachineOp): boolean {
  return op.kind === 'mov' && op.bits === 64 && op.dst === op.src
}

/** Spill slots as if they were registers: those that are live where another is written need a place of their own. */
function shareSlots(func: MachineFunc): MachineFunc {
  if (func.spillSlots < 2) return func
  const asReg = (op: MachineOp): MachineOp[] => {
    if (op.kind === 'spill') return [{ kind: 'imm', dst: FIRST_VIRTUAL + op.slot, value: 0n }]
    return op.kind === 'reload' ? [{ kind: 'spill', slot: 0, src: FIRST_VIRTUAL + op.slot }] : []
  }
  const blocks = func.blocks.map(({ ops, end, depth }) => ({
    ops: ops.flatMap(asReg),
    end: end.kind === 'if' ? { ...end, test: { ...end.test, a: 0, b: undefined } } : end,
    depth,
  }))
  const conflicts = Array.from({ length: func.spillSlots }, () => new Set<number>())
  const outs = liveOut(blocks)
  blocks.forEach(({ ops }, id) => {
    const live = outs[id]!
    for (const op of ops.toReversed()) {
      if (op.kind === 'spill') live.add(op.src)
      if (op.kind !== 'imm') continue
      live.delete(op.dst)
      for (const other of live) {
        conflicts[op.dst - FIRST_VIRTUAL]!.add(other - FIRST_VIRTUAL)
        conflicts[other - FIRST_VIRTUAL]!.add(op.dst - FIRST_VIRTUAL)
      }
    }
  })
  const places: number[] = []
  for (const [slot, others] of conflicts.entries()) {
    const taken = new Set([...others].map(other => places[other]))
    let place = 0
    while (taken.has(place)) place++
    places[slot] = place
  }
  const move = (op: MachineOp): MachineOp =>
    op.kind === 'spill' || op.kind === 'reload' ? { ...op, slot: places[op.slot]! } : op
  return {
    ...func,
    blocks: func.blocks.map(block => ({ ...block, ops: block.ops.map(move) })),
    spillSlots: Math.max(...places) + 1,
  }
}
