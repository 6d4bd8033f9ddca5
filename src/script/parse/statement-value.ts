// What stands as a statement has no value.

import type { Block, Expression, If, NodeIds } from '../ast.ts'

/** Of an `if` or a block that stands as a statement: what would have been the value becomes the last statement. */
export function dropValue(expression: Expression, ids: NodeIds): void {
  if (expression.kind === 'if') {
    for (let at: Block | If | null = expression; at !== null; ) {
      dropBlockValue(at.kind === 'if' ? at.then : at, ids)
      at = at.kind === 'if' ? at.otherwise : null
    }
  } else if (expression.kind === 'block') {
    dropBlockValue(expression, ids)
  }
}

function dropBlockValue(block: Block, ids: NodeIds): void {
  const { value } = block
  if (value === null) return
  dropValue(value, ids)
  const changed = block as { -readonly [Key in keyof Block]: Block[Key] }
  changed.statements.push({ kind: 'expression', id: ids.count++, span: value.span, expression: value })
  changed.value = null
}
