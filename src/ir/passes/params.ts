// Pass: drops block parameters that always get the same value, and uses that value. What variables leave behind
// when a block does not change them.
// In: ordered. Out: each remaining parameter gets two values at least (or stands in block 0).

import {
  type Block,
  type BlockId,
  type Func,
  mapTargets,
  newValue,
  type Op,
  type Target,
  targetsOf,
  type ValueId,
} from '../func.ts'
import { definitions, Replacements } from '../rewrite.ts'

export function params(func: Func): Func {
  if (!func.blocks.some((block, id) => id > 0 && block.params.length > 0)) return func
  const incoming: Target[][] = func.blocks.map(() => [])
  for (const { end } of func.blocks) for (const target of targetsOf(end)) incoming[target.to]!.push(target)
  const defs = definitions(func)
  const replaced = new Replacements(func)
  /** constants to make at the start of a block, in place of parameters */
  const constants: Op[][] = func.blocks.map(() => [])
  const dropped: Set<number>[] = func.blocks.map(() => new Set())

  for (let changed = true; changed; ) {
    changed = false
    func.blocks.forEach((block, id) => {
      if (id === 0) return
      block.params.forEach((param, i) => {
        if (dropped[id]!.has(i)) return
        const value = onlyArgument(param, i, id)
        if (value === undefined) return
        replaced.set(param, value)
        dropped[id]!.add(i)
        changed = true
      })
    })
  }
  if (dropped.every(set => set.size === 0)) return func

  const keep = (to: BlockId, list: readonly ValueId[]): readonly ValueId[] =>
    dropped[to]!.size === 0 ? list : list.filter((_, i) => !dropped[to]!.has(i))
  const keepOfTarget = (target: Target): Target => {
    const args = keep(target.to, target.args)
    return args === target.args ? target : { to: target.to, args }
  }
  const blocks: Block[] = func.blocks.map((block, id) => ({
    params: keep(id, block.params),
    ops: constants[id]!.length === 0 ? block.ops : [...constants[id]!, ...block.ops],
    end: mapTargets(block.end, keepOfTarget),
  }))
  return { ...func, blocks: replaced.apply(blocks) }

  /** The one value the parameter can have, if there is only one. */
  function onlyArgument(param: ValueId, index: number, id: BlockId): ValueId | undefined {
    let only: ValueId | undefined
    for (const { args } of incoming[id]!) {
      const arg = replaced.find(args[index]!)
      if (arg === param || arg === only) continue
      if (only !== undefined && !sameConstant(only, arg)) return undefined
      only = arg
    }
    if (only === undefined) return undefined
    const def = defs[only]
    if (def?.kind !== 'const') return only
    // The constants may be made in blocks that do not dominate this one.
    const own: Op = { ...def, result: newValue(func, func.types[param]!) }
    constants[id]!.push(own)
    defs[own.result] = own
    return own.result
  }

  function sameConstant(a: ValueId, b: ValueId): boolean {
    const [x, y] = [defs[a], defs[b]]
    return x?.kind === 'const' && y?.kind === 'const' && x.value === y.value
  }
}
