// What an expression is made of: literals, names, calls, parentheses in their four meanings, `if`, blocks.

import type {
  Call,
  Expression,
  If,
  MapName,
  RecordField,
  TypeArgument,
  TypeSyntax,
  Variable,
} from '../ast.ts'
import { isReservedBuiltin } from './builtin-names.ts'
import { isDigit, isIdentifierStart } from './characters.ts'
import { canStartExpression, missing, parseExpression, parseUnary } from './expression.ts'
import { parseInteger } from './integer.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'
import { parseBlock } from './statement.ts'
import { takeString } from './string.ts'
import { isTag, parseType, parseTypeOf, parseTypeOrExpression } from './types.ts'

export function parsePrimary(p: Parser): Expression {
  const { scanner } = p
  scanner.skipLayout()
  const start = scanner.at
  const code = scanner.code
  if (isIdentifierStart(code)) return parseWord(p)
  if (isDigit(code)) return parseIntegerLiteral(p)
  switch (code) {
    case 0x22: {
      const value = takeString(p)
      return { kind: 'string', id: p.ids.count++, span: scanner.span(start), value }
    }
    case 0x24:
      if (scanner.peek(1) === 0x23) {
        scanner.at += 2
        return { kind: 'positional-count', id: p.ids.count++, span: scanner.span(start) }
      }
      return isDigit(scanner.peek(1)) ? parsePositional(p) : parseVariable(p)
    case openParen:
      return parseParenthesis(p)
    case 0x40:
      return parseMap(p)
    case openBrace:
      return parseBlock(p, true)
    default:
      p.fail('expression')
      return missing(p)
  }
}

function parseIntegerLiteral(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at
  const { text, suffixStart } = scanner.takeInteger()
  const span = scanner.span(start)
  if (suffixStart !== -1) {
    const suffix = scanner.text.slice(suffixStart, scanner.at)
    p.report(syntax.badSuffix, scanner.span(suffixStart), { suffix })
  } else if (text.endsWith('_')) {
    p.report(syntax.trailingUnderscore, scanner.span(scanner.at - 1), {})
  } else {
    const result = parseInteger(text)
    if (result.ok) return { kind: 'integer', id: p.ids.count++, span, value: result.value, text }
    p.report(syntax.badInteger, span, { problem: result.problem })
  }
  return { kind: 'integer', id: p.ids.count++, span, value: 0n, text: '0' }
}

function parsePositional(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at++
  while (isDigit(scanner.code)) scanner.at++
  const digits = scanner.text.slice(start + 1, scanner.at)
  const span = scanner.span(start)
  const exact = digits.length > 19 ? 2n ** 64n : BigInt(digits)
  if (exact < 1n || exact >= 2n ** 63n) p.report(syntax.positionalRange, span, { parameter: `$${digits}` })
  return { kind: 'positional', id: p.ids.count++, span, index: Number(exact) }
}

/** `$name`; the cursor stands on the `$`. */
export function parseVariable(p: Parser): Variable {
  const { scanner } = p
  const start = scanner.at++
  if (isIdentifierStart(scanner.code)) {
    scanner.at = scanner.afterIdentifier(scanner.at)
  } else {
    p.report(syntax.expected, scanner.span(start), { what: "identifier after '$'" })
    p.panicking = true
  }
  const name = scanner.text.slice(start, scanner.at)
  return { kind: 'variable', id: p.ids.count++, span: scanner.span(start), name }
}

/** `@name` or `@`; the cursor stands on the `@`. */
export function parseMapName(p: Parser): MapName {
  const { scanner } = p
  const start = scanner.at++
  if (isIdentifierStart(scanner.code)) scanner.at = scanner.afterIdentifier(scanner.at)
  const name = scanner.text.slice(start, scanner.at)
  return { kind: 'map', id: p.ids.count++, span: scanner.span(start), name }
}

/** `@name`, `@name[key, …]`. */
function parseMap(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at
  const map = parseMapName(p)
  const bracket = scanner.afterLayout(scanner.at)
  if (scanner.codeAt(bracket) !== 0x5b) return map
  scanner.at = bracket + 1
  const elements = [parseExpression(p)]
  while (scanner.take(comma)) elements.push(parseExpression(p))
  p.expect(0x5d)
  const span = scanner.span(start)
  const key: Expression =
    elements.length === 1 ? elements[0]! : { kind: 'tuple', id: p.ids.count++, span, elements }
  return { kind: 'map-access', id: p.ids.count++, span, map, key }
}

/** Whatever starts with a letter: a keyword of expressions, a call, a name. */
function parseWord(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at
  scanner.at = scanner.afterIdentifier(start)
  const name = scanner.text.slice(start, scanner.at)
  switch (name) {
    case 'if':
      return parseIf(p, start)
    case 'true':
    case 'false':
      return { kind: 'boolean', id: p.ids.count++, span: scanner.span(start), value: name === 'true' }
    case 'sizeof':
    case 'typeinfo': {
      p.expect(openParen)
      const operand = parseTypeOrExpression(p)
      p.expect(closeParen)
      return { kind: name, id: p.ids.count++, span: scanner.span(start), operand }
    }
    case 'offsetof':
      return parseOffsetOf(p, start)
    case 'comptime': {
      const operand = parseUnary(p)
      return { kind: 'comptime', id: p.ids.count++, span: scanner.span(start), operand }
    }
  }
  const nameSpan = scanner.span(start)
  const paren = scanner.afterLayout(scanner.at)
  if (scanner.codeAt(paren) !== openParen) {
    return { kind: 'identifier', id: p.ids.count++, span: nameSpan, name }
  }
  scanner.at = paren + 1
  const args: Call['args'] = []
  if (!scanner.take(closeParen)) {
    do args.push(parseArgument(p))
    while (scanner.take(comma))
    p.expect(closeParen)
  }
  return { kind: 'call', id: p.ids.count++, span: scanner.span(start), name, nameSpan, args }
}

function parseArgument(p: Parser): Expression | TypeArgument {
  const { scanner } = p
  scanner.skipLayout()
  if (scanner.word !== 'typeof') return parseExpression(p)
  const type = parseTypeOf(p)
  p.hasTypeArguments = true
  return { kind: 'type-argument', id: p.ids.count++, span: type.span, type }
}

function parseOffsetOf(p: Parser, start: number): Expression {
  const { scanner } = p
  p.expect(openParen)
  const operand = parseTypeOrExpression(p)
  p.expect(comma)
  const path: { name: string; span: Variable['span'] }[] = []
  do {
    scanner.skipLayout()
    const nameStart = scanner.at
    const name = p.expectIdentifier('identifier')
    path.push({ name, span: scanner.span(nameStart) })
  } while (scanner.take(0x2e))
  p.expect(closeParen)
  return { kind: 'offsetof', id: p.ids.count++, span: scanner.span(start), operand, path }
}

/** After the word `if`. The parentheses around the condition may be left out. */
function parseIf(p: Parser, start: number): If {
  const { scanner } = p
  const condition = parseCondition(p)
  const then = parseBlock(p, true)
  let otherwise: If['otherwise'] = null
  const at = scanner.afterLayout(scanner.at)
  if (scanner.text.startsWith('else', at) && scanner.afterIdentifier(at) === at + 4) {
    scanner.at = at + 4
    scanner.skipLayout()
    const next = scanner.at
    if (scanner.code === openBrace) {
      otherwise = parseBlock(p, true)
    } else if (scanner.takeWord('if')) {
      if (p.enter()) otherwise = parseIf(p, next)
      p.leave()
    } else {
      p.fail("'{' or 'if' after 'else'")
    }
  }
  return { kind: 'if', id: p.ids.count++, span: scanner.span(start), condition, then, otherwise }
}

/**
 * The condition of `if`, `while` and `unroll`. Parentheses around all of it belong to the statement, so that
 * `while (x=1)` is not read as a record.
 */
export function parseCondition(p: Parser): Expression {
  const { scanner } = p
  if (!scanner.take(openParen)) return parseExpression(p)
  const condition = parseExpression(p)
  p.expect(closeParen)
  return condition
}

/** `()`, a record, a cast, a tuple, or just parentheses. */
function parseParenthesis(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at++
  if (scanner.take(closeParen)) {
    return { kind: 'tuple', id: p.ids.count++, span: scanner.span(start), elements: [] }
  }
  if (isIdentifierStart(scanner.code)) {
    const name = scanner.word
    const after = scanner.afterLayout(scanner.at + name.length)
    if (
      scanner.codeAt(after) === equals &&
      scanner.codeAt(after + 1) !== equals &&
      !isReservedBuiltin(name)
    ) {
      return parseRecord(p, start)
    }
    const type = parseCastType(p)
    if (type !== null) {
      const span = scanner.span(start)
      const operand = parseUnary(p)
      return { kind: 'cast', id: p.ids.count++, span, type, operand }
    }
  }
  const first = parseExpression(p)
  if (!scanner.take(comma)) {
    p.expect(closeParen)
    return first
  }
  const elements = [first]
  while (!p.panicking) {
    scanner.skipLayout()
    if (scanner.code === closeParen) break
    elements.push(parseExpression(p))
    if (!scanner.take(comma)) break
  }
  p.expect(closeParen)
  return { kind: 'tuple', id: p.ids.count++, span: scanner.span(start), elements }
}

function parseRecord(p: Parser, start: number): Expression {
  const { scanner } = p
  const fields: RecordField[] = []
  const names = new Set<string>()
  do {
    scanner.skipLayout()
    const fieldStart = scanner.at
    const name = p.expectIdentifier('identifier')
    p.expect(equals)
    const value = parseExpression(p)
    const span = scanner.span(fieldStart)
    if (names.has(name)) p.report(syntax.fieldTwice, span, { name })
    else fields.push({ kind: 'record-field', id: p.ids.count++, span, name, value })
    names.add(name)
  } while (scanner.take(comma))
  p.expect(closeParen)
  return { kind: 'record', id: p.ids.count++, span: scanner.span(start), fields }
}

/**
 * The type of a cast, its `)` and the layout after it; null, with the cursor where it was, when this is no cast.
 * `(name)` before something that an expression can start with is a cast, except for the builtins.
 */
function parseCastType(p: Parser): TypeSyntax | null {
  const { scanner } = p
  const start = scanner.at
  const nameEnd = scanner.afterIdentifier(start)
  const name = scanner.text.slice(start, nameEnd)
  let end: number
  if (name === 'typeof') {
    const paren = scanner.afterLayout(nameEnd)
    if (scanner.codeAt(paren) !== openParen) return null
    end = scanner.afterBalanced(paren, openParen, closeParen)
  } else {
    if (isReservedBuiltin(name)) return null
    end = afterTypeSuffixes(p, isTag(name) ? afterTaggedName(p, nameEnd) : nameEnd)
  }
  if (end === -1) return null
  const paren = scanner.afterLayout(end)
  if (scanner.codeAt(paren) !== closeParen) return null
  const operand = scanner.afterLayout(paren + 1)
  if (!canStartExpression(scanner.codeAt(operand))) return null
  const type = name === 'typeof' ? parseTypeOf(p) : parseType(p)
  p.expect(closeParen)
  scanner.skipLayout()
  return type
}

/** The end of the name that must follow `struct`, `union` or `enum`; -1 when there is none. */
function afterTaggedName(p: Parser, at: number): number {
  const start = p.scanner.afterLayout(at)
  return isIdentifierStart(p.scanner.codeAt(start)) ? p.scanner.afterIdentifier(start) : -1
}

/** The end of the `*` and `[n]` that follow a type's name; -1 when the brackets hold anything but a number. */
function afterTypeSuffixes(p: Parser, start: number): number {
  const { scanner } = p
  let end = start
  while (end !== -1) {
    let at = scanner.afterLayout(end)
    if (scanner.codeAt(at) === 0x5b) {
      at = scanner.afterLayout(at + 1)
      if (isDigit(scanner.codeAt(at))) at = scanner.afterLayout(scanner.afterIdentifier(at))
      if (scanner.codeAt(at) !== 0x5d) return -1
    } else if (scanner.codeAt(at) !== 0x2a) {
      return end
    }
    end = at + 1
  }
  return -1
}

const openParen = 0x28
const closeParen = 0x29
const comma = 0x2c
const equals = 0x3d
const openBrace = 0x7b
