// The IR as plain data: a function is blocks of operations in SSA form, with block parameters in place of phis.
//
// - A value is a small integer; `func.types[value]` is its type. Each is defined once: by an operation, or as a
//   parameter of a block. The parameters of block 0 are those of the function.
// - A block's id is its index in `func.blocks`; block 0 is the entry and nothing jumps to it. From `order` on
//   (the first pass) blocks stand in reverse postorder, all of them reachable.
// - Operations are immutable. A pass makes new blocks out of them; only `func.types` and `func.slots` are shared
//   between the stages of one function, and they only grow.
// - Arithmetic is BPF's on 64-bit registers. With `bits: 32` an operation reads the low halves and
//   zero-extends its result. Division by zero gives 0, the remainder of it the dividend, and shift counts are
//   taken modulo the width.

import type { Ref, SourceLine } from '../asm/insn.ts'
import type { Bits, Space, Type } from './types.ts'

/** Index into `Func.types`. */
export type ValueId = number
/** Index into `Func.blocks`. */
export type BlockId = number
/** Index into `Func.slots`. */
export type SlotId = number

export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'udiv'
  | 'umod'
  | 'sdiv'
  | 'smod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'lshr'
  | 'ashr'

/** `set` is BPF_JSET: true when a & b is not 0. */
export type CompareOp = 'eq' | 'ne' | 'ult' | 'ule' | 'ugt' | 'uge' | 'slt' | 'sle' | 'sgt' | 'sge' | 'set'

export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg'

export type CallTarget =
  | { readonly kind: 'helper'; readonly name: string; readonly id: number }
  | { readonly kind: 'kfunc'; readonly name: string }
  | { readonly kind: 'subprog'; readonly name: string }

interface OpBase {
  readonly source?: SourceLine | undefined
}
interface Defines extends OpBase {
  readonly result: ValueId
}

/** a 64-bit constant, as an unsigned number */
export interface ConstOp extends Defines {
  readonly kind: 'const'
  readonly value: bigint
}
export interface BinaryOpNode extends Defines {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly bits: 32 | 64
  readonly a: ValueId
  readonly b: ValueId
}
/** two's complement negation */
export interface NegOp extends Defines {
  readonly kind: 'neg'
  readonly bits: 32 | 64
  readonly a: ValueId
}
/** the low `bits` bits, zero- or sign-extended to 64 */
export interface ExtendOp extends Defines {
  readonly kind: 'extend'
  readonly signed: boolean
  readonly bits: 8 | 16 | 32
  readonly a: ValueId
}
/**
 * The low `bits` bits in the other (`swap`) or the given byte order, zero-extended; upper bits are dropped.
 * `big` and `little` are no-ops on machines of that order, which the compiler need not know.
 */
export interface BytesOp extends Defines {
  readonly kind: 'bytes'
  readonly order: 'swap' | 'big' | 'little'
  readonly bits: 16 | 32 | 64
  readonly a: ValueId
}
/** 0 or 1 */
export interface CompareOpNode extends Defines {
  readonly kind: 'compare'
  readonly op: CompareOp
  readonly bits: 32 | 64
  readonly a: ValueId
  readonly b: ValueId
}
/** `a` when `cond` is not 0, else `b` */
export interface SelectOp extends Defines {
  readonly kind: 'select'
  readonly cond: ValueId
  readonly a: ValueId
  readonly b: ValueId
}
/**
 * A limit the verifier can see: `mask` is a & max (max + 1 a power of two), `min` the smaller of a and max,
 * unsigned. Arithmetically it is like any other operation, but it is only removed where the verifier itself
 * would know the limit; what the compiler knows from conditions does not count.
 */
export interface BoundOp extends Defines {
  readonly kind: 'bound'
  readonly how: 'mask' | 'min'
  readonly max: bigint
  readonly a: ValueId
}
/** the address of a stack slot of this function */
export interface SlotOp extends Defines {
  readonly kind: 'slot'
  readonly slot: SlotId
}
/** a 64-bit load of something the loader fills in: map handle, map value address, function or kernel variable */
export interface AddressOp extends Defines {
  readonly kind: 'address'
  readonly ref: Exclude<Ref, { kind: 'label' | 'subprog' | 'kfunc' }>
}
/** tracked pointer plus integer */
export interface OffsetOp extends Defines {
  readonly kind: 'offset'
  readonly a: ValueId
  readonly b: ValueId
}
export interface LoadOp extends Defines {
  readonly kind: 'load'
  readonly bits: Bits
  /** sign-extend to 64 bits (one instruction with v4) */
  readonly signed: boolean
  readonly base: ValueId
  readonly offset: number
  readonly space: Space
  /** the memory does not change while the program runs, so that equal loads may be made one */
  readonly invariant: boolean
}
export interface StoreOp extends OpBase {
  readonly kind: 'store'
  readonly bits: Bits
  readonly base: ValueId
  readonly offset: number
  readonly value: ValueId
}
/**
 * Atomic read-modify-write of 4 or 8 bytes. `fetch` gives the old value (always so for xchg and cmpxchg; for the
 * others it needs Linux 5.12). cmpxchg stores `value` when the memory equals `expected`.
 */
export interface AtomicOpNode extends OpBase {
  readonly kind: 'atomic'
  readonly op: AtomicOp
  readonly bits: 32 | 64
  readonly fetch: boolean
  readonly base: ValueId
  readonly offset: number
  readonly value: ValueId
  readonly expected?: ValueId | undefined
  readonly result?: ValueId | undefined
}
/** At most five arguments. */
export interface CallOp extends OpBase {
  readonly kind: 'call'
  readonly target: CallTarget
  readonly args: readonly ValueId[]
  readonly result?: ValueId | undefined
  /** no effect but its result, which may be dropped when unused */
  readonly pure: boolean
}

export type Op =
  | ConstOp
  | BinaryOpNode
  | NegOp
  | ExtendOp
  | BytesOp
  | CompareOpNode
  | SelectOp
  | BoundOp
  | SlotOp
  | AddressOp
  | OffsetOp
  | LoadOp
  | StoreOp
  | AtomicOpNode
  | CallOp

/** An operation without its result, which is a new value. */
export type NewOp = Op extends infer T
  ? T extends { result: ValueId }
    ? Omit<T, 'result' | 'source'>
    : never
  : never

/** A block to go to, with a value for each of its parameters. */
export interface Target {
  readonly to: BlockId
  readonly args: readonly ValueId[]
}

export type Terminator =
  | { readonly kind: 'jump'; readonly target: Target; readonly source?: SourceLine | undefined }
  | {
      readonly kind: 'branch'
      readonly cond: ValueId
      readonly yes: Target
      readonly no: Target
      readonly source?: SourceLine | undefined
    }
  | { readonly kind: 'return'; readonly value: ValueId; readonly source?: SourceLine | undefined }

export interface Block {
  readonly params: readonly ValueId[]
  readonly ops: readonly Op[]
  readonly end: Terminator
}

/** Bytes of the stack frame with one address. */
export interface Slot {
  readonly name: string
  readonly sizeBytes: number
  readonly alignBytes: 1 | 2 | 4 | 8
}

export interface Func {
  readonly name: string
  readonly result: Type
  readonly blocks: readonly Block[]
  readonly types: Type[]
  readonly slots: Slot[]
}

/** A fresh value of `func`. */
export function newValue(func: Func, type: Type): ValueId {
  return func.types.push(type) - 1
}

/** The value an operation defines, or undefined. */
export function resultOf(op: Op): ValueId | undefined {
  return op.kind === 'store' ? undefined : op.result
}

/** Calls `f` with each value an operation reads, in order. */
export function forEachOperand(op: Op, f: (value: ValueId) => void): void {
  switch (op.kind) {
    case 'const':
    case 'slot':
    case 'address':
      break
    case 'binary':
    case 'compare':
    case 'offset':
      f(op.a)
      f(op.b)
      break
    case 'neg':
    case 'extend':
    case 'bytes':
    case 'bound':
      f(op.a)
      break
    case 'select':
      f(op.cond)
      f(op.a)
      f(op.b)
      break
    case 'load':
      f(op.base)
      break
    case 'store':
      f(op.base)
      f(op.value)
      break
    case 'atomic':
      f(op.base)
      f(op.value)
      if (op.expected !== undefined) f(op.expected)
      break
    case 'call':
      for (const arg of op.args) f(arg)
  }
}

/**
 * `op` with each operand replaced; the very same object when nothing changed. What there is most of is written out: to spread
 * objects so varied is slow.
 */
export function mapOperands(op: Op, f: (value: ValueId) => ValueId): Op {
  const { source } = op
  switch (op.kind) {
    case 'const':
    case 'slot':
    case 'address':
      return op
    case 'binary': {
      const a = f(op.a)
      const b = f(op.b)
      if (a === op.a && b === op.b) return op
      return { kind: 'binary', op: op.op, bits: op.bits, a, b, result: op.result, source }
    }
    case 'compare': {
      const a = f(op.a)
      const b = f(op.b)
      if (a === op.a && b === op.b) return op
      return { kind: 'compare', op: op.op, bits: op.bits, a, b, result: op.result, source }
    }
    case 'offset': {
      const a = f(op.a)
      const b = f(op.b)
      return a === op.a && b === op.b ? op : { kind: 'offset', a, b, result: op.result, source }
    }
    case 'neg':
    case 'extend':
    case 'bytes':
    case 'bound': {
      const a = f(op.a)
      return a === op.a ? op : { ...op, a }
    }
    case 'select': {
      const cond = f(op.cond)
      const a = f(op.a)
      const b = f(op.b)
      return cond === op.cond && a === op.a && b === op.b ? op : { ...op, cond, a, b }
    }
    case 'load': {
      const base = f(op.base)
      return base === op.base ? op : { ...op, base }
    }
    case 'store': {
      const base = f(op.base)
      const value = f(op.value)
      if (base === op.base && value === op.value) return op
      return { kind: 'store', bits: op.bits, base, offset: op.offset, value, source }
    }
    case 'atomic': {
      const expected = op.expected === undefined ? undefined : f(op.expected)
      const base = f(op.base)
      const value = f(op.value)
      return base === op.base && value === op.value && expected === op.expected
        ? op
        : { ...op, base, value, expected }
    }
    case 'call':
      for (const arg of op.args) {
        if (f(arg) === arg) continue
        return {
          kind: 'call',
          target: op.target,
          args: op.args.map(f),
          pure: op.pure,
          result: op.result,
          source,
        }
      }
      return op
  }
}

/** The blocks a terminator may go to, `yes` before `no`. */
export function targetsOf(end: Terminator): readonly Target[] {
  if (end.kind === 'jump') return [end.target]
  if (end.kind === 'branch') return [end.yes, end.no]
  return []
}

/** Calls `f` with each value a terminator reads. */
export function forEachEndOperand(end: Terminator, f: (value: ValueId) => void): void {
  if (end.kind === 'return') f(end.value)
  else if (end.kind === 'jump') for (const arg of end.target.args) f(arg)
  else {
    f(end.cond)
    for (const arg of end.yes.args) f(arg)
    for (const arg of end.no.args) f(arg)
  }
}

/** `end` with each value it reads replaced; the very same object when nothing changed. */
export function mapEndOperands(end: Terminator, f: (value: ValueId) => ValueId): Terminator {
  switch (end.kind) {
    case 'jump': {
      const target = mapArguments(end.target, f)
      return target === end.target ? end : { ...end, target }
    }
    case 'branch': {
      const cond = f(end.cond)
      const yes = mapArguments(end.yes, f)
      const no = mapArguments(end.no, f)
      return cond === end.cond && yes === end.yes && no === end.no ? end : { ...end, cond, yes, no }
    }
    case 'return': {
      const value = f(end.value)
      return value === end.value ? end : { ...end, value }
    }
  }
}

function mapArguments(target: Target, f: (value: ValueId) => ValueId): Target {
  for (const arg of target.args) if (f(arg) !== arg) return { to: target.to, args: target.args.map(f) }
  return target
}

/** `end` with each target replaced; the very same object when nothing changed. */
export function mapTargets(end: Terminator, f: (target: Target) => Target): Terminator {
  if (end.kind === 'return') return end
  const { source } = end
  if (end.kind === 'jump') {
    const target = f(end.target)
    return target === end.target ? end : { kind: 'jump', target, source }
  }
  const yes = f(end.yes)
  const no = f(end.no)
  return yes === end.yes && no === end.no ? end : { kind: 'branch', cond: end.cond, yes, no, source }
}
