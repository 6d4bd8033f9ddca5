// Checks of what goes into an instruction's fields; every builder and `encode` use them.
import { AsmError } from '../errors/asm-error.ts'

/** Returns `value` if it is a register number. @throws AsmError ASM_OPERAND */
export function checkReg(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 10)
    fail(`register ${value} does not exist (r0 to r10)`)
  return value
}

/** Returns `value` if it fits the signed 16-bit offset. @throws AsmError ASM_OPERAND */
export function checkOff(value: number): number {
  if (!Number.isInteger(value) || value < -0x8000 || value > 0x7fff)
    fail(`offset ${value} does not fit 16 bits`)
  return value
}

/** Returns `value` if it fits the signed 32-bit immediate. @throws AsmError ASM_OPERAND */
export function checkImm(value: number): number {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) {
    fail(`immediate ${value} does not fit 32 bits signed`)
  }
  return value
}

/** Like `checkImm`, but 32-bit operations may also write their immediate unsigned: 0xffffffff is -1. */
export function checkImm32(value: number): number {
  if (value > 0x7fffffff && value <= 0xffffffff) return checkImm(value - 0x100000000)
  return checkImm(value)
}

/** Returns the 64 bits of `value`, unsigned; negative numbers are taken as two's complement. @throws AsmError ASM_OPERAND */
export function checkImm64(value: bigint | number): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    fail(`immediate ${value} is not a safe integer`)
  const big = BigInt(value)
  if (big < -0x8000000000000000n || big > 0xffffffffffffffffn) fail(`immediate ${big} does not fit 64 bits`)
  return BigInt.asUintN(64, big)
}

/** Returns `value` if it is the number of an address space, 16 bits. @throws AsmError ASM_OPERAND */
export function checkAddressSpace(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff)
    fail(`address space ${value} does not fit 16 bits`)
  return value
}

function fail(message: string): never {
  throw new AsmError('ASM_OPERAND', message)
}
