// Declarations of C: structs, unions, enums, typedefs. Functions and variables are read over: a script has no use for
// them, but headers are full of them.

import { evaluate } from './constant.ts'
import type { TokenCursor } from './cursor.ts'
import { parseDeclarator, skipAttributes } from './declarator.ts'
import { c } from './messages.ts'
import { sizeOfCType } from './size.ts'
import { parseSpecifiers } from './specifiers.ts'
import { cTypeText } from './type.ts'
import type { CUnit } from './unit.ts'

/** What the parts of the declaration parser hand around. */
export interface CContext {
  readonly cursor: TokenCursor
  readonly unit: CUnit
}

/** Reads everything under the cursor into the unit. Always ends, whatever the tokens are. */
export function parseDeclarations(context: CContext): void {
  const { cursor } = context
  while (cursor.token !== undefined) {
    const before = cursor.at
    parseExternal(context)
    if (cursor.failed) recover(cursor)
    if (cursor.at === before) cursor.at++
  }
}

function parseExternal(context: CContext): void {
  const { cursor } = context
  if (cursor.take(';') || cursor.take('__extension__')) return
  // the brace that closes an extern "C"
  if (cursor.take('}')) return
  if (cursor.text === 'extern' && cursor.tokens[cursor.at + 1]?.kind === 'string') {
    cursor.at += 2
    cursor.take('{')
    return
  }
  if (cursor.text === '_Static_assert' || cursor.text === 'static_assert' || cursor.text === 'asm') {
    cursor.at++
    cursor.skipBalanced('(', ')')
    return
  }
  const specifiers = parseSpecifiers(context)
  if (specifiers === null || cursor.take(';')) return
  do {
    const declarator = parseDeclarator(context, specifiers.type)
    if (declarator === null) return
    skipAttributes(context)
    if (specifiers.isTypedef && declarator.name !== '') {
      context.unit.typedefs.set(declarator.name, declarator.type)
    } else if (cursor.text === '{') {
      // a function's body
      cursor.skipBalanced('{', '}')
      return
    } else if (cursor.take('=')) {
      skipInitializer(cursor)
    }
  } while (cursor.take(','))
  cursor.expect(';')
}

function skipInitializer(cursor: TokenCursor): void {
  while (cursor.token !== undefined && cursor.text !== ',' && cursor.text !== ';') {
    if (cursor.text === '{') cursor.skipBalanced('{', '}')
    else if (cursor.text === '(') cursor.skipBalanced('(', ')')
    else cursor.at++
  }
}

/** Goes on behind the next semicolon or the next body. */
function recover(cursor: TokenCursor): void {
  cursor.failed = false
  while (cursor.token !== undefined) {
    if (cursor.text === '{') {
      cursor.skipBalanced('{', '}')
      if (cursor.peek(0) !== ';' && cursor.peek(0) !== ',') return
    } else if (cursor.take(';')) {
      return
    } else {
      cursor.at++
    }
  }
}

/** A constant expression where names are enumerators and `sizeof` knows the unit's types. Null after a failure. */
export function parseConstant(context: CContext): bigint | null {
  const { cursor, unit } = context
  return evaluate(cursor, {
    valueOf: name => unit.enumerators.get(name)?.value,
    sizeOfType() {
      if (!startsType(context)) return null
      const { span } = cursor
      const specifiers = parseSpecifiers(context)
      if (specifiers === null) return undefined
      const declarator = parseDeclarator(context, specifiers.type)
      if (declarator === null) return undefined
      const size = sizeOfCType(unit, declarator.type)
      if (size !== null) return size
      cursor.fail(c.unknownSize, { type: cTypeText(declarator.type) }, span)
      return undefined
    },
  })
}

const typeWords = new Set(
  'void char short int long float double signed unsigned _Bool bool struct union enum const volatile __int128'.split(
    ' ',
  ),
)

/** Whether a type stands under the cursor, rather than an expression: a keyword of types, or a typedef's name. */
function startsType({ cursor, unit }: CContext): boolean {
  const { token } = cursor
  if (token?.kind !== 'name') return false
  if (typeWords.has(token.text) || unit.typedefs.has(token.text)) return true
  const next = cursor.peek(1)
  return (
    !unit.enumerators.has(token.text) &&
    (next === ')' || next === '*') &&
    /_t$|^_*[usb]e?[0-9]+$/.test(token.text)
  )
}
