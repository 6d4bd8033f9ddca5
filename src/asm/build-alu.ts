// Builders: arithmetic, moves, sign extension, byte order. The plain names work on 64 bits; a `32` in the name
// works on the lower halves and zeroes the upper half of the destination.
// All of them throw AsmError (ASM_OPERAND) on registers and immediates that do not exist.
import {
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_ALU64,
  BPF_END,
  BPF_K,
  BPF_MOV,
  BPF_NEG,
  BPF_TO_BE,
  BPF_TO_LE,
  BPF_X,
} from '../sys/bpf-constants.generated.ts'
import type { Insn } from './insn.ts'
import { type AluOp, aluOps } from './opcode.ts'
import { checkAddressSpace, checkImm, checkImm32, checkReg } from './operand.ts'

/** `dst = src` */
export function movReg(dst: number, src: number): Insn {
  return alu(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
}

/** `dst = imm`, sign-extended from 32 to 64 bits; `ldImm64` takes wider values. */
export function movImm(dst: number, imm: number): Insn {
  return alu(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, checkImm(imm))
}

/** `wdst = wsrc`: copies the lower half and zeroes the upper. */
export function mov32Reg(dst: number, src: number): Insn {
  return alu(BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0)
}

/** `wdst = imm`: the upper half is zeroed, so any unsigned 32-bit value can be loaded this way. */
export function mov32Imm(dst: number, imm: number): Insn {
  return alu(BPF_ALU | BPF_MOV | BPF_K, dst, 0, 0, checkImm32(imm))
}

/** `dst op= src`. Division by zero gives 0, modulo by zero leaves `dst`; `sdiv` and `smod` need v4 (Linux 6.6). */
export function aluReg(op: AluOp, dst: number, src: number): Insn {
  return alu(BPF_ALU64 | aluOps[op] | BPF_X, dst, src, signedOff(op), 0)
}

/** `dst op= imm`, the immediate sign-extended to 64 bits. */
export function aluImm(op: AluOp, dst: number, imm: number): Insn {
  return alu(BPF_ALU64 | aluOps[op] | BPF_K, dst, 0, signedOff(op), checkImm(imm))
}

/** `wdst op= wsrc` */
export function alu32Reg(op: AluOp, dst: number, src: number): Insn {
  return alu(BPF_ALU | aluOps[op] | BPF_X, dst, src, signedOff(op), 0)
}

/** `wdst op= imm` */
export function alu32Imm(op: AluOp, dst: number, imm: number): Insn {
  return alu(BPF_ALU | aluOps[op] | BPF_K, dst, 0, signedOff(op), checkImm32(imm))
}

/** `dst = -dst` */
export function neg(dst: number): Insn {
  return alu(BPF_ALU64 | BPF_NEG, dst, 0, 0, 0)
}

/** `wdst = -wdst` */
export function neg32(dst: number): Insn {
  return alu(BPF_ALU | BPF_NEG, dst, 0, 0, 0)
}

/** `dst = (s8|s16|s32)src`, sign-extended to 64 bits. v4 (Linux 6.6). */
export function movsx(dst: number, src: number, bits: 8 | 16 | 32): Insn {
  return alu(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, bits, 0)
}

/** `wdst = (s8|s16)wsrc`, sign-extended to 32 bits, the upper half zeroed. v4 (Linux 6.6). */
export function movsx32(dst: number, src: number, bits: 8 | 16): Insn {
  return alu(BPF_ALU | BPF_MOV | BPF_X, dst, src, bits, 0)
}

/** `dst = le16|le32|le64 dst`: host order to little endian; on a little-endian host it truncates. */
export function toLe(dst: number, bits: 16 | 32 | 64): Insn {
  return alu(BPF_ALU | BPF_END | BPF_TO_LE, dst, 0, 0, bits)
}

/** `dst = be16|be32|be64 dst`: host order to big endian, zero-extended. */
export function toBe(dst: number, bits: 16 | 32 | 64): Insn {
  return alu(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits)
}

/** `dst = bswap16|bswap32|bswap64 dst`: reverses the bytes whatever the host is, zero-extended. v4 (Linux 6.6). */
export function bswap(dst: number, bits: 16 | 32 | 64): Insn {
  return alu(BPF_ALU64 | BPF_END, dst, 0, 0, bits)
}

/** `dst = addr_space_cast(src, dstSpace, srcSpace)`: pointers into and out of an arena (Linux 6.9). */
export function addrSpaceCast(dst: number, src: number, dstSpace: number, srcSpace: number): Insn {
  return alu(
    BPF_ALU64 | BPF_MOV | BPF_X,
    dst,
    src,
    BPF_ADDR_SPACE_CAST,
    (checkAddressSpace(dstSpace) << 16) | checkAddressSpace(srcSpace),
  )
}

function signedOff(op: AluOp): 0 | 1 {
  return op === 'sdiv' || op === 'smod' ? 1 : 0
}

function alu(code: number, dst: number, src: number, off: number, imm: number): Insn {
  return { code, dst: checkReg(dst), src: checkReg(src), off, imm }
}
