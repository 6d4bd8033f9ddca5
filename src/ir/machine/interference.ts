// Which registers may not share: a register interferes with all that are live where it is written. A move does not
// make its two sides interfere. Conflicts with machine registers are a bit set per virtual register.
//
// Everything is indexed by register number, machine registers included (their entries stay empty). The loops count:
// this code runs before the JIT knows it, when an iterator costs several times an index.

import { liveOut } from './liveness.ts'
import { FIRST_VIRTUAL, type MachineFunc, type Reg } from './machine.ts'
import type { Operands } from './operands.ts'

export interface Move {
  readonly dst: Reg
  readonly src: Reg
  readonly weight: number
}

export interface Interference {
  /** one past the largest register */
  readonly nextReg: Reg
  /** by virtual register that occurs: the virtual registers it may not share with, each once */
  readonly neighbors: readonly (Reg[] | undefined)[]
  /** bit n is set if the register may not be rn */
  readonly forbidden: Int32Array
  /** moves worth removing by giving both sides the same register */
  readonly moves: readonly Move[]
  /** reads and writes, each counted as often as its loops suggest it runs */
  readonly weights: Float64Array
}

/** How often something in so many loops runs. */
export function frequency(depth: number): number {
  return 8 ** Math.min(depth, 6)
}

export function interference(func: MachineFunc, operands: Operands): Interference {
  const { blocks, nextReg } = func
  const neighbors: (Reg[] | undefined)[] = new Array(nextReg)
  const forbidden = new Int32Array(nextReg)
  const weights = new Float64Array(nextReg)
  const moves: Move[] = []
  const { blockStart, useStart, uses, defStart, defs } = operands
  const outs = liveOut(blocks, operands, nextReg)
  const live = new LiveSet(nextReg)
  for (let id = 0; id < blocks.length; id++) {
    const { ops, depth } = blocks[id]!
    const weight = frequency(depth)
    live.clear()
    const out = outs[id]!
    for (let i = 0; i < out.length; i++) {
      live.add(out[i]!)
      neighbors[out[i]!] ??= []
    }
    for (let row = blockStart[id + 1]! - 1; row >= blockStart[id]!; row--) {
      const op = ops[row - blockStart[id]!]
      const copied = op?.kind === 'mov' && op.bits === 64 ? op.src : -1
      if (op?.kind === 'mov' && op.bits === 64) moves.push({ dst: op.dst, src: op.src, weight })
      // What is written at once, by a call, are machine registers: only the ones that live on matter.
      for (let i = defStart[row]!; i < defStart[row + 1]!; i++) live.remove(defs[i]!)
      for (let i = defStart[row]!; i < defStart[row + 1]!; i++) {
        const def = defs[i]!
        weights[def]! += weight
        if (def < FIRST_VIRTUAL) live.forbid(forbidden, def, copied)
        else live.connect(neighbors, forbidden, def, copied)
      }
      for (let i = useStart[row]!; i < useStart[row + 1]!; i++) {
        const reg = uses[i]!
        weights[reg]! += weight
        live.add(reg)
        if (reg >= FIRST_VIRTUAL) neighbors[reg] ??= []
      }
    }
  }
  removeRepeated(neighbors)
  return { nextReg, neighbors, forbidden, moves, weights }
}

/** The registers live at a place: virtual ones as a list with the place of each in it, machine registers as bits. */
class LiveSet {
  private machine = 0
  private readonly regs: Reg[] = []
  /** where a register stands in `regs`, plus one; 0 for those that are not live */
  private readonly places: Int32Array

  constructor(nextReg: Reg) {
    this.places = new Int32Array(nextReg)
  }

  clear(): void {
    this.machine = 0
    for (let i = 0; i < this.regs.length; i++) this.places[this.regs[i]!] = 0
    this.regs.length = 0
  }

  add(reg: Reg): void {
    if (reg < FIRST_VIRTUAL) this.machine |= 1 << reg
    else if (this.places[reg] === 0) this.places[reg] = this.regs.push(reg)
  }

  remove(reg: Reg): void {
    if (reg < FIRST_VIRTUAL) {
      this.machine &= ~(1 << reg)
      return
    }
    const place = this.places[reg]!
    if (place === 0) return
    const last = this.regs.pop()!
    if (last !== reg) {
      this.regs[place - 1] = last
      this.places[last] = place
    }
    this.places[reg] = 0
  }

  /** No live register but `copied` may be the machine register `def`. */
  forbid(forbidden: Int32Array, def: Reg, copied: Reg): void {
    const { regs } = this
    const bit = 1 << def
    for (let i = 0; i < regs.length; i++) if (regs[i] !== copied) forbidden[regs[i]!]! |= bit
  }

  /** The virtual register `def` may share with no live one but `copied`. */
  connect(neighbors: (Reg[] | undefined)[], forbidden: Int32Array, def: Reg, copied: Reg): void {
    const own = (neighbors[def] ??= [])
    const { regs } = this
    for (let i = 0; i < regs.length; i++) {
      const reg = regs[i]!
      if (reg === copied) continue
      own.push(reg)
      neighbors[reg]!.push(def)
    }
    const machine = copied >= 0 && copied < FIRST_VIRTUAL ? this.machine & ~(1 << copied) : this.machine
    forbidden[def]! |= machine
  }
}

/** Registers that are written more than once met their neighbours as often. */
function removeRepeated(neighbors: readonly (Reg[] | undefined)[]): void {
  const seenBy = new Int32Array(neighbors.length)
  for (let reg = FIRST_VIRTUAL; reg < neighbors.length; reg++) {
    const list = neighbors[reg]
    if (list === undefined) continue
    let kept = 0
    for (let i = 0; i < list.length; i++) {
      const other = list[i]!
      if (seenBy[other] === reg) continue
      seenBy[other] = reg
      list[kept++] = other
    }
    list.length = kept
  }
}
