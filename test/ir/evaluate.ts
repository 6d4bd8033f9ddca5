// What an IR function means, said once more and as plainly as can be: walks the blocks on BigInts, without
// registers, passes or instructions. The oracle for compiled code.

import type { Block, Func, Op, Target, ValueId } from '../../src/ir/func.ts'
import * as bpf from '../../src/sys/bpf-constants.generated.ts'
import { arithmetic, compare } from '../vm/alu.ts'

export interface Machine {
  readonly functions: ReadonlyMap<string, Func>
  readonly ctx: Uint8Array
  /** bytes of the maps that `mapValue` names */
  readonly values: Readonly<Record<string, Uint8Array>>
  /** results of helpers by name, without `bpf_` */
  readonly helpers: Readonly<Record<string, bigint>>
}

/** Pointers are numbers: the region in the upper half, the offset in the lower. */
interface State {
  readonly machine: Machine
  readonly regions: Uint8Array[]
}

const MIDDLE = 1n << 31n

/** Runs a program's main function and returns what it returns. */
export function evaluate(main: Func, machine: Machine): bigint {
  const s: State = { machine, regions: [new Uint8Array(0)] }
  return run(s, main, [pointerTo(s, machine.ctx)])
}

function pointerTo(s: State, bytes: Uint8Array): bigint {
  let region = s.regions.indexOf(bytes)
  if (region < 0) region = s.regions.push(bytes) - 1
  return (BigInt(region) << 32n) + MIDDLE
}

function view(s: State, pointer: bigint, offset: number, size: number): DataView {
  const bytes = s.regions[Number(pointer >> 32n)]!
  const start = Number((pointer & 0xffffffffn) - MIDDLE) + offset
  return new DataView(bytes.buffer, bytes.byteOffset + start, size)
}

function read(s: State, pointer: bigint, offset: number, bits: number): bigint {
  const v = view(s, pointer, offset, bits / 8)
  let value = 0n
  for (let i = bits / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(v.getUint8(i))
  return value
}

function write(s: State, pointer: bigint, offset: number, bits: number, value: bigint): void {
  const v = view(s, pointer, offset, bits / 8)
  for (let i = 0; i < bits / 8; i++) v.setUint8(i, Number((value >> BigInt(8 * i)) & 0xffn))
}

function run(s: State, func: Func, args: readonly bigint[]): bigint {
  const values: bigint[] = []
  const get = (v: ValueId): bigint => values[v]!
  const slots = func.slots.map(slot => pointerTo(s, new Uint8Array(slot.sizeBytes)))
  let block: Block = func.blocks[0]!
  let incoming = args
  for (let steps = 0; ; steps++) {
    if (steps > 1_000_000) throw new Error('the program does not end')
    block.params.forEach((param, i) => {
      values[param] = incoming[i]!
    })
    for (const op of block.ops) {
      const result = step(s, op, get, slots)
      if (op.kind !== 'store' && op.result !== undefined) values[op.result] = BigInt.asUintN(64, result)
    }
    const { end } = block
    if (end.kind === 'return') return get(end.value)
    const target: Target = end.kind === 'jump' ? end.target : get(end.cond) !== 0n ? end.yes : end.no
    incoming = target.args.map(get)
    block = func.blocks[target.to]!
  }
}

const ALU = {
  add: bpf.BPF_ADD,
  sub: bpf.BPF_SUB,
  mul: bpf.BPF_MUL,
  udiv: bpf.BPF_DIV,
  umod: bpf.BPF_MOD,
  sdiv: bpf.BPF_DIV,
  smod: bpf.BPF_MOD,
  and: bpf.BPF_AND,
  or: bpf.BPF_OR,
  xor: bpf.BPF_XOR,
  shl: bpf.BPF_LSH,
  lshr: bpf.BPF_RSH,
  ashr: bpf.BPF_ARSH,
} as const
const JUMPS = {
  eq: bpf.BPF_JEQ,
  ne: bpf.BPF_JNE,
  ult: bpf.BPF_JLT,
  ule: bpf.BPF_JLE,
  ugt: bpf.BPF_JGT,
  uge: bpf.BPF_JGE,
  slt: bpf.BPF_JSLT,
  sle: bpf.BPF_JSLE,
  sgt: bpf.BPF_JSGT,
  sge: bpf.BPF_JSGE,
  set: bpf.BPF_JSET,
} as const

function step(s: State, op: Op, get: (v: ValueId) => bigint, slots: readonly bigint[]): bigint {
  switch (op.kind) {
    case 'const':
      return op.value
    case 'binary': {
      const [a, b] = [BigInt.asUintN(op.bits, get(op.a)), BigInt.asUintN(op.bits, get(op.b))]
      return arithmetic(ALU[op.op], a, b, op.bits, op.op === 'sdiv' || op.op === 'smod')
    }
    case 'neg':
      return BigInt.asUintN(op.bits, -get(op.a))
    case 'extend':
      return op.signed ? BigInt.asIntN(op.bits, get(op.a)) : BigInt.asUintN(op.bits, get(op.a))
    case 'bytes': {
      if (op.order === 'little') return BigInt.asUintN(op.bits, get(op.a))
      const bytes = new DataView(new ArrayBuffer(8))
      bytes.setBigUint64(0, BigInt.asUintN(op.bits, get(op.a)) << BigInt(64 - op.bits))
      return bytes.getBigUint64(0, true)
    }
    case 'compare': {
      const [a, b] = [BigInt.asUintN(op.bits, get(op.a)), BigInt.asUintN(op.bits, get(op.b))]
      return compare(JUMPS[op.op], a, b, op.bits) ? 1n : 0n
    }
    case 'select':
      return get(op.cond) !== 0n ? get(op.a) : get(op.b)
    case 'bound':
      return op.how === 'mask' ? get(op.a) & op.max : get(op.a) < op.max ? get(op.a) : op.max
    case 'slot':
      return slots[op.slot]!
    case 'address':
      if (op.ref.kind !== 'mapValue') return 0n
      return pointerTo(s, s.machine.values[op.ref.name]!) + BigInt(op.ref.offset)
    case 'offset':
      return get(op.a) + get(op.b)
    case 'load': {
      const value = read(s, get(op.base), op.offset, op.bits)
      return op.signed ? BigInt.asIntN(op.bits, value) : value
    }
    case 'store':
      write(s, get(op.base), op.offset, op.bits, get(op.value))
      return 0n
    case 'atomic': {
      const old = read(s, get(op.base), op.offset, op.bits)
      const value = BigInt.asUintN(op.bits, get(op.value))
      if (op.op === 'xchg') write(s, get(op.base), op.offset, op.bits, value)
      else if (op.op !== 'cmpxchg')
        write(s, get(op.base), op.offset, op.bits, arithmetic(ALU[op.op], old, value, op.bits, false))
      else if (old === BigInt.asUintN(op.bits, get(op.expected!)))
        write(s, get(op.base), op.offset, op.bits, value)
      return old
    }
    case 'call':
      if (op.target.kind === 'subprog')
        return run(s, s.machine.functions.get(op.target.name)!, op.args.map(get))
      return s.machine.helpers[op.target.name] ?? 0n
  }
}
