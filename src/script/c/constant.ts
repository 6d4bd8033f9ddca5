// Constant expressions of C: array sizes, bit field widths, enumerators, `#if`. Integers only, in 64 bits.

import type { BinaryOperator } from '../ast.ts'
import { binaryPrecedence } from '../precedence.ts'
import type { TokenCursor } from './cursor.ts'
import { c } from './messages.ts'

export interface ConstantNames {
  /** the value of a name; undefined when it is none */
  valueOf(name: string): bigint | undefined
  /**
   * Tries to read a type between parentheses, for `sizeof` and casts: its size in bytes, null when there is no type
   * under the cursor, undefined after a failure.
   */
  sizeOfType?(): number | null | undefined
}

/** A conditional expression under the cursor; null after a failure. */
export function evaluate(cursor: TokenCursor, names: ConstantNames): bigint | null {
  if (!cursor.enter()) {
    cursor.leave()
    return null
  }
  const value = evaluateConditional(cursor, names)
  cursor.leave()
  return value
}

function evaluateConditional(cursor: TokenCursor, names: ConstantNames): bigint | null {
  const condition = evaluateBinary(cursor, names, 1)
  if (condition === null || !cursor.take('?')) return condition
  const then = evaluate(cursor, names)
  if (then === null || !cursor.expect(':')) return null
  const otherwise = evaluate(cursor, names)
  return otherwise === null ? null : condition !== 0n ? then : otherwise
}

function evaluateBinary(cursor: TokenCursor, names: ConstantNames, lowest: number): bigint | null {
  let left = evaluateUnary(cursor, names)
  while (left !== null) {
    const operator = cursor.text
    const precedence = Object.hasOwn(binaryPrecedence, operator)
      ? binaryPrecedence[operator as BinaryOperator]
      : 0
    if (precedence < lowest || precedence === 0) return left
    const { span } = cursor
    cursor.at++
    const right = evaluateBinary(cursor, names, precedence + 1)
    if (right === null) return null
    if ((operator === '/' || operator === '%') && right === 0n) {
      cursor.fail(c.divisionByZero, {}, span)
      return null
    }
    left = BigInt.asIntN(64, combine(operator, left, right))
  }
  return null
}

function combine(operator: string, a: bigint, b: bigint): bigint {
  const truth = (is: boolean) => (is ? 1n : 0n)
  switch (operator) {
    case '||':
      return truth(a !== 0n || b !== 0n)
    case '&&':
      return truth(a !== 0n && b !== 0n)
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '&':
      return a & b
    case '==':
      return truth(a === b)
    case '!=':
      return truth(a !== b)
    case '<':
      return truth(a < b)
    case '>':
      return truth(a > b)
    case '<=':
      return truth(a <= b)
    case '>=':
      return truth(a >= b)
    case '<<':
      return a << (b & 63n)
    case '>>':
      return a >> (b & 63n)
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    default:
      return a % b
  }
}

function evaluateUnary(cursor: TokenCursor, names: ConstantNames): bigint | null {
  if (!cursor.enter()) {
    cursor.leave()
    return null
  }
  const value = evaluatePrefix(cursor, names)
  cursor.leave()
  return value
}

function evaluatePrefix(cursor: TokenCursor, names: ConstantNames): bigint | null {
  const { token } = cursor
  if (token === undefined) {
    cursor.fail(c.expected, { what: 'expression' })
    return null
  }
  const { text } = token
  if (text === '-' || text === '+' || text === '~' || text === '!') {
    cursor.at++
    const operand = evaluateUnary(cursor, names)
    if (operand === null || text === '+') return operand
    return text === '-' ? BigInt.asIntN(64, -operand) : text === '~' ? ~operand : operand === 0n ? 1n : 0n
  }
  if (text === 'sizeof' || text === '_Alignof' || text === '__alignof__') return evaluateSizeOf(cursor, names)
  if (text === '(') {
    cursor.at++
    const cast = names.sizeOfType?.()
    if (cast === undefined && names.sizeOfType !== undefined) return null
    if (cast !== null && cast !== undefined) {
      const operand = cursor.expect(')') ? evaluateUnary(cursor, names) : null
      return operand === null || cast >= 8 ? operand : BigInt.asIntN(cast * 8, operand)
    }
    const inner = evaluate(cursor, names)
    return inner !== null && cursor.expect(')') ? inner : null
  }
  if (token.kind === 'number') {
    cursor.at++
    const value = integerOf(text)
    if (value === null) cursor.fail(c.notConstant, {}, token.span)
    return value
  }
  if (token.kind === 'character') {
    cursor.at++
    return characterOf(text)
  }
  if (token.kind === 'name') {
    cursor.at++
    const value = names.valueOf(text)
    if (value !== undefined) return value
    cursor.fail(c.unknownName, { name: text }, token.span)
    return null
  }
  cursor.fail(c.expected, { what: 'expression' })
  return null
}

function evaluateSizeOf(cursor: TokenCursor, names: ConstantNames): bigint | null {
  const { span } = cursor
  cursor.at++
  const size = names.sizeOfType !== undefined && cursor.take('(') ? names.sizeOfType() : null
  if (size === undefined) return null
  if (size === null) {
    cursor.fail(c.notConstant, {}, span)
    return null
  }
  return cursor.expect(')') ? BigInt(size) : null
}

/** A C integer literal; null for floating point and whatever else starts with a digit. */
function integerOf(text: string): bigint | null {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)[uUlL]*$/.exec(text)
  if (match === null || text.length > 80) return null
  const digits = match[1]!
  const isOctal = digits.length > 1 && /^0[0-7]+$/.test(digits)
  if (!isOctal && /^0[0-9]/.test(digits)) return null
  return BigInt.asIntN(64, BigInt(isOctal ? `0o${digits.slice(1)}` : digits))
}

const characterEscapes: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
}

/** `'a'`, `'\n'`, `'\x41'`, `'\0'`; several characters count as the first. */
function characterOf(text: string): bigint {
  const inner = text.slice(1)
  if (inner[0] !== '\\') return BigInt(inner.charCodeAt(0) || 0)
  const digits = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/.exec(inner)
  if (digits?.[1] !== undefined) return BigInt(Number.parseInt(digits[1], 16))
  if (digits?.[2] !== undefined) return BigInt(Number.parseInt(digits[2], 8))
  return BigInt(characterEscapes[inner[1]!] ?? (inner.charCodeAt(1) || 0))
}
