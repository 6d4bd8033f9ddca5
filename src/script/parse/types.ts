// Types as they are written: `uint8`, `struct s *`, `string[64]`, `typeof(…)`, and the places where either a type or an
// expression may stand.

import type { Expression, Identifier, TypeOf, TypeSyntax } from '../ast.ts'
import { builtinTypeNames, isReservedBuiltin } from './builtin-names.ts'
import { isDigit, isIdentifierStart } from './characters.ts'
import { parseExpression } from './expression.ts'
import { parseInteger } from './integer.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'

const star = 0x2a
const openBracket = 0x5b
const closeBracket = 0x5d
const openParen = 0x28
const closeParen = 0x29

/** `T`, `struct T`, with any number of `*` and `[n]` after it; null, and a failure, when there is none. */
export function parseType(p: Parser): TypeSyntax | null {
  const { scanner } = p
  scanner.skipLayout()
  const start = scanner.at
  const name = p.expectIdentifier('type name')
  if (name === '') return null
  let type: TypeSyntax
  if (isTag(name)) {
    const tagged = p.expectIdentifier('identifier')
    if (tagged === '') return null
    type = { kind: 'tagged-type', id: p.ids.count++, span: scanner.span(start), tag: name, name: tagged }
  } else {
    type = { kind: 'named-type', id: p.ids.count++, span: scanner.span(start), name }
  }
  for (;;) {
    const at = scanner.afterLayout(scanner.at)
    const code = scanner.codeAt(at)
    if (code === star) {
      scanner.at = at + 1
      type = { kind: 'pointer-type', id: p.ids.count++, span: scanner.span(at), target: type }
    } else if (code === openBracket) {
      scanner.at = at + 1
      const count = parseCount(p)
      p.expect(closeBracket)
      type = { kind: 'array-type', id: p.ids.count++, span: scanner.span(at), element: type, count }
    } else {
      return type
    }
  }
}

/** What stands between the brackets of an array type: an integer, or nothing (null). */
function parseCount(p: Parser): number | null {
  const { scanner } = p
  scanner.skipLayout()
  if (scanner.code === closeBracket) return null
  if (!isDigit(scanner.code)) {
    p.fail("']'")
    return null
  }
  const start = scanner.at
  const result = parseInteger(scanner.takeInteger().text)
  if (result.ok) return Number(result.value)
  p.report(syntax.badInteger, scanner.span(start), { problem: result.problem })
  return null
}

/** After a `:`: a type, or `typeof(…)`. */
export function parseTypeAnnotation(p: Parser): TypeSyntax | null {
  p.scanner.skipLayout()
  return p.scanner.word === 'typeof' ? parseTypeOf(p) : parseType(p)
}

/** `typeof(T)` or `typeof(expression)`; the cursor stands on the word. */
export function parseTypeOf(p: Parser): TypeOf {
  const { scanner } = p
  const start = scanner.at
  scanner.takeWord('typeof')
  p.expect(openParen)
  const operand = parseTypeReference(p, isCloseParen) ?? parseExpression(p)
  p.expect(closeParen)
  return { kind: 'typeof', id: p.ids.count++, span: scanner.span(start), operand }
}

/** The operand of `sizeof`, `offsetof` and `typeinfo`. */
export function parseTypeOrExpression(p: Parser): TypeSyntax | Expression {
  p.scanner.skipLayout()
  if (p.scanner.word === 'typeof') return parseTypeOf(p)
  return parseTypeReference(p, isOperandEnd) ?? parseExpression(p)
}

const isCloseParen = (code: number): boolean => code === closeParen
/** `;`, `,`, `=`, `)`, `{`, `}` */
const isOperandEnd = (code: number): boolean =>
  code === closeParen || code === 0x2c || code === 0x3b || code === 0x3d || code === 0x7b || code === 0x7d

/**
 * A type, where one is certain: a known name, a tag, or any name with `*` or `[n]` after it, up to a byte that ends it.
 * A bare unknown word is an `Identifier`: it may be a typedef. Null, with the cursor where it was, for all else.
 */
function parseTypeReference(p: Parser, isEnd: (code: number) => boolean): TypeSyntax | Identifier | null {
  const { scanner } = p
  const start = scanner.afterLayout(scanner.at)
  if (!isIdentifierStart(scanner.codeAt(start))) return null
  let at = scanner.afterIdentifier(start)
  const name = scanner.text.slice(start, at)
  if (isReservedBuiltin(name) || name === 'true' || name === 'false') return null
  let certain = builtinTypeNames.has(name)
  if (isTag(name)) {
    const tagged = scanner.afterLayout(at)
    if (!isIdentifierStart(scanner.codeAt(tagged))) return null
    at = scanner.afterIdentifier(tagged)
    certain = true
  }
  const nameEnd = at
  for (;;) {
    at = scanner.afterLayout(at)
    const code = scanner.codeAt(at)
    if (code === star) {
      at++
    } else if (code === openBracket) {
      at = scanner.afterBalanced(at, openBracket, closeBracket)
      if (at === -1) return null
    } else {
      break
    }
    certain = true
  }
  const isComparison = scanner.codeAt(at) === 0x3d && scanner.codeAt(at + 1) === 0x3d
  if (!isEnd(scanner.codeAt(at)) || isComparison) return null
  scanner.at = start
  if (certain) return parseType(p)
  scanner.at = nameEnd
  return { kind: 'identifier', id: p.ids.count++, span: scanner.span(start), name }
}

export function isTag(word: string): word is 'struct' | 'union' | 'enum' {
  return word === 'struct' || word === 'union' || word === 'enum'
}
