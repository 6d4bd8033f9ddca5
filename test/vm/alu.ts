// Arithmetic and comparison as RFC 9669 defines them, on unsigned BigInts of `bits` (32 or 64) width.
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_DIV,
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
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
} from '../../src/sys/bpf-constants.generated.ts'
import { Fault } from './fault.ts'

/** `a op b`, both already cut to `bits`; `signed` makes sdiv of div and smod of mod. The result is cut to `bits`. */
export function arithmetic(op: number, a: bigint, b: bigint, bits: 32 | 64, signed: boolean): bigint {
  const shift = b & BigInt(bits - 1)
  switch (op) {
    case BPF_MOV:
      return b
    case BPF_ADD:
      return BigInt.asUintN(bits, a + b)
    case BPF_SUB:
      return BigInt.asUintN(bits, a - b)
    case BPF_MUL:
      return BigInt.asUintN(bits, a * b)
    case BPF_OR:
      return a | b
    case BPF_AND:
      return a & b
    case BPF_XOR:
      return a ^ b
    case BPF_LSH:
      return BigInt.asUintN(bits, a << shift)
    case BPF_RSH:
      return a >> shift
    case BPF_ARSH:
      return BigInt.asUintN(bits, BigInt.asIntN(bits, a) >> shift)
    // Division by zero does not stop a program: it gives 0, and a remainder by zero leaves the left side. The
    // smallest number divided by -1 wraps. BigInt truncates towards zero, as C does.
    case BPF_DIV:
      if (b === 0n) return 0n
      return signed ? BigInt.asUintN(bits, BigInt.asIntN(bits, a) / BigInt.asIntN(bits, b)) : a / b
    case BPF_MOD:
      if (b === 0n) return a
      return signed ? BigInt.asUintN(bits, BigInt.asIntN(bits, a) % BigInt.asIntN(bits, b)) : a % b
    default:
      throw new Fault(`unknown arithmetic operation 0x${op.toString(16)}`)
  }
}

/** Whether a conditional jump is taken. */
export function compare(op: number, a: bigint, b: bigint, bits: 32 | 64): boolean {
  const signed = (value: bigint) => BigInt.asIntN(bits, value)
  switch (op) {
    case BPF_JEQ:
      return a === b
    case BPF_JNE:
      return a !== b
    case BPF_JGT:
      return a > b
    case BPF_JGE:
      return a >= b
    case BPF_JLT:
      return a < b
    case BPF_JLE:
      return a <= b
    case BPF_JSET:
      return (a & b) !== 0n
    case BPF_JSGT:
      return signed(a) > signed(b)
    case BPF_JSGE:
      return signed(a) >= signed(b)
    case BPF_JSLT:
      return signed(a) < signed(b)
    case BPF_JSLE:
      return signed(a) <= signed(b)
    default:
      throw new Fault(`unknown jump 0x${op.toString(16)}`)
  }
}

/** The low `bits` of a number with their bytes reversed. */
export function swapBytes(value: bigint, bits: number): bigint {
  let swapped = 0n
  for (let i = 0; i < bits; i += 8) swapped = (swapped << 8n) | ((value >> BigInt(i)) & 0xffn)
  return swapped
}
