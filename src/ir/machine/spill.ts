// Moves registers to memory: each write is followed by a store to the spill slot, each read preceded by a load.
//
// - A register written once, by a constant or an address, gets no slot: it is computed again where it is read.
// - What was loaded or stored stays in a short-lived register until the next call in the block. If such a one has to
//   be spilled in its turn, it is loaded for each operation that reads it; those registers are never spilled, so
//   this ends.
// - Spill slots are 8 bytes and always written whole: the verifier keeps what it knows of pointers only then.

import {
  FIRST_VIRTUAL,
  type MachineBlock,
  type MachineEnd,
  type MachineFunc,
  type MachineOp,
  mapEndRegs,
  mapRegs,
  type Reg,
} from './machine.ts'
import type { Operands } from './operands.ts'

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

/** Each group of registers shares one slot. `operands`: those of `func`. */
export function spill(
  func: MachineFunc,
  operands: Operands,
  groups: readonly (readonly Reg[])[],
  state: SpillState,
): MachineFunc {
  const { blocks, nextReg, spillSlots } = func
  const spilling: Spilling = { operands, state, homes: [], nextReg, names: [] }
  const { homes } = spilling
  const writers = findWriters(blocks, operands, groups, nextReg)
  let slots = spillSlots
  for (const group of groups) {
    for (const reg of group) {
      const writer = writers[reg]
      const copied = state.copies.get(reg)
      if (copied !== undefined) homes[reg] = { kind: 'copy', slot: copied }
      else if (isRecomputable(writer)) homes[reg] = { kind: 'again', op: writer }
      else homes[reg] = { kind: 'slot', slot: slots }
    }
    if (group.some(reg => homes[reg]!.kind === 'slot')) slots++
  }
  const rewritten = blocks.map((block, id) =>
    new BlockRewriter(spilling).run(block, operands.blockStart[id]!),
  )
  return { ...func, blocks: rewritten, nextReg: spilling.nextReg, spillSlots: slots }
}

/** The operation that writes each of the registers; 'many' if there are more. */
function findWriters(
  blocks: readonly MachineBlock[],
  { blockStart, defStart, defs }: Operands,
  groups: readonly (readonly Reg[])[],
  nextReg: Reg,
): (MachineOp | 'many' | undefined)[] {
  const isSpilled = new Uint8Array(nextReg)
  for (const group of groups) for (const reg of group) isSpilled[reg] = 1
  const writers: (MachineOp | 'many' | undefined)[] = []
  for (let id = 0; id < blocks.length; id++) {
    const { ops } = blocks[id]!
    for (let i = 0; i < ops.length; i++) {
      const row = blockStart[id]! + i
      for (let at = defStart[row]!; at < defStart[row + 1]!; at++) {
        const reg = defs[at]!
        if (isSpilled[reg] === 1) writers[reg] = writers[reg] === undefined ? ops[i] : 'many'
      }
    }
  }
  return writers
}

function isRecomputable(writer: MachineOp | 'many' | undefined): writer is MachineOp {
  if (writer === undefined || writer === 'many') return false
  return writer.kind === 'imm' || writer.kind === 'frame' || writer.kind === 'address'
}

/** What the rewriting of all blocks shares. */
interface Spilling {
  readonly operands: Operands
  readonly state: SpillState
  /** by register, where it is found if it is spilled */
  readonly homes: (Home | undefined)[]
  nextReg: Reg
  /** by register, what stands for it in the operation being rewritten; empty in between */
  readonly names: (Reg | undefined)[]
}

class BlockRewriter {
  private readonly s: Spilling
  private readonly ops: MachineOp[] = []
  /** slot to the short-lived register that holds its content */
  private readonly held = new Map<number, Reg>()
  /** the register that the operation before wrote, to be stored by a `spill` that follows */
  private written: Reg | undefined

  constructor(s: Spilling) {
    this.s = s
  }

  /** `start`: the row of the block's first operation. */
  run(block: MachineBlock, start: number): MachineBlock {
    const { ops, end, depth } = block
    for (let i = 0; i < ops.length; i++) {
      if (this.isTouched(start + i)) this.rewrite(ops[i]!, start + i)
      else this.ops.push(ops[i]!)
      if (ops[i]!.kind === 'call') this.held.clear()
    }
    return { ops: this.ops, end: this.rewriteEnd(end, start + ops.length), depth }
  }

  /** Whether a spilled register occurs in the row. */
  private isTouched(row: number): boolean {
    const { operands, homes } = this.s
    const { useStart, uses, defStart, defs } = operands
    for (let i = useStart[row]!; i < useStart[row + 1]!; i++) if (homes[uses[i]!] !== undefined) return true
    for (let i = defStart[row]!; i < defStart[row + 1]!; i++) if (homes[defs[i]!] !== undefined) return true
    return false
  }

  private rewrite(op: MachineOp, row: number): void {
    const { homes, names, operands } = this.s
    if (this.isRedundant(op)) return
    if (op.kind === 'spill' && homes[op.src]?.kind === 'copy') {
      this.ops.push({ ...op, src: this.written! })
      return
    }
    const touched = this.read(row)
    const stores: MachineOp[] = []
    for (let i = operands.defStart[row]!; i < operands.defStart[row + 1]!; i++) {
      const reg = operands.defs[i]!
      const home = homes[reg]
      if (home === undefined || home.kind === 'again') continue
      const name = names[reg] ?? this.short(home)
      names[reg] = name
      touched.push(reg)
      if (home.kind === 'copy') this.written = name
      else {
        stores.push({ kind: 'spill', slot: home.slot, src: name, source: op.source })
        this.held.set(home.slot, name)
      }
    }
    this.ops.push(touched.length === 0 ? op : mapRegs(op, this.nameOf), ...stores)
    for (const reg of touched) names[reg] = undefined
  }

  private rewriteEnd(end: MachineEnd, row: number): MachineEnd {
    const touched = this.read(row)
    if (touched.length === 0) return end
    const renamed = mapEndRegs(end, this.nameOf)
    for (const reg of touched) this.s.names[reg] = undefined
    return renamed
  }

  private readonly nameOf = (reg: Reg): Reg => this.s.names[reg] ?? reg

  /** Whether the operation has nothing left to do: the value is where it belongs. */
  private isRedundant(op: MachineOp): boolean {
    const { homes } = this.s
    if (op.kind === 'reload') return homes[op.dst]?.kind === 'copy'
    if (op.kind === 'imm' || op.kind === 'frame' || op.kind === 'address')
      return homes[op.dst]?.kind === 'again'
    if (op.kind !== 'mov' || op.bits !== 64) return false
    const from = homes[op.src]
    const to = homes[op.dst]
    return from?.kind === 'slot' && to?.kind === 'slot' && from.slot === to.slot
  }

  /** Gets the spilled registers a row reads back, names what to read in their place, and says which they were. */
  private read(row: number): Reg[] {
    const { homes, names, operands } = this.s
    const touched: Reg[] = []
    for (let i = operands.useStart[row]!; i < operands.useStart[row + 1]!; i++) {
      const reg = operands.uses[i]!
      const home = reg < FIRST_VIRTUAL ? undefined : homes[reg]
      if (home === undefined || names[reg] !== undefined) continue
      names[reg] = this.bring(home)
      touched.push(reg)
    }
    return touched
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
    const { state } = this.s
    const reg = this.s.nextReg++
    if (home.kind === 'slot') state.copies.set(reg, home.slot)
    else state.unspillable.add(reg)
    return reg
  }
}
