// Pass: allocated machine code to instructions with labels. Blocks keep their order; what follows needs no jump,
// and blocks with nothing in them are jumped past.

import {
  alu32Imm,
  alu32Reg,
  aluImm,
  aluReg,
  bswap,
  mov32Imm,
  mov32Reg,
  movImm,
  movReg,
  movsx,
  neg,
  neg32,
  toBe,
  toLe,
} from '../../asm/build-alu.ts'
import {
  call,
  callKfunc,
  callSubprog,
  exit,
  jump,
  jumpIf32Imm,
  jumpIf32Reg,
  jumpIfImm,
  jumpIfReg,
} from '../../asm/build-jump.ts'
import {
  atomic,
  atomicCmpxchg,
  atomicFetch,
  atomicXchg,
  ldFuncAddress,
  ldImm64,
  ldKsym,
  ldMap,
  ldMapValue,
  load,
  loadSigned,
  store,
  storeImm,
} from '../../asm/build-memory.ts'
import type { Insn, SourceLine } from '../../asm/insn.ts'
import type { JumpCond } from '../../asm/opcode.ts'
import type { AddressOp } from '../func.ts'
import { type Condition, FRAME, type MachineEnd, type MachineFunc, type MachineOp } from './machine.ts'
import type { Cpu } from './select.ts'

export interface EmitOptions {
  readonly cpu: Cpu
  /** whether the machine stores the most significant byte first */
  readonly bigEndian: boolean
}

export function emit(func: MachineFunc, options: EmitOptions): Insn[] {
  return new Emitter(func, options).run()
}

const INVERSE: Readonly<Record<Exclude<JumpCond, 'set'>, JumpCond>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  le: 'gt',
  lt: 'ge',
  ge: 'lt',
  sgt: 'sle',
  sle: 'sgt',
  slt: 'sge',
  sge: 'slt',
}

class Emitter {
  private readonly func: MachineFunc
  private readonly options: EmitOptions
  private readonly insns: Insn[] = []
  private labels: string[] = []
  private source: SourceLine | undefined
  /** blocks that something jumps to; only they get a label */
  private readonly jumpedTo = new Set<number>()
  private skips = 0

  constructor(func: MachineFunc, options: EmitOptions) {
    this.func = func
    this.options = options
  }

  run(): Insn[] {
    const { blocks } = this.func
    const order = [...blocks.keys()].filter(id => id === 0 || this.destination(id) === id)
    const ends = order.map((id, i) => this.plan(blocks[id]!.end, order[i + 1]))
    for (const { jumps } of ends) for (const to of jumps) this.jumpedTo.add(to)
    this.labels.push(this.func.name)
    order.forEach((id, i) => {
      if (this.jumpedTo.has(id)) this.labels.push(this.label(id))
      for (const op of blocks[id]!.ops) {
        this.source = op.source
        this.emitOp(op)
      }
      this.source = blocks[id]!.end.source
      ends[i]!.write()
    })
    return this.insns
  }

  /** Where one ends up that jumps to a block: past blocks that only jump on. */
  private destination(id: number): number {
    const seen = new Set<number>()
    for (let to = id; ; ) {
      const { ops, end } = this.func.blocks[to]!
      if (ops.length > 0 || end.kind !== 'goto' || seen.has(to)) return to
      seen.add(to)
      to = end.to
    }
  }

  /** How to end a block when the block `next` is emitted after it. */
  private plan(end: MachineEnd, next: number | undefined): { jumps: number[]; write: () => void } {
    if (end.kind === 'exit') return { jumps: [], write: () => this.put(exit()) }
    if (end.kind === 'goto') return this.planGoto(this.destination(end.to), next)
    const yes = this.destination(end.yes)
    const no = this.destination(end.no)
    if (yes === no) return this.planGoto(yes, next)
    const { cond } = end.test
    if (yes === next && cond !== 'set') {
      const test = { ...end.test, cond: INVERSE[cond] }
      return { jumps: [no], write: () => this.put(jumpIf(test, this.label(no))) }
    }
    const rest = this.planGoto(no, next)
    const write = (): void => {
      this.put(jumpIf(end.test, this.label(yes)))
      rest.write()
    }
    return { jumps: [yes, ...rest.jumps], write }
  }

  private planGoto(to: number, next: number | undefined): { jumps: number[]; write: () => void } {
    if (to === next) return { jumps: [], write: () => undefined }
    return { jumps: [to], write: () => this.put(jump(this.label(to))) }
  }

  private label(id: number): string {
    return `${this.func.name}.b${id}`
  }

  private put(insn: Insn): void {
    // the builders make each instruction anew
    const own = insn as { labels?: readonly string[]; source?: SourceLine }
    if (this.labels.length > 0) {
      own.labels = this.labels
      this.labels = []
    }
    if (this.source !== undefined) own.source = this.source
    this.insns.push(insn)
  }

  private emitOp(op: MachineOp): void {
    if (op.kind === 'frame') {
      this.put(movReg(op.dst, FRAME))
      if (op.offset !== 0) this.put(aluImm('add', op.dst, op.offset))
    } else if (op.kind === 'moveUnless') {
      const skip = `${this.func.name}.s${this.skips++}`
      this.put(jumpIf(op.test, skip))
      this.put(op.src === undefined ? movImm(op.dst, op.value) : movReg(op.dst, op.src))
      this.labels.push(skip)
    } else {
      this.put(this.insn(op))
    }
  }

  private insn(op: Exclude<MachineOp, { kind: 'frame' | 'moveUnless' }>): Insn {
    switch (op.kind) {
      case 'mov':
        return op.bits === 64 ? movReg(op.dst, op.src) : mov32Reg(op.dst, op.src)
      case 'movsx':
        return movsx(op.dst, op.src, op.bits)
      case 'imm':
        return constant(op.dst, op.value)
      case 'address':
        return address(op.dst, op.ref)
      case 'alu':
        if (op.src !== undefined) return (op.bits === 64 ? aluReg : alu32Reg)(op.op, op.dst, op.src)
        return (op.bits === 64 ? aluImm : alu32Imm)(op.op, op.dst, op.imm)
      case 'neg':
        return op.bits === 64 ? neg(op.dst) : neg32(op.dst)
      case 'bytes':
        return this.bytes(op.order, op.dst, op.bits)
      case 'load':
        if (op.signed && op.size !== 8) return loadSigned(op.size, op.dst, op.base, op.offset)
        return load(op.size, op.dst, op.base, op.offset)
      case 'store':
        if (op.src === undefined) return storeImm(op.size, op.base, op.offset, op.imm)
        return store(op.size, op.base, op.offset, op.src)
      case 'atomic':
        return atomicInsn(op)
      case 'call':
        if (op.target.kind === 'helper') return call(op.target.id)
        return op.target.kind === 'kfunc' ? callKfunc(op.target.name) : callSubprog(op.target.name)
      case 'spill':
        return store(8, FRAME, this.spillOffset(op.slot), op.src)
      case 'reload':
        return load(8, op.dst, FRAME, this.spillOffset(op.slot))
    }
  }

  private spillOffset(slot: number): number {
    return -(this.func.slotBytes + 8 * (slot + 1))
  }

  private bytes(order: 'swap' | 'big' | 'little', dst: number, bits: 16 | 32 | 64): Insn {
    if (order === 'big') return toBe(dst, bits)
    if (order === 'little') return toLe(dst, bits)
    if (this.options.cpu === 'v4') return bswap(dst, bits)
    // v3 can only convert to a given order; the one the machine does not have is a swap.
    return this.options.bigEndian ? toLe(dst, bits) : toBe(dst, bits)
  }
}

function jumpIf({ cond, bits, a, b, imm }: Condition, label: string): Insn {
  if (b === undefined) return (bits === 64 ? jumpIfImm : jumpIf32Imm)(cond, a, imm, label)
  return (bits === 64 ? jumpIfReg : jumpIf32Reg)(cond, a, b, label)
}

/** The shortest instruction that loads a constant. */
function constant(dst: number, value: bigint): Insn {
  const signed = BigInt.asIntN(64, value)
  if (signed >= -0x80000000n && signed <= 0x7fffffffn) return movImm(dst, Number(signed))
  return value <= 0xffffffffn ? mov32Imm(dst, Number(value)) : ldImm64(dst, value)
}

function address(dst: number, ref: AddressOp['ref']): Insn {
  switch (ref.kind) {
    case 'map':
      return ldMap(dst, ref.name)
    case 'mapValue':
      return ldMapValue(dst, ref.name, ref.offset)
    case 'funcAddress':
      return ldFuncAddress(dst, ref.name)
    case 'ksym':
      return ldKsym(dst, ref.name)
  }
}

function atomicInsn(op: Extract<MachineOp, { kind: 'atomic' }>): Insn {
  if (op.op === 'xchg') return atomicXchg(op.size, op.base, op.offset, op.src)
  if (op.op === 'cmpxchg') return atomicCmpxchg(op.size, op.base, op.offset, op.src)
  return (op.fetch ? atomicFetch : atomic)(op.op, op.size, op.base, op.offset, op.src)
}
