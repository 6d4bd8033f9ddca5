// Blocks under construction, and mutable variables turned into SSA values while they are built.
//
// The method is that of Braun et al., "Simple and Efficient Construction of Static Single Assignment Form"
// (2013), with block parameters in place of phis: reading a variable in a block that does not set it asks the
// predecessors; where they may disagree the block gets a parameter. A block is sealed once all its predecessors
// are known. Superfluous parameters are left for the `params` pass.

import type { Block, BlockId, Func, Op, Terminator, ValueId } from './func.ts'
import { newValue } from './func.ts'
import type { Type } from './types.ts'

/** A way into a block; `args` grows with the block's parameters. */
interface Edge {
  readonly from: BlockId
  readonly args: ValueId[]
}

interface OpenBlock {
  readonly params: ValueId[]
  readonly ops: Op[]
  end: Terminator | undefined
  readonly edges: Edge[]
  sealed: boolean
  /** variable to its value at the end of what is built so far */
  readonly values: Map<number, ValueId>
  /** parameters made for variables before the block was sealed: variable and index of the parameter */
  readonly waiting: { readonly variable: number; readonly index: number }[]
}

export interface Construction {
  readonly func: Func
  readonly blocks: OpenBlock[]
  /** type of each variable */
  readonly variables: Type[]
}

export function newBlock(c: Construction): BlockId {
  const block: OpenBlock = {
    params: [],
    ops: [],
    end: undefined,
    edges: [],
    sealed: false,
    values: new Map(),
    waiting: [],
  }
  return c.blocks.push(block) - 1
}

/** A new edge to hand to a terminator of `from`: its `args` are filled in as the block gets parameters. */
export function edgeTo(c: Construction, from: BlockId, to: BlockId): { to: BlockId; args: ValueId[] } {
  const target = { to, args: [] as ValueId[] }
  c.blocks[to]!.edges.push({ from, args: target.args })
  return target
}

/** Says that no further edge will lead to the block. */
export function seal(c: Construction, id: BlockId): void {
  const block = c.blocks[id]!
  block.sealed = true
  const work = block.waiting.map(w => ({ block: id, ...w }))
  fillArguments(c, work)
}

export function writeVariable(c: Construction, variable: number, block: BlockId, value: ValueId): void {
  c.blocks[block]!.values.set(variable, value)
}

export function readVariable(c: Construction, variable: number, block: BlockId): ValueId {
  const work: Waiting[] = []
  const value = find(c, variable, block, work)
  fillArguments(c, work)
  return value
}

/** The finished function. */
export function finish(c: Construction): Func {
  const blocks: Block[] = c.blocks.map(({ params, ops, end }) => ({ params, ops, end: end! }))
  return { ...c.func, blocks }
}

interface Waiting {
  readonly block: BlockId
  readonly variable: number
  readonly index: number
}

/** A worklist and not a recursion: a program may have a hundred thousand blocks in a row. */
function fillArguments(c: Construction, work: Waiting[]): void {
  for (let next = 0; next < work.length; next++) {
    const { block, variable, index } = work[next]!
    for (const edge of c.blocks[block]!.edges) edge.args[index] = find(c, variable, edge.from, work)
  }
}

/** The value of a variable at the end of a block; parameters it had to make wait in `work` for arguments. */
function find(c: Construction, variable: number, start: BlockId, work: Waiting[]): ValueId {
  let id = start
  for (;;) {
    const block = c.blocks[id]!
    let value = block.values.get(variable)
    if (value === undefined && block.sealed && block.edges.length === 1) {
      id = block.edges[0]!.from
      continue
    }
    if (value === undefined) {
      value = newValue(c.func, c.variables[variable]!)
      if (block.sealed && block.edges.length === 0) {
        // Only code that cannot be reached reads a variable that was never set.
        block.ops.unshift({ kind: 'const', result: value, value: 0n })
      } else {
        const index = block.params.push(value) - 1
        if (block.sealed) work.push({ block: id, variable, index })
        else block.waiting.push({ variable, index })
      }
      block.values.set(variable, value)
    }
    c.blocks[start]!.values.set(variable, value)
    return value
  }
}
