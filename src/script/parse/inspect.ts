// A walk over the finished tree for what concerns all of it: how deep it is, which imports stand inside blocks, and
// whether a type was passed where only a macro may be given one.

import type { ImportStatement, Node } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import { visitChildren } from '../tree.ts'
import { macro as messages } from './macro-messages.ts'
import { syntax } from './messages.ts'

/**
 * The stages after the parser call themselves for every level, and `a + b + c …` is as deep as it is long: this is
 * what fits their stack with room to spare.
 */
export const maxTreeDepth = 500

export interface Inspection {
  /** false after a report about the depth: nobody may walk this tree */
  readonly shallow: boolean
  readonly imports: readonly ImportStatement[]
}

/** `expanded` says that macros have had their turn, so that a type argument is out of place. */
export function inspectTree(roots: readonly Node[], diagnostics: Diagnostics, expanded: boolean): Inspection {
  let shallow = true
  let depth = 0
  const found: ImportStatement[] = []
  const visit = (node: Node): void => {
    if (!shallow) return
    if (node.kind === 'import') found.push(node)
    else if (node.kind === 'type-argument' && expanded) diagnostics.report(messages.strayType, node.span)
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
  return { shallow, imports: found }
}
