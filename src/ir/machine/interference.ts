// Which registers may not share: a register interferes with all that are live where it is written. A move does not
// make its two sides interfere. Conflicts with machine registers are a bit set per virtual register.

import { liveOut } from './liveness.ts'
import {
  FIRST_VIRTUAL,
  forEachDef,
  forEachEndUse,
  forEachUse,
  type MachineFunc,
  type MachineOp,
  type Reg,
} from './machine.ts'

export interface Move {
  readonly dst: Reg
  readonly src: Reg
  readonly weight: number
}

export interface Interference {
  /** by virtual register: the virtual registers it may not share with */
  readonly neighbors: Map<Reg, Set<Reg>>
  /** by virtual register: bit n is set if it may not be rn */
  readonly forbidden: Map<Reg, number>
  /** moves worth removing by giving both sides the same register */
  readonly moves: readonly Move[]
  /** reads and writes, each counted as often as its loops suggest it runs */
  readonly weights: Map<Reg, number>
}

/** How often something in so many loops runs. */
export function frequency(depth: number): number {
  return 8 ** Math.min(depth, 6)
}

export function interference(func: MachineFunc): Interference {
  const graph: Interference = { neighbors: new Map(), forbidden: new Map(), moves: [], weights: new Map() }
  const outs = liveOut(func.blocks)
  func.blocks.forEach(({ ops, end, depth }, id) => {
    const weight = frequency(depth)
    const live = outs[id]!
    for (const reg of live) touch(graph, reg, 0)
    forEachEndUse(end, reg => {
      touch(graph, reg, weight)
      live.add(reg)
    })
    for (let i = ops.length - 1; i >= 0; i--) step(graph, ops[i]!, live, weight)
  })
  return graph
}

function step(graph: Interference, op: MachineOp, live: Set<Reg>, weight: number): void {
  const copied = op.kind === 'mov' && op.bits === 64 ? op.src : undefined
  if (op.kind === 'mov' && op.bits === 64) (graph.moves as Move[]).push({ dst: op.dst, src: op.src, weight })
  forEachDef(op, def => {
    touch(graph, def, weight)
    live.delete(def)
  })
  // What is written at once, by a call, are machine registers: only the ones that live on matter.
  forEachDef(op, def => {
    for (const other of live) if (other !== copied) connect(graph, def, other)
  })
  forEachUse(op, reg => {
    touch(graph, reg, weight)
    live.add(reg)
  })
}

function touch({ neighbors, forbidden, weights }: Interference, reg: Reg, weight: number): void {
  if (reg < FIRST_VIRTUAL) return
  if (!neighbors.has(reg)) {
    neighbors.set(reg, new Set())
    forbidden.set(reg, 0)
  }
  weights.set(reg, (weights.get(reg) ?? 0) + weight)
}

function connect({ neighbors, forbidden }: Interference, a: Reg, b: Reg): void {
  if (a < FIRST_VIRTUAL) {
    if (b >= FIRST_VIRTUAL) forbidden.set(b, forbidden.get(b)! | (1 << a))
  } else if (b < FIRST_VIRTUAL) {
    forbidden.set(a, forbidden.get(a)! | (1 << b))
  } else {
    neighbors.get(a)!.add(b)
    neighbors.get(b)!.add(a)
  }
}
