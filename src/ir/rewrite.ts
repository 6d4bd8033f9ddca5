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
  private readonly to: (ValueId | undefined)[] = []

  get isEmpty(): boolean {
    return this.to.length === 0
  }

  set(from: ValueId, to: ValueId): void {
    this.to[from] = to
  }

  /** What stands in the place of a value in the end. */
  readonly find = (value: ValueId): ValueId => {
    let v = value
    for (let next = this.to[v]; next !== undefined; next = this.to[v]) v = next
    return v
  }

  /** The blocks with every use of a replaced value replaced. */
  apply(blocks: readonly Block[]): Block[] {
    return blocks.map(({ params, ops, end }) => ({
      params,
      ops: ops.map(op => mapOperands(op, this.find)),
      end: mapEndOperands(end, this.find),
    }))
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
