// Moves registers to memory: each write is followed by a store to the spill slot, each read preceded by a load.
//
// - A register written once, by a constant or an address, gets no slot: it is computed again where it is read.
// - What was loaded or stored stays in a short-lived register until the next call in the block. If such a one has to
//   be spilled in its turn, it is loaded for each operation that reads it; those registers are never spilled, so
//   this ends.
// - Spill slots are 8 bytes and always written whole: the verifier keeps what it knows of pointers only then.

import {
  forEachDef,
  forEachEndUse,
  forEachUse,
  type MachineBlock,
  type MachineEnd,
  type MachineFunc,
  type MachineOp,
  mapEndRegs,
  mapRegs,
  type Reg,
} from './machine.ts'

/** What is remembered from one round of spilling to the next. */
export interface SpillState {
  /** the short-lived registers, and the slot that holds the same value */
  readonly copies: Map<Reg, number>
  /** registers that live for one operation only */
  readonly unspillable: Set<Reg>
}

/** Where a spilled register is found: in a slot, or by computing it again. */
type Home =
  | { readonly kind: 'again'; readonly op: MachineOp }
  | { readonly kind: 'slot'; readonly slot: number }
  /** it was a copy of the slot anyway */
  | { readonly kind: 'copy'; readonly slot: number }

/** Each group of registers shares one slot. */
export function spill(
  func: MachineFunc,
  groups: readonly (readonly Reg[])[],
  state: SpillState,
): MachineFunc {
  const writers = findWriters(func, new Set(groups.flat()))
  const homes = new Map<Reg, Home>()
  let { nextReg, spillSlots } = func
  for (const group of groups) {
    for (const reg of group) {
      const writer = writers.get(reg)
      const copied = state.copies.get(reg)
      if (copied !== undefined) homes.set(reg, { kind: 'copy', slot: copied })
      else if (isRecomputable(writer)) homes.set(reg, { kind: 'again', op: writer })
      else homes.set(reg, { kind: 'slot', slot: spillSlots })
    }
    if (group.some(reg => homes.get(reg)!.kind === 'slot')) spillSlots++
  }
  const blocks = func.blocks.map(block => new BlockRewriter(homes, state, () => nextReg++).run(block))
  return { ...func, blocks, nextReg, spillSlots }
}

/** The operation that writes each of the registers; 'many' if there are more. */
function findWriters({ blocks }: MachineFunc, regs: ReadonlySet<Reg>): Map<Reg, MachineOp | 'many'> {
  const writers = new Map<Reg, MachineOp | 'many'>()
  for (const { ops } of blocks) {
    for (const op of ops) {
      forEachDef(op, reg => {
        if (regs.has(reg)) writers.set(reg, writers.has(reg) ? 'many' : op)
      })
    }
  }
  return writers
}

function isRecomputable(writer: MachineOp | 'many' | undefined): writer is MachineOp {
  if (writer === undefined || writer === 'many') return false
  return writer.kind === 'imm' || writer.kind === 'frame' || writer.kind === 'address'
}

class BlockRewriter {
  private readonly homes: ReadonlyMap<Reg, Home>
  private readonly state: SpillState
  private readonly fresh: () => Reg
  private readonly ops: MachineOp[] = []
  /** slot to the short-lived register that holds its content */
  private readonly held = new Map<number, Reg>()
  /** the register that the operation before wrote, to be stored by a `spill` that follows */
  private written: Reg | undefined

  constructor(homes: ReadonlyMap<Reg, Home>, state: SpillState, fresh: () => Reg) {
    this.homes = homes
    this.state = state
    this.fresh = fresh
  }

  run(block: MachineBlock): MachineBlock {
    for (const op of block.ops) this.rewrite(op)
    const end = this.rewriteEnd(block.end)
    return { ...block, ops: this.ops, end }
  }

  private rewrite(op: MachineOp): void {
    if (this.isRedundant(op)) return
    if (op.kind === 'spill' && this.homes.get(op.src)?.kind === 'copy') {
      this.ops.push({ ...op, src: this.written! })
      return
    }
    const names = this.read(f => forEachUse(op, f))
    const stores: MachineOp[] = []
    forEachDef(op, reg => {
      const home = this.homes.get(reg)
      if (home === undefined || home.kind === 'again') return
      const name = names.get(reg) ?? this.short(home)
      names.set(reg, name)
      if (home.kind === 'copy') this.written = name
      else {
        stores.push({ kind: 'spill', slot: home.slot, src: name, source: op.source })
        this.held.set(home.slot, name)
      }
    })
    this.ops.push(names.size === 0 ? op : mapRegs(op, reg => names.get(reg) ?? reg), ...stores)
    if (op.kind === 'call') this.held.clear()
  }

  private rewriteEnd(end: MachineEnd): MachineEnd {
    const names = this.read(f => forEachEndUse(end, f))
    return names.size === 0 ? end : mapEndRegs(end, reg => names.get(reg) ?? reg)
  }

  /** Whether the operation has nothing left to do: the value is where it belongs. */
  private isRedundant(op: MachineOp): boolean {
    if (op.kind === 'reload') return this.homes.get(op.dst)?.kind === 'copy'
    if (op.kind === 'imm' || op.kind === 'frame' || op.kind === 'address') {
      return this.homes.get(op.dst)?.kind === 'again'
    }
    if (op.kind !== 'mov' || op.bits !== 64) return false
    const from = this.homes.get(op.src)
    const to = this.homes.get(op.dst)
    return from?.kind === 'slot' && to?.kind === 'slot' && from.slot === to.slot
  }

  /** Gets spilled registers back: the registers to read in their place. */
  private read(forEach: (f: (reg: Reg) => void) => void): Map<Reg, Reg> {
    const names = new Map<Reg, Reg>()
    forEach(reg => {
      const home = this.homes.get(reg)
      if (home !== undefined && !names.has(reg)) names.set(reg, this.bring(home))
    })
    return names
  }

  /** A register that holds what is at home there. */
  private bring(home: Home): Reg {
    const held = home.kind === 'slot' ? this.held.get(home.slot) : undefined
    if (held !== undefined) return held
    const dst = this.short(home)
    if (home.kind === 'again') this.ops.push({ ...home.op, dst } as MachineOp)
    else this.ops.push({ kind: 'reload', slot: home.slot, dst })
    if (home.kind === 'slot') this.held.set(home.slot, dst)
    return dst
  }

  /** A new register to hold a spilled one for a while. */
  private short(home: Home): Reg {
    const reg = this.fresh()
    if (home.kind === 'slot') this.state.copies.set(reg, home.slot)
    else this.state.unspillable.add(reg)
    return reg
  }
}
