// Walks over the whole tree for what concerns all of it: how deep it is, and whether a type was passed where only a
// macro may be given one.

import type { Node } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { visitChildren } from '../tree.ts'
import { macro as messages } from './macro-messages.ts'
import { syntax } from './messages.ts'

/**
 * The stages after the parser call themselves for every level, and `a + b + c …` is as deep as it is long: this is
 * what fits their stack with room to spare.
 */
export const maxTreeDepth = 500

/** False, and a report, when the tree is too deep for anybody to walk. */
export function isShallow(roots: readonly Node[], diagnostics: Diagnostics): boolean {
  let shallow = true
  let depth = 0
  const visit = (node: Node): void => {
    if (!shallow) return
    if (++depth > maxTreeDepth) {
      diagnostics.report(syntax.tooDeep, node.span, { limit: maxTreeDepth })
      shallow = false
      return
    }
    visitChildren(node, visit)
    depth--
  }
  for (const root of roots) {
    depth = 0
    visit(root)
  }
  return shallow
}

/** Reports every type argument: once macros have had their turn, each is out of place. */
export function refuseTypeArguments(roots: readonly Node[], diagnostics: Diagnostics): void {
  const visit = (node: Node): void => {
    if (node.kind === 'type-argument') diagnostics.report(messages.strayType, node.span)
    visitChildren(node, visit)
  }
  for (const root of roots) visit(root)
}
