// Statements and blocks, and how the parser finds its feet again after a bad one.

import type { ArithmeticOperator, Assignment, Block, Expression, Statement } from '../ast.ts'
import { positionOf } from '../source.ts'
import { endOfText, isDigit } from './characters.ts'
import { continueExpression, isTarget, missing, parseExpression, parsePostfix } from './expression.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'
import { parseCondition, parsePrimary, parseVariable } from './primary.ts'
import { dropValue } from './statement-value.ts'
import { takeString } from './string.ts'
import { parseTypeAnnotation } from './types.ts'

/**
 * `{ … }`. With `wantsValue` a last expression without a semicolon is the block's value; without, it is a statement
 * like the others.
 */
export function parseBlock(p: Parser, wantsValue: boolean): Block {
  const { scanner } = p
  scanner.skipLayout()
  const start = scanner.at
  const statements: Statement[] = []
  let value: Expression | null = null
  if (!p.enter() || !p.expect(openBrace, 'what follows if, else, for and while stands in braces')) {
    p.leave()
    return { kind: 'block', id: p.ids.count++, span: scanner.span(start), statements, value }
  }
  for (;;) {
    scanner.skipLayout()
    if (scanner.code === closeBrace || scanner.code === endOfText) break
    const before = scanner.at
    const statement = parseStatement(p)
    if (p.panicking) recover(p)
    if (statement.kind === 'expression' && wantsValue && isLast(p)) {
      value = statement.expression
    } else {
      if (statement.kind === 'expression') dropValue(statement.expression, p.ids)
      statements.push(statement)
    }
    if (scanner.at === before) {
      p.report(syntax.unexpectedInBlock, p.tokenSpan(), {})
      scanner.at = scanner.afterToken(before)
    }
  }
  if (!scanner.take(closeBrace)) {
    const { line } = positionOf(scanner.file, start)
    p.fail("'}'", `the block starts in line ${line}`)
  }
  p.leave()
  return { kind: 'block', id: p.ids.count++, span: scanner.span(start), statements, value }
}

/** Whether the statement just taken had no semicolon and the block ends after it. */
function isLast(p: Parser): boolean {
  const { scanner } = p
  return (
    scanner.codeAt(scanner.afterLayout(scanner.at)) === closeBrace &&
    scanner.codeAt(scanner.at - 1) !== semicolon
  )
}

function parseStatement(p: Parser): Statement {
  const { scanner } = p
  const start = scanner.at
  switch (scanner.word) {
    case 'import': {
      const statement = parseImport(p)
      p.blockImports.push(statement)
      return statement
    }
    case 'while': {
      scanner.at += 5
      const condition = parseCondition(p)
      const body = parseBlock(p, false)
      return { kind: 'while', id: p.ids.count++, span: scanner.span(start), condition, body }
    }
    case 'unroll': {
      scanner.at += 6
      const count = parseCondition(p)
      const body = parseBlock(p, false)
      return { kind: 'unroll', id: p.ids.count++, span: scanner.span(start), count, body }
    }
    case 'for':
      return parseFor(p)
    case 'break':
    case 'continue':
    case 'return':
      return parseJump(p)
    case 'let':
      return parseLet(p)
    case '_': {
      const at = scanner.afterLayout(start + 1)
      if (scanner.codeAt(at) !== equals || scanner.codeAt(at + 1) === equals) break
      scanner.at = at + 1
      const value = parseExpression(p)
      const span = scanner.span(start)
      endStatement(p)
      return { kind: 'discard', id: p.ids.count++, span, value }
    }
  }
  const first = scanner.code
  const mayAssign =
    first === 0x40 || (first === 0x24 && !isDigit(scanner.peek(1)) && scanner.peek(1) !== 0x23)
  const expression = mayAssign ? parseTarget(p) : parseExpression(p)
  if (expression.kind === 'assignment') return expression
  const span = scanner.span(start)
  const block = expression.kind === 'if' || expression.kind === 'block'
  if (!block || scanner.codeAt(scanner.afterLayout(scanner.at)) === semicolon) endStatement(p)
  return { kind: 'expression', id: p.ids.count++, span, expression }
}

/** What starts with a variable or a map: an assignment, or an expression after all. */
function parseTarget(p: Parser): Assignment | Expression {
  const { scanner } = p
  const start = scanner.at
  const target = parsePrimary(p)
  const operatorAt = scanner.afterLayout(scanner.at)
  const length = assignmentLengthAt(p, operatorAt)
  if (length > 0 && isTarget(target)) {
    const operator =
      length === 1 ? null : (scanner.text.slice(operatorAt, operatorAt + length - 1) as ArithmeticOperator)
    scanner.at = operatorAt + length
    const value = parseExpression(p)
    const span = scanner.span(start)
    const operatorSpan = operator === null ? null : scanner.span(operatorAt)
    endStatement(p)
    return { kind: 'assignment', id: p.ids.count++, span, target, operator, operatorSpan, value }
  }
  const expression = parsePostfix(p, target)
  const at = scanner.afterLayout(scanner.at)
  const badLength = assignmentLengthAt(p, at)
  if (badLength === 0) return continueExpression(p, expression)
  scanner.at = at + badLength
  parseExpression(p)
  const isPart = expression.kind === 'tuple-access' || expression.kind === 'field'
  p.report(isPart ? syntax.immutable : syntax.badTarget, scanner.span(start), {})
  p.panicking = true
  return expression
}

/** The length of the `=`, `+=`, `<<=` … at an offset, 0 when there is none. */
function assignmentLengthAt(p: Parser, at: number): number {
  const { scanner } = p
  const code = scanner.codeAt(at)
  const next = scanner.codeAt(at + 1)
  if (code === equals) return next === equals ? 0 : 1
  if (code === 0x3c || code === 0x3e) return next === code && scanner.codeAt(at + 2) === equals ? 3 : 0
  if (next !== equals) return 0
  // + - * / % & | ^
  return code === 0x2b ||
    code === 0x2d ||
    code === 0x2a ||
    code === 0x2f ||
    code === 0x25 ||
    code === 0x26 ||
    code === 0x7c ||
    code === 0x5e
    ? 2
    : 0
}

/** `import "…";`, at the root or in a block; the cursor stands on the word. */
export function parseImport(p: Parser): Extract<Statement, { kind: 'import' }> {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 6
  scanner.skipLayout()
  let path = ''
  if (scanner.code === 0x22) path = takeString(p)
  else p.fail("string after 'import'")
  const span = scanner.span(start)
  if (!scanner.take(semicolon)) p.fail("';' after import")
  return { kind: 'import', id: p.ids.count++, span, path }
}

function parseFor(p: Parser): Statement {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 3
  const parenthesis = scanner.take(openParen)
  scanner.skipLayout()
  if (scanner.code !== 0x24) {
    p.fail('variable in for loop', LOOPS)
    return failed(p, start)
  }
  const variable = parseVariable(p)
  if (!p.expect(colon)) return failed(p, start)
  const first = parsePostfix(p, parsePrimary(p))
  const dots = scanner.afterLayout(scanner.at)
  let iterable: Extract<Statement, { kind: 'for' }>['iterable'] | undefined
  if (scanner.codeAt(dots) === dot && scanner.codeAt(dots + 1) === dot) {
    scanner.at = dots + 2
    const end = parsePostfix(p, parsePrimary(p))
    iterable = { kind: 'range', id: p.ids.count++, span: scanner.span(start), start: first, end }
  } else if (first.kind === 'map') {
    iterable = first
  }
  if (parenthesis && !p.expect(closeParen)) return failed(p, start)
  if (iterable === undefined) {
    p.fail('map or range in for loop')
    return failed(p, start)
  }
  const body = parseBlock(p, false)
  return { kind: 'for', id: p.ids.count++, span: scanner.span(start), variable, iterable, body }
}

function parseJump(p: Parser): Statement {
  const { scanner } = p
  const start = scanner.at
  const jump = scanner.word as 'break' | 'continue' | 'return'
  scanner.at += jump.length
  let value: Expression | null = null
  if (jump === 'return') {
    scanner.skipLayout()
    if (scanner.code !== semicolon && scanner.code !== closeBrace) value = parseExpression(p)
  }
  endStatement(p)
  return { kind: 'jump', id: p.ids.count++, span: scanner.span(start), jump, value }
}

function parseLet(p: Parser): Statement {
  const { scanner } = p
  const start = scanner.at
  scanner.at += 3
  scanner.skipLayout()
  if (scanner.code !== 0x24) {
    p.fail("variable after 'let'", SIGILS)
    return failed(p, start)
  }
  const variable = parseVariable(p)
  const declarationSpan = scanner.span(start)
  const type = scanner.take(colon) ? parseTypeAnnotation(p) : null
  const at = scanner.afterLayout(scanner.at)
  let value: Expression | null = null
  if (scanner.codeAt(at) === equals) {
    scanner.at = at + 1
    value = parseExpression(p)
  }
  const span = scanner.span(start)
  endStatement(p)
  return { kind: 'let', id: p.ids.count++, span, variable, declarationSpan, type, value }
}

function failed(p: Parser, start: number): Statement {
  return { kind: 'expression', id: p.ids.count++, span: p.scanner.span(start), expression: missing(p) }
}

/** A `;`, or the end of the block. One that is missing before a new line is reported and taken as read. */
function endStatement(p: Parser): void {
  const { scanner } = p
  const end = scanner.at
  const at = scanner.afterLayout(end)
  const code = scanner.codeAt(at)
  if (code === semicolon) {
    scanner.at = at + 1
    // whatever failed before it is over
    p.panicking = false
    return
  }
  if (code === closeBrace) return
  p.fail("';'", code === equals && BARE_NAME.test(scanner.text.slice(0, end)) ? SIGILS : undefined)
  if (scanner.text.slice(end, at).includes('\n') && code !== endOfText) p.panicking = false
}

/**
 * Goes on after the statement that failed: behind its `;`, behind a block that it had, or before the brace that closes
 * the block it stands in.
 */
function recover(p: Parser): void {
  const { scanner } = p
  while (!scanner.done) {
    const code = scanner.code
    if (code === closeBrace) break
    if (code === semicolon) {
      scanner.at++
      break
    }
    if (code === openBrace) {
      const end = scanner.afterBalanced(scanner.at, openBrace, closeBrace)
      scanner.at = end === -1 ? scanner.end : end
      const next = scanner.afterLayout(scanner.at)
      if (!scanner.text.startsWith('else', next) || scanner.afterIdentifier(next) !== next + 4) break
      scanner.at = next + 4
      continue
    }
    if (code === 0x22) {
      scanner.at = scanner.afterString(scanner.at)
      continue
    }
    const after = scanner.afterLayout(scanner.at)
    scanner.at = after === scanner.at ? after + 1 : after
  }
  if (!scanner.done) p.panicking = false
}

const openParen = 0x28
const closeParen = 0x29
const dot = 0x2e
const colon = 0x3a
const semicolon = 0x3b
const equals = 0x3d
const LOOPS = 'loops are written for ($i : 0..10) { ... } and for ($kv : @map) { ... }'
const SIGILS = 'variables are written $name, maps @name'
/** a word that is neither a variable nor a map nor a member */
const BARE_NAME = /(^|[^\w$@.>])[A-Za-z_]\w*$/

const openBrace = 0x7b
const closeBrace = 0x7d
