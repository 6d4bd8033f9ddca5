// Pass: drops blocks that cannot be reached and numbers the others in reverse postorder.
// Out: every block is reachable; a block's dominators have smaller numbers than it.

import { reversePostorder } from '../cfg.ts'
import { type Func, mapTargets } from '../func.ts'

export function order(func: Func): Func {
  const ids = reversePostorder(func.blocks)
  if (ids.length === func.blocks.length && ids.every((id, i) => id === i)) return func
  const renumbered = new Map(ids.map((id, i) => [id, i]))
  const blocks = ids.map(id => {
    const block = func.blocks[id]!
    const end = mapTargets(block.end, ({ to, args }) => ({ to: renumbered.get(to)!, args }))
    return { ...block, end }
  })
  return { ...func, blocks }
}
