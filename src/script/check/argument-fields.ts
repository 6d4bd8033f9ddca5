// Which fields of `args` a probe looks at.

import type { Node } from '../ast.ts'
import { visitChildren } from '../tree.ts'

/** The fields of `args` that are named; undefined when `args` is used as a whole. */
export function argumentFields(node: Node, found = new Set<string>()): Set<string> | undefined {
  if (node.kind === 'field' && node.object.kind === 'identifier' && node.object.name === 'args') {
    found.add(node.name)
    return found
  }
  if ((node.kind === 'identifier' || node.kind === 'call') && node.name === 'args') return undefined
  let whole = false
  visitChildren(node, child => {
    whole ||= argumentFields(child, found) === undefined
  })
  return whole ? undefined : found
}
