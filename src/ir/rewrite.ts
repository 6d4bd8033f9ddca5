// What passes that replace values share: which value stands for which, and the function with all uses replaced.

import {
  type Block,
  type Func,
  mapEndOperands,
  mapOperands,
  type Op,
  resultOf,
  type ValueId,
} from './func.ts'

/** Values and what stands in their place. */
export class Replacements {
  isEmpty = true
  /** by value, what replaces it, plus one; 0 for those that stay, as do values made later */
  private readonly to: Int32Array

  constructor(func: Func) {
    this.to = new Int32Array(func.types.length)
  }

  set(from: ValueId, to: ValueId): void {
    this.to[from] = to + 1
    this.isEmpty = false
  }

  /** What stands in the place of a value in the end. */
  readonly find = (value: ValueId): ValueId => {
    let v = value
    for (;;) {
      const next = this.to[v]
      if (next === 0 || next === undefined) return v
      v = next - 1
    }
  }

  /** The operation with every use of a replaced value replaced. */
  operation(op: Op): Op {
    return this.isEmpty ? op : mapOperands(op, this.find)
  }

  /** The blocks with every use of a replaced value replaced. */
  apply(blocks: readonly Block[]): readonly Block[] {
    if (this.isEmpty) return blocks
    return blocks.map(({ params, ops, end }) => ({
      params,
      ops: ops.map(op => mapOperands(op, this.find)),
      end: mapEndOperands(end, this.find),
    }))
  }

  /** The blocks with replaced values replaced where control goes on. */
  applyToEnds(blocks: readonly Block[]): readonly Block[] {
    if (this.isEmpty) return blocks
    return blocks.map(({ params, ops, end }) => ({ params, ops, end: mapEndOperands(end, this.find) }))
  }
}

/** The operation that defines each value; undefined for parameters. */
export function definitions(func: Func): (Op | undefined)[] {
  const defs: (Op | undefined)[] = new Array(func.types.length)
  for (const { ops } of func.blocks) {
    for (const op of ops) {
      const result = resultOf(op)
      if (result !== undefined) defs[result] = op
    }
  }
  return defs
}
