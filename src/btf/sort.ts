// Types in another order: all that refer to them go along. Sorted by name is what kernels search in halves (Linux 7.0).

import { BtfError } from '../errors/index.ts'
import type { DedupedTypes } from './dedup.ts'
import { withTypeIds } from './references.ts'
import type { NewBtfType } from './type.ts'

/**
 * @param types type `i + 1` at `i`
 * @param order the ids in their new order, each once
 * @throws BtfError when an id is missing or stands twice, or a type refers to one that is not there
 */
export function permuteTypes(types: readonly NewBtfType[], order: readonly number[]): DedupedTypes {
  const newIds = new Uint32Array(types.length + 1)
  for (const [place, id] of order.entries()) {
    if (!Number.isInteger(id) || id < 1 || id > types.length || newIds[id] !== 0)
      throw new BtfError(`the new order has id ${id}, which is not there or stood before`)
    newIds[id] = place + 1
  }
  if (order.length !== types.length)
    throw new BtfError(`the new order has ${order.length} of ${types.length} types`)
  const newId = (id: number): number => {
    const found = newIds[id]
    if (found === undefined)
      throw new BtfError(`no BTF type has the id ${id}: the last one is ${types.length}`)
    return found
  }
  return { newIds, types: order.map(id => withTypeIds(types[id - 1]!, newId)) }
}

/** Those without a name first, then by the bytes of their names; equal ones stay as they stood. */
export function sortTypes(types: readonly NewBtfType[]): DedupedTypes {
  const names = types.map(type => Buffer.from(type.name))
  const order = names.map((_, i) => i + 1)
  order.sort((a, b) => Buffer.compare(names[a - 1]!, names[b - 1]!))
  return permuteTypes(types, order)
}
