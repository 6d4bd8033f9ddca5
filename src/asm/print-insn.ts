// One instruction as text, in the words of the kernel's disassembler (kernel/bpf/disasm.c): the form of the
// verifier's log and of `bpftool prog dump xlated`.
import {
  BPF_ABS,
  BPF_ADD,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_DIV,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IND,
  BPF_JA,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_RSH,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_SUB,
  BPF_X,
  BPF_XCHG,
  BPF_XOR,
} from '../sys/bpf-constants.generated.ts'
import { helperById } from './helper.ts'
import type { Insn } from './insn.ts'
import { CLASS_MASK, LD_IMM64, MODE_MASK, OP_MASK, SIZE_MASK } from './opcode.ts'

/** What the opcode alone does not say: the operand of a 64-bit load, the callee, the target of a jump. */
export interface OperandNames {
  /** a 64-bit load's right side; the kernel's log has the bare number, bpftool `map[id:3]` */
  readonly imm64: (insn: Insn) => string
  /** everything after `call ` */
  readonly callee: (insn: Insn) => string
  /** everything after `goto `; `distance` is in slots */
  readonly target: (insn: Insn, distance: number) => string
}

/** The operands as the verifier's log shows them: numbers, and names of helpers. */
export const kernelNames: OperandNames = {
  imm64: insn => `0x${(insn.imm64 ?? BigInt.asUintN(64, BigInt(insn.imm))).toString(16)}`,
  callee: insn => {
    if (insn.src === BPF_PSEUDO_CALL) return `pc${signed(insn.imm)}`
    if (insn.src === BPF_PSEUDO_KFUNC_CALL) return `kernel-function#${insn.imm}`
    return `${helperById(insn.imm)?.name ?? 'unknown'}#${insn.imm}`
  },
  target: (_, distance) => `pc${signed(distance)}`,
}

/**
 * One instruction as the verifier's log has it, opcode first: `(bf) r1 = r2`. Opcodes that no kernel knows come out
 * as `BUG_c7`.
 * @param names what to show for operands other than `kernelNames` does, as bpftool shows map ids
 */
export function printKernelInsn(insn: Insn, names: Partial<OperandNames> = {}): string {
  return `(${insn.code.toString(16).padStart(2, '0')}) ${printInsn(insn, { ...kernelNames, ...names })}`
}

/** One instruction without its opcode in front. */
export function printInsn(insn: Insn, names: OperandNames): string {
  switch (insn.code & CLASS_MASK) {
    case BPF_ALU:
    case BPF_ALU64:
      return printAlu(insn)
    case BPF_STX:
      return printStore(insn)
    case BPF_ST:
      if ((insn.code & MODE_MASK) === BPF_MEM) return `${memory(insn, insn.dst)} = ${insn.imm}`
      return (insn.code & MODE_MASK) === NOSPEC ? 'nospec' : bug(insn)
    case BPF_LDX:
      return printLoad(insn)
    case BPF_LD:
      return printLd(insn, names)
    default:
      return printJump(insn, names)
  }
}

/** Mode of BPF_ST that the kernel itself puts in against speculation; seen in dumps only. */
const NOSPEC = 0xc0
/** `off` of a move that the kernel itself makes of a per-CPU address; seen in dumps only. */
export const ADDR_PERCPU = -1

export const aluSymbols: Readonly<Record<number, string>> = {
  [BPF_ADD]: '+=',
  [BPF_SUB]: '-=',
  [BPF_MUL]: '*=',
  [BPF_DIV]: '/=',
  [BPF_OR]: '|=',
  [BPF_AND]: '&=',
  [BPF_LSH]: '<<=',
  [BPF_RSH]: '>>=',
  [BPF_MOD]: '%=',
  [BPF_XOR]: '^=',
  [BPF_MOV]: '=',
  [BPF_ARSH]: 's>>=',
}

export const jumpSymbols: Readonly<Record<number, string>> = {
  [BPF_JEQ]: '==',
  [BPF_JGT]: '>',
  [BPF_JLT]: '<',
  [BPF_JGE]: '>=',
  [BPF_JLE]: '<=',
  [BPF_JSET]: '&',
  [BPF_JNE]: '!=',
  [BPF_JSGT]: 's>',
  [BPF_JSLT]: 's<',
  [BPF_JSGE]: 's>=',
  [BPF_JSLE]: 's<=',
}

export const atomicNames: Readonly<Record<number, string>> = {
  [BPF_ADD]: 'add',
  [BPF_AND]: 'and',
  [BPF_OR]: 'or',
  [BPF_XOR]: 'xor',
}

function printAlu(insn: Insn): string {
  const { code, dst, src, off, imm } = insn
  const wide = (code & CLASS_MASK) === BPF_ALU64
  const op = code & OP_MASK
  const letter = wide ? 'r' : 'w'
  if (op === BPF_END) {
    const order = wide ? 'bswap' : code & BPF_X ? 'be' : 'le'
    return `r${dst} = ${order}${imm} r${dst}`
  }
  if (op === BPF_NEG) return `${letter}${dst} = -${letter}${dst}`
  const symbol = aluSymbols[op]
  if (symbol === undefined) return bug(insn)
  const sign = off === 1 && (op === BPF_DIV || op === BPF_MOD) ? 's' : ''
  if ((code & BPF_X) === 0) return `${letter}${dst} ${sign}${symbol} ${imm}`
  if (op === BPF_MOV && wide && off === BPF_ADDR_SPACE_CAST) {
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`
  }
  if (op === BPF_MOV && wide && off === ADDR_PERCPU) return `r${dst} = &(void __percpu *)(r${src})`
  const cast = op === BPF_MOV && off !== 0 ? `(s${off})` : ''
  return `${letter}${dst} ${sign}${symbol} ${cast}${letter}${src}`
}

function printStore(insn: Insn): string {
  const { code, dst, src, off, imm } = insn
  const mode = code & MODE_MASK
  if (mode === BPF_MEM) return `${memory(insn, dst)} = r${src}`
  if (mode !== BPF_ATOMIC) return bug(insn)
  const suffix = (code & SIZE_MASK) === BPF_DW ? '64' : ''
  const pointer = (base: number) => `(${sizeName(code)} *)(r${base} ${signed(off)})`
  switch (imm) {
    case BPF_XCHG:
      return `r${src} = atomic${suffix}_xchg(${pointer(dst)}, r${src})`
    case BPF_CMPXCHG:
      return `r0 = atomic${suffix}_cmpxchg(${pointer(dst)}, r0, r${src})`
    case BPF_LOAD_ACQ:
      return `r${dst} = load_acquire(${pointer(src)})`
    case BPF_STORE_REL:
      return `store_release(${pointer(dst)}, r${src})`
  }
  const name = atomicNames[imm & ~BPF_FETCH]
  if (name === undefined) return bug(insn)
  if (imm & BPF_FETCH) return `r${src} = atomic${suffix}_fetch_${name}(${pointer(dst)}, r${src})`
  return `lock ${memory(insn, dst)} ${aluSymbols[imm]} r${src}`
}

function printLoad(insn: Insn): string {
  const mode = insn.code & MODE_MASK
  if (mode !== BPF_MEM && mode !== BPF_MEMSX) return bug(insn)
  return `r${insn.dst} = ${memory(insn, insn.src)}`
}

function printLd(insn: Insn, names: OperandNames): string {
  const { code, dst, src, imm } = insn
  if (code === LD_IMM64) return `r${dst} = ${names.imm64(insn)}`
  const mode = code & MODE_MASK
  if (mode === BPF_ABS) return `r0 = *(${sizeName(code)} *)skb[${imm}]`
  if (mode === BPF_IND) return `r0 = *(${sizeName(code)} *)skb[r${src} + ${imm}]`
  return bug(insn)
}

function printJump(insn: Insn, names: OperandNames): string {
  const { code, dst, src, off, imm } = insn
  switch (code) {
    case BPF_JMP | BPF_CALL:
      return `call ${names.callee(insn)}`
    case BPF_JMP | BPF_JA:
      return `goto ${names.target(insn, off)}`
    case BPF_JMP | BPF_JA | BPF_X:
      return `gotox r${dst}`
    case BPF_JMP | BPF_JCOND:
      return `may_goto ${names.target(insn, off)}`
    case BPF_JMP32 | BPF_JA:
      return `gotol ${names.target(insn, imm)}`
    case BPF_JMP | BPF_EXIT:
      return 'exit'
  }
  const symbol = jumpSymbols[code & OP_MASK]
  if (symbol === undefined) return bug(insn)
  const letter = (code & CLASS_MASK) === BPF_JMP32 ? 'w' : 'r'
  const right = code & BPF_X ? `${letter}${src}` : `0x${(imm >>> 0).toString(16)}`
  return `if ${letter}${dst} ${symbol} ${right} goto ${names.target(insn, off)}`
}

function memory(insn: Insn, base: number): string {
  return `*(${sizeName(insn.code)} *)(r${base} ${signed(insn.off)})`
}

function sizeName(code: number): string {
  const unsigned = ['u32', 'u16', 'u8', 'u64'][(code & SIZE_MASK) >> 3]!
  const signExtends = (code & CLASS_MASK) === BPF_LDX && (code & MODE_MASK) === BPF_MEMSX
  return signExtends ? unsigned.replace('u', 's') : unsigned
}

function bug(insn: Insn): string {
  return `BUG_${insn.code.toString(16).padStart(2, '0')}`
}

/** A number with its sign always shown. */
export function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}
