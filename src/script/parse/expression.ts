// Expressions by precedence climbing, lowest first: `?:`, the binary operators, prefix operators, postfix operators,
// and what stands alone (primary.ts).

import type { BinaryOperator, Expression, MapAccess, MapName, Step, Unary, Variable } from '../ast.ts'
import { binaryPrecedence } from '../precedence.ts'
import { endOfText, isDigit } from './characters.ts'
import { parseInteger } from './integer.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'
import { parseMapName, parsePrimary, parseVariable } from './primary.ts'

export function parseExpression(p: Parser): Expression {
  return continueExpression(p, parseUnary(p))
}

/** The rest of an expression whose first operand is there already. */
export function continueExpression(p: Parser, first: Expression): Expression {
  const { scanner } = p
  const condition = parseBinary(p, 1, first)
  const at = scanner.afterLayout(scanner.at)
  if (scanner.codeAt(at) !== question) return condition
  scanner.at = at + 1
  if (!p.enter()) {
    p.leave()
    return condition
  }
  const then = scanner.codeAt(scanner.afterLayout(scanner.at)) === colon ? null : parseExpression(p)
  p.expect(colon)
  const otherwise = parseExpression(p)
  p.leave()
  const span = scanner.span(condition.span.start)
  return { kind: 'ternary', id: p.ids.count++, span, condition, then, otherwise }
}

/** Operators of at least `lowest` precedence; all bind to the left. */
function parseBinary(p: Parser, lowest: number, first: Expression): Expression {
  const { scanner } = p
  let left = first
  for (;;) {
    const at = scanner.afterLayout(scanner.at)
    const operator = operatorAt(p, at)
    if (operator === undefined) return left
    const precedence = binaryPrecedence[operator]
    if (precedence < lowest) return left
    scanner.at = at + operator.length
    const right = parseBinary(p, precedence + 1, parseUnary(p))
    const span = scanner.span(left.span.start)
    left = { kind: 'binary', id: p.ids.count++, span, operator, left, right }
  }
}

/** The binary operator at an offset. Assignments are none, and neither is the `/` that ends a predicate. */
function operatorAt(p: Parser, at: number): BinaryOperator | undefined {
  const { scanner } = p
  const code = scanner.codeAt(at)
  const next = scanner.codeAt(at + 1)
  switch (code) {
    case bar:
      return next === bar ? '||' : next === equals ? undefined : '|'
    case ampersand:
      return next === ampersand ? '&&' : next === equals ? undefined : '&'
    case equals:
      return next === equals ? '==' : undefined
    case bang:
      return next === equals ? '!=' : undefined
    case less:
      if (next === less) return scanner.codeAt(at + 2) === equals ? undefined : '<<'
      return next === equals ? '<=' : '<'
    case greater:
      if (next === greater) return scanner.codeAt(at + 2) === equals ? undefined : '>>'
      return next === equals ? '>=' : '>'
    case caret:
      return next === equals ? undefined : '^'
    case plus:
      return next === plus || next === equals ? undefined : '+'
    case minus:
      return next === minus || next === equals ? undefined : '-'
    case star:
      return next === equals ? undefined : '*'
    case slash:
      if (next === equals) return undefined
      return scanner.codeAt(scanner.afterLayout(at + 1)) === openBrace ? undefined : '/'
    case percent:
      return next === equals ? undefined : '%'
    default:
      return undefined
  }
}

/** Prefix operators and what they apply to. */
export function parseUnary(p: Parser): Expression {
  const { scanner } = p
  scanner.skipLayout()
  const code = scanner.code
  const isPrefix =
    code === minus || code === plus || code === ampersand || code === star || code === bang || code === tilde
  if (!p.enter()) {
    p.leave()
    return missing(p)
  }
  const expression = isPrefix ? parsePrefix(p, code) : parsePostfix(p, parsePrimary(p))
  p.leave()
  return expression
}

function parsePrefix(p: Parser, code: number): Expression {
  const { scanner } = p
  const start = scanner.at
  const next = scanner.peek(1)
  if ((code === plus || code === minus) && next === code) {
    scanner.at += 2
    const target = parseUnary(p)
    const operator = code === plus ? '++' : '--'
    if (!isTarget(target)) {
      p.report(syntax.badStep, target.span, {})
      p.panicking = true
      return target
    }
    const step: Step = {
      kind: 'step',
      id: p.ids.count++,
      span: scanner.span(start),
      operator,
      prefix: true,
      target,
    }
    return step
  }
  if (code === ampersand) return parseAddressOf(p)
  if (code === plus || (code === bang && next === equals)) {
    p.fail('expression')
    return missing(p)
  }
  scanner.at++
  const operand = parseUnary(p)
  const operator = String.fromCharCode(code) as Unary['operator']
  return { kind: 'unary', id: p.ids.count++, span: scanner.span(start), operator, operand }
}

function parseAddressOf(p: Parser): Expression {
  const { scanner } = p
  const start = scanner.at++
  scanner.skipLayout()
  if (scanner.code !== dollar && scanner.code !== at) {
    p.report(syntax.badAddressOf, p.tokenSpan(), {})
    p.panicking = true
    return missing(p)
  }
  const operand = scanner.code === dollar ? parseVariable(p) : parseMapName(p)
  return { kind: 'address-of', id: p.ids.count++, span: scanner.span(start), operand }
}

/** `.field`, `->field`, `.0`, `[index]`, `++`, `--`, any number of them. */
export function parsePostfix(p: Parser, first: Expression): Expression {
  const { scanner } = p
  let object = first
  for (;;) {
    const operatorAt = scanner.afterLayout(scanner.at)
    const code = scanner.codeAt(operatorAt)
    const next = scanner.codeAt(operatorAt + 1)
    const start = object.span.start
    if (code === dot && next !== dot) {
      scanner.at = operatorAt + 1
      scanner.skipLayout()
      if (isDigit(scanner.code)) {
        const indexStart = scanner.at
        const result = parseInteger(scanner.takeInteger().text)
        if (!result.ok) {
          p.report(syntax.badInteger, scanner.span(indexStart), { problem: result.problem })
        }
        const index = result.ok && result.value < 1_000_000n ? Number(result.value) : 1_000_000
        object = { kind: 'tuple-access', id: p.ids.count++, span: scanner.span(start), object, index }
        continue
      }
    } else if (code === minus && next === greater) {
      scanner.at = operatorAt + 2
    } else if (code === openBracket) {
      scanner.at = operatorAt + 1
      const index = parseExpression(p)
      p.expect(closeBracket)
      object = { kind: 'index', id: p.ids.count++, span: scanner.span(start), object, index }
      continue
    } else if ((code === plus || code === minus) && next === code) {
      scanner.at = operatorAt + 2
      if (!isTarget(object)) {
        p.report(syntax.badStep, scanner.span(operatorAt), {})
        p.panicking = true
        return object
      }
      const operator = code === plus ? '++' : '--'
      const span = scanner.span(start)
      object = { kind: 'step', id: p.ids.count++, span, operator, prefix: false, target: object }
      continue
    } else {
      return object
    }
    const arrow = code === minus
    scanner.skipLayout()
    const nameStart = scanner.at
    const name = p.expectIdentifier(arrow ? "field name after '->'" : "field name after '.'")
    if (name === '') return object
    const nameSpan = scanner.span(nameStart)
    const span = scanner.span(start)
    object = { kind: 'field', id: p.ids.count++, span, object, name, nameSpan, arrow }
  }
}

/** What can be assigned to. */
export const isTarget = (e: Expression): e is Variable | MapName | MapAccess =>
  e.kind === 'variable' || e.kind === 'map' || e.kind === 'map-access'

/** Stands in for an expression that is not there; the failure has been reported. */
export const missing = (p: Parser): Expression => ({
  kind: 'missing',
  id: p.ids.count++,
  span: p.scanner.span(p.scanner.at),
})

/** Whether an expression can start with this byte: what decides that `(x)` before it is a cast. */
export function canStartExpression(code: number): boolean {
  if (code === endOfText) return false
  return (
    isDigit(code) ||
    code === dollar ||
    code === at ||
    code === 0x22 ||
    code === 0x28 ||
    code === minus ||
    code === bang ||
    code === tilde ||
    code === star ||
    code === ampersand ||
    code === 0x5f ||
    ((code | 32) >= 0x61 && (code | 32) <= 0x7a)
  )
}

const bang = 0x21
const dollar = 0x24
const percent = 0x25
const ampersand = 0x26
const star = 0x2a
const plus = 0x2b
const minus = 0x2d
const dot = 0x2e
const slash = 0x2f
const colon = 0x3a
const less = 0x3c
const equals = 0x3d
const greater = 0x3e
const question = 0x3f
const at = 0x40
const openBracket = 0x5b
const closeBracket = 0x5d
const caret = 0x5e
const openBrace = 0x7b
const bar = 0x7c
const tilde = 0x7e
