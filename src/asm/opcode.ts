// The opcode byte: which operations, conditions and sizes there are, by the names the builders use.
//
//     arithmetic, jumps   bits 0-2 class | 3 source (BPF_K, BPF_X) | 4-7 operation
//     loads, stores       bits 0-2 class | 3-4 size                | 5-7 mode
//
// Source: RFC 9669, include/uapi/linux/bpf.h.
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_B,
  BPF_DIV,
  BPF_DW,
  BPF_H,
  BPF_IMM,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LD,
  BPF_LSH,
  BPF_MOD,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_W,
  BPF_XOR,
} from '../sys/bpf-constants.generated.ts'
import type { Insn } from './insn.ts'

/** Two-operand arithmetic. `sdiv` and `smod` share their opcodes with `div` and `mod` and have `off` = 1 (v4). */
export const aluOps = {
  add: BPF_ADD,
  sub: BPF_SUB,
  mul: BPF_MUL,
  div: BPF_DIV,
  or: BPF_OR,
  and: BPF_AND,
  lsh: BPF_LSH,
  rsh: BPF_RSH,
  mod: BPF_MOD,
  xor: BPF_XOR,
  arsh: BPF_ARSH,
  sdiv: BPF_DIV,
  smod: BPF_MOD,
} as const
export type AluOp = keyof typeof aluOps

/** Conditions of a jump; an `s` in front compares signed, `set` asks whether any bit is common. */
export const jumpConds = {
  eq: BPF_JEQ,
  ne: BPF_JNE,
  gt: BPF_JGT,
  ge: BPF_JGE,
  lt: BPF_JLT,
  le: BPF_JLE,
  set: BPF_JSET,
  sgt: BPF_JSGT,
  sge: BPF_JSGE,
  slt: BPF_JSLT,
  sle: BPF_JSLE,
} as const
export type JumpCond = keyof typeof jumpConds

/** The condition that holds exactly when the other does not; `set` has none. */
export const inverseJumpOp: Readonly<Record<number, number>> = {
  [BPF_JEQ]: BPF_JNE,
  [BPF_JNE]: BPF_JEQ,
  [BPF_JGT]: BPF_JLE,
  [BPF_JLE]: BPF_JGT,
  [BPF_JGE]: BPF_JLT,
  [BPF_JLT]: BPF_JGE,
  [BPF_JSGT]: BPF_JSLE,
  [BPF_JSLE]: BPF_JSGT,
  [BPF_JSGE]: BPF_JSLT,
  [BPF_JSLT]: BPF_JSGE,
}

/** Read-modify-write operations that may or may not return the old value (BPF_FETCH). */
export const atomicOps = { add: BPF_ADD, or: BPF_OR, and: BPF_AND, xor: BPF_XOR } as const
export type AtomicOp = keyof typeof atomicOps

/** Bytes a load or store moves, to its size bits. */
export const memSizes = { 1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW } as const
export type MemSize = keyof typeof memSizes

/** A register number, 0-10. */
export type Reg = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10
export const R0 = 0
export const R1 = 1
export const R2 = 2
export const R3 = 3
export const R4 = 4
export const R5 = 5
export const R6 = 6
export const R7 = 7
export const R8 = 8
export const R9 = 9
/** the frame pointer, read only */
export const R10 = 10

export const CLASS_MASK = 0x07
export const OP_MASK = 0xf0
export const SIZE_MASK = 0x18
export const MODE_MASK = 0xe0

/** BPF_LD | BPF_IMM | BPF_DW, the only instruction of two slots. */
export const LD_IMM64 = BPF_LD | BPF_IMM | BPF_DW

/** How many 8-byte slots an instruction takes; jumps count in slots. */
export function slotCount(insn: Insn): 1 | 2 {
  return insn.code === LD_IMM64 ? 2 : 1
}
