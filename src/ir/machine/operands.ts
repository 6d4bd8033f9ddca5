// Which registers the operations of a function read and write, as flat lists that later steps walk without asking
// the operations again.

import type { MachineBlock, MachineEnd, MachineOp, Reg } from './machine.ts'

/** Rows are the operations in order; the end of a block is a row after those of its operations. */
export interface Operands {
  /** the first row of each block, and the number of rows */
  readonly blockStart: readonly number[]
  /** where the reads of each row start in `uses`, and their number */
  readonly useStart: readonly number[]
  readonly uses: readonly Reg[]
  readonly defStart: readonly number[]
  readonly defs: readonly Reg[]
}

/** How operations are read: each appends registers to `out`. */
export interface OperandReader {
  readonly uses: (op: MachineOp, out: Reg[]) => void
  readonly defs: (op: MachineOp, out: Reg[]) => void
  readonly endUses: (end: MachineEnd, out: Reg[]) => void
}

export function readOperands(blocks: readonly MachineBlock[], reader: OperandReader): Operands {
  const blockStart: number[] = []
  const useStart: number[] = []
  const uses: Reg[] = []
  const defStart: number[] = []
  const defs: Reg[] = []
  for (const { ops, end } of blocks) {
    blockStart.push(useStart.length)
    for (let i = 0; i < ops.length; i++) {
      useStart.push(uses.length)
      defStart.push(defs.length)
      reader.uses(ops[i]!, uses)
      reader.defs(ops[i]!, defs)
    }
    useStart.push(uses.length)
    defStart.push(defs.length)
    reader.endUses(end, uses)
  }
  blockStart.push(useStart.length)
  useStart.push(uses.length)
  defStart.push(defs.length)
  return { blockStart, useStart, uses, defStart, defs }
}
