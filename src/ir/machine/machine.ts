// Machine code before and after register allocation: BPF's operations, on virtual registers.
//
// Registers 0 to 10 are the machine's; from FIRST_VIRTUAL on they are virtual and any number may be used. Virtual
// registers may be written more than once. Two-address form: `alu` and others read and write `dst`.
// Spilled registers live in spill slots, which get their place in the stack frame at the very end.

import type { SourceLine } from '../../asm/insn.ts'
import type { AluOp, JumpCond } from '../../asm/opcode.ts'
import type { AddressOp, AtomicOp, CallTarget } from '../func.ts'

export type Reg = number
export const FIRST_VIRTUAL = 16
export const FRAME = 10

interface Base {
  readonly source?: SourceLine | undefined
}

/** What a conditional jump asks: `a cond b`, or `a cond imm` where `b` is undefined. */
export interface Condition {
  readonly cond: JumpCond
  readonly bits: 32 | 64
  readonly a: Reg
  readonly b: Reg | undefined
  readonly imm: number
}

export type MachineOp = Base &
  (
    | { readonly kind: 'mov'; readonly bits: 32 | 64; readonly dst: Reg; readonly src: Reg }
    /** sign extension of the low bits, v4 */
    | { readonly kind: 'movsx'; readonly bits: 8 | 16 | 32; readonly dst: Reg; readonly src: Reg }
    | { readonly kind: 'imm'; readonly dst: Reg; readonly value: bigint }
    /** address in this frame: r10 + offset */
    | { readonly kind: 'frame'; readonly dst: Reg; readonly offset: number }
    | { readonly kind: 'address'; readonly dst: Reg; readonly ref: AddressOp['ref'] }
    | {
        readonly kind: 'alu'
        readonly op: AluOp
        readonly bits: 32 | 64
        readonly dst: Reg
        /** undefined: `imm` is the operand */
        readonly src: Reg | undefined
        readonly imm: number
      }
    | { readonly kind: 'neg'; readonly bits: 32 | 64; readonly dst: Reg }
    | {
        readonly kind: 'bytes'
        readonly order: 'swap' | 'big' | 'little'
        readonly bits: 16 | 32 | 64
        readonly dst: Reg
      }
    | {
        readonly kind: 'load'
        readonly size: 1 | 2 | 4 | 8
        readonly signed: boolean
        readonly dst: Reg
        readonly base: Reg
        readonly offset: number
      }
    | {
        readonly kind: 'store'
        readonly size: 1 | 2 | 4 | 8
        readonly base: Reg
        readonly offset: number
        /** undefined: `imm` is stored */
        readonly src: Reg | undefined
        readonly imm: number
      }
    /** with `fetch`, `src` gets the old value; cmpxchg compares with r0 and puts the old value there */
    | {
        readonly kind: 'atomic'
        readonly op: AtomicOp
        readonly size: 4 | 8
        readonly fetch: boolean
        readonly base: Reg
        readonly offset: number
        readonly src: Reg
      }
    /** arguments in r1 to r`args`, result in r0; r1 to r5 are lost */
    | { readonly kind: 'call'; readonly target: CallTarget; readonly args: number }
    /** `dst = src` (or `value`) unless the condition holds */
    | {
        readonly kind: 'moveUnless'
        readonly test: Condition
        readonly dst: Reg
        readonly src: Reg | undefined
        readonly value: number
      }
    | { readonly kind: 'spill'; readonly slot: number; readonly src: Reg }
    | { readonly kind: 'reload'; readonly slot: number; readonly dst: Reg }
  )

export type MachineEnd = Base &
  (
    | { readonly kind: 'goto'; readonly to: number }
    | { readonly kind: 'if'; readonly test: Condition; readonly yes: number; readonly no: number }
    /** returns r0 */
    | { readonly kind: 'exit' }
  )

export interface MachineBlock {
  readonly ops: readonly MachineOp[]
  readonly end: MachineEnd
  /** how many loops it is in */
  readonly depth: number
}

/** Blocks stand in the order they are emitted in; block 0 is the entry. */
export interface MachineFunc {
  readonly name: string
  readonly blocks: readonly MachineBlock[]
  /** the first virtual register that is not in use */
  readonly nextReg: Reg
  /** bytes of the frame taken by the front end's stack slots */
  readonly slotBytes: number
  /** how many spill slots of 8 bytes there are */
  readonly spillSlots: number
}

/** Appends each register an operation reads; r10 is left out, it never changes. */
export function usesOf(op: MachineOp, out: Reg[]): void {
  switch (op.kind) {
    case 'imm':
    case 'frame':
    case 'address':
    case 'reload':
      break
    case 'mov':
    case 'movsx':
    case 'spill':
      out.push(op.src)
      break
    case 'alu':
      out.push(op.dst)
      if (op.src !== undefined) out.push(op.src)
      break
    case 'neg':
    case 'bytes':
      out.push(op.dst)
      break
    case 'load':
      if (op.base !== FRAME) out.push(op.base)
      break
    case 'store':
      if (op.base !== FRAME) out.push(op.base)
      if (op.src !== undefined) out.push(op.src)
      break
    case 'atomic':
      if (op.base !== FRAME) out.push(op.base)
      out.push(op.src)
      if (op.op === 'cmpxchg') out.push(0)
      break
    case 'call':
      for (let arg = 1; arg <= op.args; arg++) out.push(arg)
      break
    case 'moveUnless':
      out.push(op.dst, op.test.a)
      if (op.test.b !== undefined) out.push(op.test.b)
      if (op.src !== undefined) out.push(op.src)
  }
}

/** Appends each register an operation writes or makes unusable. */
export function defsOf(op: MachineOp, out: Reg[]): void {
  switch (op.kind) {
    case 'store':
    case 'spill':
      break
    case 'atomic':
      if (op.op === 'cmpxchg') out.push(0)
      else if (op.fetch) out.push(op.src)
      break
    case 'call':
      out.push(0, 1, 2, 3, 4, 5)
      break
    default:
      out.push(op.dst)
  }
}

export function endUsesOf(end: MachineEnd, out: Reg[]): void {
  if (end.kind === 'exit') out.push(0)
  if (end.kind !== 'if') return
  out.push(end.test.a)
  if (end.test.b !== undefined) out.push(end.test.b)
}

export function successorsOf(end: MachineEnd): readonly number[] {
  return end.kind === 'if' ? [end.yes, end.no] : end.kind === 'goto' ? [end.to] : []
}

/** `op` with every register replaced. What there is most of is written out: to spread objects so varied is slow. */
export function mapRegs(op: MachineOp, f: (reg: Reg) => Reg): MachineOp {
  const { source } = op
  switch (op.kind) {
    case 'imm':
      return { kind: 'imm', dst: f(op.dst), value: op.value, source }
    case 'frame':
      return { kind: 'frame', dst: f(op.dst), offset: op.offset, source }
    case 'address':
      return { kind: 'address', dst: f(op.dst), ref: op.ref, source }
    case 'reload':
    case 'neg':
    case 'bytes':
      return { ...op, dst: f(op.dst) }
    case 'mov':
      return { kind: 'mov', bits: op.bits, dst: f(op.dst), src: f(op.src), source }
    case 'movsx':
      return { ...op, dst: f(op.dst), src: f(op.src) }
    case 'spill':
      return { ...op, src: f(op.src) }
    case 'alu': {
      const src = op.src === undefined ? undefined : f(op.src)
      return { kind: 'alu', op: op.op, bits: op.bits, dst: f(op.dst), src, imm: op.imm, source }
    }
    case 'load': {
      const { size, signed, offset } = op
      return { kind: 'load', size, signed, dst: f(op.dst), base: f(op.base), offset, source }
    }
    case 'store': {
      const src = op.src === undefined ? undefined : f(op.src)
      return { kind: 'store', size: op.size, base: f(op.base), offset: op.offset, src, imm: op.imm, source }
    }
    case 'atomic':
      return { ...op, base: f(op.base), src: f(op.src) }
    case 'call':
      return op
    case 'moveUnless': {
      const src = op.src === undefined ? undefined : f(op.src)
      return { ...op, test: mapCondition(op.test, f), dst: f(op.dst), src }
    }
  }
}

export function mapEndRegs(end: MachineEnd, f: (reg: Reg) => Reg): MachineEnd {
  if (end.kind !== 'if') return end
  const { test, yes, no, source } = end
  return { kind: 'if', test: mapCondition(test, f), yes, no, source }
}

function mapCondition(test: Condition, f: (reg: Reg) => Reg): Condition {
  const { cond, bits, a, b, imm } = test
  return { cond, bits, a: f(a), b: b === undefined ? undefined : f(b), imm }
}
