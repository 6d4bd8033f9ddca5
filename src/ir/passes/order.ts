// Pass: drops blocks that cannot be reached and numbers the others in reverse postorder.
// Out: every block is reachable; a block's dominators have smaller numbers than it.

import { reversePostorder } from '../cfg.ts'
import { type Func, mapTargets } from '../func.ts'

export function order(func: Func): Func {
  const ids = reversePostorder(func.blocks)
  if (ids.length === func.blocks.length && ids.every((id, i) => id === i)) return func
  const numbers = new Int32Array(func.blocks.length)
  for (let i = 0; i < ids.length; i++) numbers[ids[i]!] = i
  const blocks = ids.map(id => {
    const block = func.blocks[id]!
    const end = mapTargets(block.end, ({ to, args }) => ({ to: numbers[to]!, args }))
    return { params: block.params, ops: block.ops, end }
  })
  return { ...func, blocks }
}
