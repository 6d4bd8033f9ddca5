// The part of a declaration around a name: pointers, arrays, functions, parentheses. `int (*f[2])(void)` is read from
// the name outwards.

import { type CContext, parseConstant } from './declaration.ts'
import { c } from './messages.ts'
import { type Attributes, isAttributeWord, parseAttribute } from './specifiers.ts'
import type { CType } from './type.ts'

export interface Declarator {
  /** '' for an abstract one */
  readonly name: string
  readonly type: CType
}

/** Null after a failure. */
export function parseDeclarator(context: CContext, base: CType): Declarator | null {
  const { cursor } = context
  if (!cursor.enter()) {
    cursor.leave()
    return null
  }
  const declarator = takeDeclarator(context, base)
  cursor.leave()
  return declarator
}

function takeDeclarator(context: CContext, base: CType): Declarator | null {
  const { cursor } = context
  let type = base
  for (;;) {
    skipAttributes(context)
    if (cursor.take('*')) type = { kind: 'pointer', target: type }
    else if (!qualifiers.has(cursor.text)) break
    else cursor.at++
  }
  if (cursor.text === '(' && isNested(context)) {
    // what stands around the parentheses applies first: read past them, then into them
    const inside = cursor.at + 1
    cursor.skipBalanced('(', ')')
    const outer = parseSuffixes(context, type)
    if (outer === null) return null
    const end = cursor.at
    cursor.at = inside
    const inner = parseDeclarator(context, outer)
    if (inner === null || !cursor.expect(')')) return null
    cursor.at = end
    return inner
  }
  let name = ''
  if (cursor.token?.kind === 'name') {
    name = cursor.text
    cursor.at++
  }
  const whole = parseSuffixes(context, type)
  return whole === null ? null : { name, type: whole }
}

const qualifiers = new Set(
  'const volatile restrict __const __volatile__ __restrict __restrict__ _Nonnull _Nullable __user __rcu __percpu __kernel __iomem'.split(
    ' ',
  ),
)

/** Whether the parenthesis under the cursor holds a declarator, not a list of parameters. */
function isNested({ cursor }: CContext): boolean {
  const next = cursor.peek(1)
  return (
    next === '*' ||
    next === '(' ||
    next === '^' ||
    isAttributeWord(next) ||
    isPlainName(cursor.peek(1), cursor.peek(2))
  )
}

/** `(name)` and `(name[…])`, as some headers write against macros. */
const isPlainName = (first: string, second: string): boolean =>
  /^[A-Za-z_]/.test(first) &&
  !typeStarts.has(first) &&
  (second === ')' || second === '[') &&
  !/_t$/.test(first)

const typeStarts = new Set(
  'void char short int long float double signed unsigned _Bool bool struct union enum const volatile'.split(
    ' ',
  ),
)

/** `[n]` and `(parameters)`, the first nearest to the name. */
function parseSuffixes(context: CContext, base: CType): CType | null {
  const { cursor } = context
  if (cursor.text === '[') {
    cursor.at++
    while (cursor.peek(0) === 'static' || qualifiers.has(cursor.peek(0))) cursor.at++
    const { span } = cursor
    let count: number | null = null
    if (cursor.peek(0) !== ']') {
      const value = parseConstant(context)
      if (value === null) return null
      const isPossible = value >= 0n && value <= 0x7fff_ffffn
      if (!isPossible) cursor.report(c.negativeArray, { count: value }, span)
      count = isPossible ? Number(value) : 1
    }
    if (!cursor.expect(']') || !cursor.enter()) return null
    const element = parseSuffixes(context, base)
    cursor.leave()
    return element === null ? null : { kind: 'array', element, count }
  }
  if (cursor.text === '(') {
    cursor.skipBalanced('(', ')')
    return { kind: 'function', result: base }
  }
  return base
}

/** Attributes and asm labels, noted when the caller wants them. */
export function skipAttributes(
  context: CContext,
  attributes: Attributes = { packed: false, align: null },
): void {
  while (isAttributeWord(context.cursor.text)) parseAttribute(context, attributes)
}
