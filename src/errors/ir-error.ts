// The errors of the compiler's back end: a front end that breaks the builder's rules, and a program that does
// not fit what the kernel takes.

import { BeetraceError } from './errors.ts'

/**
 * - `IR_MISUSE`: a front end broke a rule of the builder (a bug of that front end)
 * - `IR_STACK`: the stack slots do not fit 512 bytes
 * - `IR_TOO_LARGE`: an offset or a count that no instruction can hold
 */
export type IrErrorCode = 'IR_MISUSE' | 'IR_STACK' | 'IR_TOO_LARGE'

export class IrError extends BeetraceError {
  /** what the bytes of the stack are for, when the stack is the matter */
  readonly stackUses: readonly StackUse[]
  constructor(code: IrErrorCode, message: string, stackUses: readonly StackUse[] = []) {
    super(code, message)
    this.stackUses = stackUses
  }
}

/** Some bytes of a function's stack frame and what they are for. */
export interface StackUse {
  readonly function: string
  readonly name: string
  readonly sizeBytes: number
}
