// Numbers into instructions, in place: struct bpf_insn of include/uapi/linux/bpf.h, little-endian.
//
//     byte 0   1                       2-3   4-7
//          code  dst low, src high     off   imm     a 64-bit load has the upper half of its number in a second slot

import { LD_IMM64 } from '../asm/index.ts'
import type { CoreAnswer } from '../btf/index.ts'
import { BtfError } from '../errors/index.ts'
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_B,
  BPF_CALL,
  BPF_DW,
  BPF_H,
  BPF_JMP,
  BPF_LDX,
  BPF_ST,
  BPF_STX,
  BPF_W,
  BPF_X,
} from '../sys/index.ts'

const SIZE_BITS: Readonly<Record<number, number>> = { 1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW }
const CLASS_MASK = 7
const SIZE_MASK = 0x18

/**
 * Gives the instruction at a slot the kernel's number: immediates of arithmetic and of 64-bit loads, offsets (and widths) of
 * loads and stores. False when the width cannot be made up for.
 * @throws BtfError for an instruction that takes no number, or holds another than the compiler should have put there
 */
export function patchInsn(code: DataView, slot: number, answer: CoreAnswer): boolean {
  const at = slot * 8
  const { value } = answer
  const opcode = code.getUint8(at)
  switch (opcode & CLASS_MASK) {
    case BPF_ALU:
    case BPF_ALU64:
      if ((opcode & BPF_X) !== 0) throw new BtfError('arithmetic on a register takes no number')
      check(answer, BigInt(code.getInt32(at + 4, true)))
      code.setInt32(at + 4, Number(BigInt.asIntN(32, value)), true)
      return true
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX: {
      check(answer, BigInt(code.getInt16(at + 2, true)))
      if (value > 0x7fffn) throw new BtfError(`offset ${value} does not fit 16 bits`)
      if (answer.widthUnfit) return false
      if (answer.bytes !== answer.wasBytes) code.setUint8(at, ofWidth(opcode, answer))
      code.setInt16(at + 2, Number(value), true)
      return true
    }
    default: {
      if (opcode !== LD_IMM64 || code.getUint8(at + 1) >> 4 !== 0)
        throw new BtfError(`instruction 0x${opcode.toString(16)} takes no number`)
      const [low, high] = [code.getUint32(at + 4, true), code.getUint32(at + 12, true)]
      check(answer, (BigInt(high) << 32n) | BigInt(low))
      loadNumber(code, slot, Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)))
      return true
    }
  }
}

function check({ certain, was }: CoreAnswer, holds: bigint): void {
  if (!certain || holds === was || BigInt.asUintN(64, holds) === BigInt.asUintN(64, was)) return
  throw new BtfError(`the instruction holds ${holds} where the program's own types say ${was}`)
}

/** The load of a field that has another width in this kernel. */
function ofWidth(opcode: number, { wasBytes, bytes }: CoreAnswer): number {
  const size = SIZE_BITS[bytes]
  if (SIZE_BITS[wasBytes] !== (opcode & SIZE_MASK) || size === undefined)
    throw new BtfError(`a load of a field of ${wasBytes} bytes cannot become one of ${bytes}`)
  return (opcode & ~SIZE_MASK) | size
}

/** The number of a 64-bit load, as the two halves of its slots. */
export function loadNumber(code: DataView, slot: number, low: number, high: number): void {
  code.setInt32(slot * 8 + 4, low, true)
  code.setInt32(slot * 8 + 12, high, true)
}

/** A call of a function that no kernel has, in both slots of a load so that the verifier does not stumble over the second. */
export function writePoison(code: DataView, slot: number, number: number): void {
  const slots = code.getUint8(slot * 8) === LD_IMM64 ? 2 : 1
  for (let i = 0; i < slots; i++) {
    code.setUint32((slot + i) * 8, BPF_JMP | BPF_CALL, true)
    code.setInt32((slot + i) * 8 + 4, number, true)
  }
}
