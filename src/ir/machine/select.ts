// Pass: SSA operations to machine operations on virtual registers (two-address form, fused compares and jumps,
// immediates), and block parameters to moves.
//
// In: `order`ed, with signed division already lowered where the target has none.
// - Constants, stack addresses and references get a register only where they are used, and keep it until the next
//   call in the block: that is cheaper than a register kept across calls.
// - A compare that only decides jumps and selects is not computed; its operands are compared there.
// - A branch to a block with parameters gets a block of its own in between, which holds the moves.

import type { SourceLine } from '../../asm/insn.ts'
import type { AluOp, JumpCond } from '../../asm/opcode.ts'
import { IrError } from '../../errors/ir-error.ts'
import { commutative, mirrored } from '../arithmetic.ts'
import { dominators, loopDepths, predecessors } from '../cfg.ts'
import type { BinaryOp, CompareOp, Func, Op, Target, Terminator, ValueId } from '../func.ts'
import { forEachEndOperand, forEachOperand, resultOf } from '../func.ts'
import { layoutSlots, type SlotLayout } from './frame.ts'
import {
  type Condition,
  FIRST_VIRTUAL,
  FRAME,
  type MachineBlock,
  type MachineEnd,
  type MachineFunc,
  type MachineOp,
  type Reg,
} from './machine.ts'

export type Cpu = 'v3' | 'v4'

export function select(func: Func, cpu: Cpu): MachineFunc {
  const s = begin(func, cpu)
  const depths = loopDepths(s.preds, dominators(s.preds))
  func.blocks.forEach((block, id) => {
    startBlock(s, id)
    if (id === 0) takeArguments(s, block.params)
    for (const op of block.ops) {
      s.source = op.source
      selectOp(s, op)
    }
    s.source = block.end.source
    selectEnd(s, block.end, depths[id]!)
  })
  const blocks = s.blocks.map(({ ops, end, depth }) => ({ ops, end: renumber(end, s.numbers), depth }))
  return { name: func.name, blocks, nextReg: s.nextReg, slotBytes: s.layout.sizeBytes, spillSlots: 0 }
}

interface Selection {
  readonly func: Func
  readonly cpu: Cpu
  readonly preds: readonly (readonly number[])[]
  readonly layout: SlotLayout
  /** the operation that defines a value */
  readonly defs: (Op | undefined)[]
  /** how often a value is used, but for compares only where they must be a number */
  readonly uses: Uint32Array
  /** the block a value is defined in */
  readonly home: Int32Array
  /** the register of a value */
  readonly regs: Int32Array
  /** the SSA block that is being selected */
  here: number
  readonly blocks: MachineBlock[]
  /** SSA block to machine block */
  readonly numbers: number[]
  ops: MachineOp[]
  /** where constants and addresses are since the last call in this block */
  readonly ready: Map<ValueId, Reg>
  nextReg: Reg
  source: SourceLine | undefined
}

function begin(func: Func, cpu: Cpu): Selection {
  const defs: (Op | undefined)[] = []
  const uses = new Uint32Array(func.types.length)
  const count = (value: ValueId): void => {
    uses[value]!++
  }
  const home = new Int32Array(func.types.length)
  const regs = new Int32Array(func.types.length)
  for (let value = 0; value < regs.length; value++) regs[value] = FIRST_VIRTUAL + value
  for (let id = 0; id < func.blocks.length; id++) {
    const { params, ops, end } = func.blocks[id]!
    for (const param of params) home[param] = id
    for (const op of ops) {
      const result = resultOf(op)
      if (result === undefined) continue
      defs[result] = op
      home[result] = id
    }
    for (const op of ops) {
      forEachOperand(op, count)
      if (op.kind === 'select' && defs[op.cond]?.kind === 'compare') uses[op.cond]!--
    }
    forEachEndOperand(end, count)
    if (end.kind === 'branch' && defs[end.cond]?.kind === 'compare') uses[end.cond]!--
  }
  return {
    func,
    cpu,
    preds: predecessors(func.blocks),
    layout: layoutSlots(func),
    defs,
    uses,
    home,
    regs,
    here: 0,
    blocks: [],
    numbers: [],
    ops: [],
    ready: new Map(),
    nextReg: FIRST_VIRTUAL + func.types.length,
    source: undefined,
  }
}

function regOf(s: Selection, value: ValueId): Reg {
  return s.regs[value]!
}

/**
 * The register of a result that starts as a copy of `a`: the one of `a` itself where this is its only use. A value
 * of another block may be needed again in the next round of a loop.
 */
function regOver(s: Selection, result: ValueId, a: ValueId): Reg {
  if (s.uses[a] === 1 && s.home[a] === s.here && !isLazy(s, a)) s.regs[result] = s.regs[a]!
  return s.regs[result]!
}

/** Takes the operation over: it is made for this call. */
function put(s: Selection, op: MachineOp): void {
  if (s.source !== undefined) (op as { source?: SourceLine }).source = s.source
  s.ops.push(op)
}

function startBlock(s: Selection, id: number): void {
  s.here = id
  s.numbers[id] = s.blocks.length
  s.ops = []
  s.ready.clear()
}

/** The function's parameters come in r1 to r5. */
function takeArguments(s: Selection, params: readonly ValueId[]): void {
  for (const [i, param] of params.entries())
    put(s, { kind: 'mov', bits: 64, dst: regOf(s, param), src: i + 1 })
}

function endBlock(s: Selection, end: MachineEnd, depth: number): void {
  if (s.source !== undefined) (end as { source?: SourceLine }).source = s.source
  s.blocks.push({ ops: s.ops, end, depth })
  s.ops = []
}

/** SSA block ids in `to` are negative (~id) until every block has its number. */
function renumber(end: MachineEnd, numbers: readonly number[]): MachineEnd {
  const f = (to: number): number => (to < 0 ? numbers[~to]! : to)
  const { source } = end
  if (end.kind === 'goto') return { kind: 'goto', to: f(end.to), source }
  return end.kind === 'if' ? { kind: 'if', test: end.test, yes: f(end.yes), no: f(end.no), source } : end
}

// ---- operands ---------------------------------------------------------------------------------------------------

/** A register that holds the value here. */
function use(s: Selection, value: ValueId): Reg {
  const known = s.ready.get(value)
  if (known !== undefined) return known
  if (!isLazy(s, value)) return regOf(s, value)
  const reg = s.nextReg++
  materialize(s, value, reg)
  s.ready.set(value, reg)
  return reg
}

/** Puts the value into a given register. */
function materialize(s: Selection, value: ValueId, dst: Reg): void {
  const def = s.defs[value]
  if (def?.kind === 'const') put(s, { kind: 'imm', dst, value: def.value })
  else if (def?.kind === 'slot') put(s, { kind: 'frame', dst, offset: s.layout.offsets[def.slot]! })
  else if (def?.kind === 'address') put(s, { kind: 'address', dst, ref: def.ref })
  else {
    const src = use(s, value)
    if (src !== dst) put(s, { kind: 'mov', bits: 64, dst, src })
  }
}

/** Whether the value gets a register only where it is used. */
function isLazy(s: Selection, value: ValueId): boolean {
  const kind = s.defs[value]?.kind
  return kind === 'const' || kind === 'slot' || kind === 'address'
}

/** The value as an immediate that is sign-extended to 64 bits (or cut to 32), if it is one. */
function immediate(s: Selection, value: ValueId, bits: number): number | undefined {
  const def = s.defs[value]
  if (def?.kind !== 'const') return undefined
  if (bits <= 32) return Number(BigInt.asIntN(32, def.value))
  const signed = BigInt.asIntN(64, def.value)
  return signed >= -0x80000000n && signed <= 0x7fffffffn ? Number(signed) : undefined
}

/** Base register and offset of a memory access: stack slots are reached from r10. */
function place(s: Selection, base: ValueId, offset: number): { base: Reg; offset: number } {
  const def = s.defs[base]
  if (def?.kind === 'slot') return { base: FRAME, offset: checkOffset(s.layout.offsets[def.slot]! + offset) }
  return { base: use(s, base), offset: checkOffset(offset) }
}

function checkOffset(offset: number): number {
  if (offset >= -0x8000 && offset <= 0x7fff) return offset
  throw new IrError(
    'IR_TOO_LARGE',
    `offset ${offset} of a load or store does not fit 16 bits: add it to the pointer`,
  )
}

// ---- operations -------------------------------------------------------------------------------------------------

const ALU: Readonly<Record<BinaryOp, AluOp>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  udiv: 'div',
  umod: 'mod',
  sdiv: 'sdiv',
  smod: 'smod',
  and: 'and',
  or: 'or',
  xor: 'xor',
  shl: 'lsh',
  lshr: 'rsh',
  ashr: 'arsh',
}

function selectOp(s: Selection, op: Op): void {
  switch (op.kind) {
    case 'const':
    case 'slot':
    case 'address':
      return
    case 'compare':
      if (s.uses[op.result] !== 0) setCondition(s, op.result)
      return
    case 'binary':
      selectBinary(s, op.op, op.bits, op.result, op.a, op.b)
      return
    case 'offset':
      selectBinary(s, 'add', 64, op.result, op.a, op.b, true)
      return
    case 'neg': {
      const dst = regOver(s, op.result, op.a)
      materialize(s, op.a, dst)
      put(s, { kind: 'neg', bits: op.bits, dst })
      return
    }
    case 'bytes': {
      const dst = regOver(s, op.result, op.a)
      materialize(s, op.a, dst)
      put(s, { kind: 'bytes', order: op.order, bits: op.bits, dst })
      return
    }
    case 'extend':
      selectExtend(s, op.signed, op.bits, regOf(s, op.result), use(s, op.a))
      return
    case 'select':
      selectSelect(s, regOver(s, op.result, op.a), op.cond, op.a, op.b)
      return
    case 'bound':
      selectBound(s, regOver(s, op.result, op.a), op.how, op.max, op.a)
      return
    case 'load': {
      const dst = regOf(s, op.result)
      // Sign-extending loads came with v4, but not for the context.
      const native = op.signed && s.cpu === 'v4' && op.space !== 'context'
      const size = (op.bits / 8) as 1 | 2 | 4 | 8
      put(s, { kind: 'load', size, signed: native, dst, ...place(s, op.base, op.offset) })
      if (op.signed && !native && op.bits < 64) selectExtend(s, true, op.bits as 8 | 16 | 32, dst, dst)
      return
    }
    case 'store': {
      const type = s.func.types[op.base]!
      // Storing an immediate to the context is refused by kernels before 6.3.
      const context = type.kind === 'pointer' && type.space === 'context'
      const imm = context ? undefined : immediate(s, op.value, op.bits)
      const src = imm === undefined ? use(s, op.value) : undefined
      const size = (op.bits / 8) as 1 | 2 | 4 | 8
      put(s, { kind: 'store', size, ...place(s, op.base, op.offset), src, imm: imm ?? 0 })
      return
    }
    case 'atomic':
      selectAtomic(s, op)
      return
    case 'call': {
      op.args.forEach((arg, i) => {
        if (!isLazy(s, arg)) materialize(s, arg, i + 1)
      })
      op.args.forEach((arg, i) => {
        if (isLazy(s, arg)) materialize(s, arg, i + 1)
      })
      put(s, { kind: 'call', target: op.target, args: op.args.length })
      s.ready.clear()
      if (op.result !== undefined && s.uses[op.result] !== 0) {
        put(s, { kind: 'mov', bits: 64, dst: regOf(s, op.result), src: 0 })
      }
    }
  }
}

function selectBinary(
  s: Selection,
  op: BinaryOp,
  bits: 32 | 64,
  result: ValueId,
  a: ValueId,
  b: ValueId,
  fixed = false,
): void {
  // An immediate goes to the right; of two registers the one used only here is overwritten.
  if (!fixed && commutative.has(op)) {
    const swap =
      immediate(s, b, bits) === undefined &&
      (immediate(s, a, bits) !== undefined || (s.uses[b] === 1 && s.uses[a] !== 1))
    if (swap) {
      selectBinary(s, op, bits, result, b, a, true)
      return
    }
  }
  let imm = immediate(s, b, bits)
  // Division by a constant 0 is no instruction; by a register it is.
  const needsReg = imm === 0 && (op === 'udiv' || op === 'umod' || op === 'sdiv' || op === 'smod')
  if (imm !== undefined && (op === 'shl' || op === 'lshr' || op === 'ashr')) imm &= bits - 1
  const src = imm === undefined || needsReg ? use(s, b) : undefined
  const dst = regOver(s, result, a)
  materialize(s, a, dst)
  put(s, { kind: 'alu', op: ALU[op], bits, dst, src, imm: src === undefined ? imm! : 0 })
}

function selectExtend(s: Selection, signed: boolean, bits: 8 | 16 | 32, dst: Reg, src: Reg): void {
  if (!signed && bits === 32) {
    put(s, { kind: 'mov', bits: 32, dst, src })
    return
  }
  if (signed && s.cpu === 'v4') {
    put(s, { kind: 'movsx', bits, dst, src })
    return
  }
  if (dst !== src) put(s, { kind: 'mov', bits: 64, dst, src })
  if (!signed) {
    put(s, { kind: 'alu', op: 'and', bits: 64, dst, src: undefined, imm: 2 ** bits - 1 })
    return
  }
  put(s, { kind: 'alu', op: 'lsh', bits: 64, dst, src: undefined, imm: 64 - bits })
  put(s, { kind: 'alu', op: 'arsh', bits: 64, dst, src: undefined, imm: 64 - bits })
}

function selectSelect(s: Selection, dst: Reg, cond: ValueId, a: ValueId, b: ValueId): void {
  const test = condition(s, cond)
  const value = immediate(s, b, 64)
  const src = value === undefined ? use(s, b) : undefined
  materialize(s, a, dst)
  put(s, { kind: 'moveUnless', test, dst, src, value: value ?? 0 })
}

/** `dst` = 1 if the compare holds, else 0. */
function setCondition(s: Selection, compare: ValueId): void {
  const test = condition(s, compare)
  const dst = regOf(s, compare)
  put(s, { kind: 'imm', dst, value: 1n })
  put(s, { kind: 'moveUnless', test, dst, src: undefined, value: 0 })
}

function selectBound(s: Selection, dst: Reg, how: 'mask' | 'min', max: bigint, a: ValueId): void {
  const small = max <= 0x7fffffffn
  let limit: Reg | undefined
  if (!small) {
    limit = s.nextReg++
    put(s, { kind: 'imm', dst: limit, value: max })
  }
  const imm = small ? Number(max) : 0
  materialize(s, a, dst)
  if (how === 'mask') {
    put(s, { kind: 'alu', op: 'and', bits: 64, dst, src: limit, imm })
    return
  }
  const test: Condition = { cond: 'le', bits: 64, a: dst, b: limit, imm }
  put(s, { kind: 'moveUnless', test, dst, src: limit, value: imm })
}

function selectAtomic(s: Selection, op: Extract<Op, { kind: 'atomic' }>): void {
  const { base, offset } = place(s, op.base, op.offset)
  const size = (op.bits / 8) as 4 | 8
  const common = { kind: 'atomic', op: op.op, size, fetch: op.fetch, base, offset } as const
  if (op.op === 'cmpxchg') {
    const src = use(s, op.value)
    materialize(s, op.expected!, 0)
    put(s, { ...common, src })
    put(s, { kind: 'mov', bits: 64, dst: regOf(s, op.result!), src: 0 })
    return
  }
  if (!op.fetch) {
    put(s, { ...common, src: use(s, op.value) })
    return
  }
  materialize(s, op.value, regOf(s, op.result!))
  put(s, { ...common, src: regOf(s, op.result!) })
}

// ---- conditions and ends ------------------------------------------------------------------------------------------

const CONDS: Readonly<Record<CompareOp, JumpCond>> = {
  eq: 'eq',
  ne: 'ne',
  ult: 'lt',
  ule: 'le',
  ugt: 'gt',
  uge: 'ge',
  slt: 'slt',
  sle: 'sle',
  sgt: 'sgt',
  sge: 'sge',
  set: 'set',
}
/** What to compare so as to know a condition: the operands of the compare, or the value with 0. */
function condition(s: Selection, cond: ValueId): Condition {
  const def = s.defs[cond]
  if (def?.kind !== 'compare') return { cond: 'ne', bits: 64, a: use(s, cond), b: undefined, imm: 0 }
  const { op, bits, a, b } = def
  const right = immediate(s, b, bits)
  if (right !== undefined) return { cond: CONDS[op], bits, a: use(s, a), b: undefined, imm: right }
  const left = immediate(s, a, bits)
  if (left !== undefined) return { cond: CONDS[mirrored[op]], bits, a: use(s, b), b: undefined, imm: left }
  return { cond: CONDS[op], bits, a: use(s, a), b: use(s, b), imm: 0 }
}

function selectEnd(s: Selection, end: Terminator, depth: number): void {
  if (end.kind === 'return') {
    materialize(s, end.value, 0)
    endBlock(s, { kind: 'exit' }, depth)
    return
  }
  if (end.kind === 'jump') {
    moveArguments(s, end.target)
    endBlock(s, { kind: 'goto', to: ~end.target.to }, depth)
    return
  }
  const test = condition(s, end.cond)
  // The blocks for the moves follow at once.
  const here = s.blocks.length
  const extra = [end.yes, end.no].filter(needsMoves)
  const through = (t: Target): number => (needsMoves(t) ? here + 1 + extra.indexOf(t) : ~t.to)
  endBlock(s, { kind: 'if', test, yes: through(end.yes), no: through(end.no) }, depth)
  for (const target of extra) {
    s.ready.clear()
    moveArguments(s, target)
    endBlock(s, { kind: 'goto', to: ~target.to }, depth)
  }
}

function needsMoves({ args }: Target): boolean {
  return args.length > 0
}

/** All parameters of the target get their arguments at once: in an order, and with help, that loses none. */
function moveArguments(s: Selection, { to, args }: Target): void {
  const params = s.func.blocks[to]!.params
  const lazy: [ValueId, Reg][] = []
  let moves: { dst: Reg; src: Reg }[] = []
  params.forEach((param, i) => {
    const arg = args[i]!
    if (isLazy(s, arg)) lazy.push([arg, regOf(s, param)])
    else if (regOf(s, arg) !== regOf(s, param)) moves.push({ dst: regOf(s, param), src: use(s, arg) })
  })
  while (moves.length > 0) {
    const free = moves.findIndex(move => !moves.some(other => other !== move && other.src === move.dst))
    if (free >= 0) {
      const [{ dst, src }] = moves.splice(free, 1) as [{ dst: Reg; src: Reg }]
      put(s, { kind: 'mov', bits: 64, dst, src })
    } else {
      // Only cycles are left: save one register, so that it can be overwritten.
      const saved = s.nextReg++
      const { dst } = moves[0]!
      put(s, { kind: 'mov', bits: 64, dst: saved, src: dst })
      moves = moves.map(move => (move.src === dst ? { dst: move.dst, src: saved } : move))
    }
  }
  s.ready.clear()
  for (const [value, dst] of lazy) materialize(s, value, dst)
}
