// Facts about the shape of a function: predecessors, reverse postorder, dominators, loop depth.
// All of them index by block id; blocks are numbered in reverse postorder unless said otherwise.

import type { Block, BlockId } from './func.ts'
import { targetsOf } from './func.ts'

/** For each block the blocks that may go to it; twice when both ways of a branch do. */
export function predecessors(blocks: readonly Block[]): BlockId[][] {
  const result: BlockId[][] = blocks.map(() => [])
  blocks.forEach((block, id) => {
    for (const { to } of targetsOf(block.end)) result[to]!.push(id)
  })
  return result
}

/**
 * The reachable blocks in reverse postorder (a block stands before those it leads to, but for the way back of a
 * loop), the `yes` arm of a branch before its `no` arm; the other way round for tests of bits, whose jump has no
 * inverse. Blocks may be numbered in any way.
 */
export function reversePostorder(blocks: readonly Block[]): BlockId[] {
  const seen = new Uint8Array(blocks.length)
  const order: BlockId[] = []
  // An explicit stack of the blocks that are being visited, and what is left to visit of their targets.
  const open: BlockId[] = []
  const left: BlockId[][] = []
  const enter = (id: BlockId): void => {
    seen[id] = 1
    open.push(id)
    left.push(visitOrder(blocks[id]!))
  }
  enter(0)
  while (open.length > 0) {
    const to = left[left.length - 1]!.pop()
    if (to === undefined) {
      order.push(open.pop()!)
      left.pop()
    } else if (seen[to] === 0) enter(to)
  }
  return order.reverse()
}

/** The targets of a block, the one to visit first (and so to stand later) at the end. */
function visitOrder(block: Block): BlockId[] {
  const { end } = block
  if (end.kind === 'return') return []
  if (end.kind === 'jump') return [end.target.to]
  return testsBits(block) ? [end.no.to, end.yes.to] : [end.yes.to, end.no.to]
}

/** Whether the block ends in a branch on `a & b`. */
function testsBits({ ops, end }: Block): boolean {
  if (end.kind !== 'branch') return false
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]!
    if (op.kind === 'compare' && op.result === end.cond) return op.op === 'set'
  }
  return false
}

/** The immediate dominator of each block; 0 for block 0. After Cooper, Harvey and Kennedy (2001). */
export function dominators(preds: readonly (readonly BlockId[])[]): Int32Array {
  const idom = new Int32Array(preds.length).fill(-1)
  idom[0] = 0
  for (let changed = true; changed; ) {
    changed = false
    for (let id = 1; id < preds.length; id++) {
      let best = -1
      for (const pred of preds[id]!) {
        if (idom[pred] === -1) continue
        best = best === -1 ? pred : intersect(idom, best, pred)
      }
      if (best !== idom[id]) {
        idom[id] = best
        changed = true
      }
    }
  }
  return idom
}

function intersect(idom: Int32Array, a: BlockId, b: BlockId): BlockId {
  while (a !== b) {
    while (a > b) a = idom[a]!
    while (b > a) b = idom[b]!
  }
  return a
}

/** Whether block `a` stands on every way to block `b`. */
export function dominates(idom: Int32Array, a: BlockId, b: BlockId): boolean {
  while (b > a) b = idom[b]!
  return a === b
}

/** How many loops each block is in. */
export function loopDepths(preds: readonly (readonly BlockId[])[], idom: Int32Array): Uint8Array {
  const depth = new Uint8Array(preds.length)
  for (let head = 0; head < preds.length; head++) {
    const backs = preds[head]!.filter(pred => pred >= head && dominates(idom, head, pred))
    if (backs.length === 0) continue
    // The loop is what leads to its way back without passing its head.
    const inside = new Set<BlockId>([head])
    for (const work = [...backs]; work.length > 0; ) {
      const id = work.pop()!
      if (inside.has(id)) continue
      inside.add(id)
      work.push(...preds[id]!)
    }
    for (const id of inside) depth[id] = Math.min(255, depth[id]! + 1)
  }
  return depth
}
