// What can be wrong with instructions, before any kernel sees them.
import { BeetraceError } from './errors.ts'

export type AsmErrorCode =
  /** an operand that the instruction format can't hold: a register, offset or immediate out of range */
  | 'ASM_OPERAND'
  /** a label used but never placed, or placed twice */
  | 'ASM_LABEL'
  /** a jump farther than its offset field reaches */
  | 'ASM_JUMP_RANGE'
  /** a map, function or variable reference that still has no number */
  | 'ASM_UNRESOLVED'
  /** bytes that are no instructions */
  | 'ASM_BYTES'
  /** text that is no instruction */
  | 'ASM_SYNTAX'

/** Instructions that can't be built, resolved, encoded, decoded or parsed. */
export class AsmError extends BeetraceError {
  declare readonly code: AsmErrorCode
  /** index of the instruction in the list, where one is to blame */
  readonly index: number | undefined
  /** line and column of the text, counted from 1, where text is to blame */
  readonly line: number | undefined
  readonly column: number | undefined

  constructor(code: AsmErrorCode, message: string, where: AsmErrorPlace = {}) {
    super(code, message)
    this.index = where.index
    this.line = where.line
    this.column = where.column
  }
}

export interface AsmErrorPlace {
  readonly index?: number
  readonly line?: number
  readonly column?: number
}
