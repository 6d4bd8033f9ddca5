// Arithmetic on literals, done when the script is compiled: bpftrace's fold_literals, with its words for what does not
// fit.

import type { Binary, Unary } from '../ast.ts'
import type { Constant } from './checked.ts'
import type { Checker } from './checker.ts'
import { say } from './messages.ts'

const MIN = -(1n << 63n)
const MAX_UNSIGNED = (1n << 64n) - 1n

/** The value of an operation on constants; undefined when it has none, reported where bpftrace does. */
export function foldBinary(c: Checker, node: Binary, left: Constant, right: Constant): Constant | undefined {
  const { operator } = node
  if (operator === '&&') return truth(left) && truth(right)
  if (operator === '||') return truth(left) || truth(right)
  if (typeof left === 'string' && typeof right === 'string') return foldStrings(c, node, left, right)
  if (typeof left === 'string' || typeof right === 'string') {
    if (typeof left === 'string' && typeof right === 'bigint' && operator === '+') {
      return left.slice(Number(right))
    }
    return undefined
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') {
    if (operator === '==') return left === right
    if (operator === '!=') return left !== right
  }
  const a = BigInt(left)
  const b = BigInt(right)
  switch (operator) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
  const value = arithmetic(operator, a, b)
  if (
    value === undefined ||
    value < MIN ||
    value > MAX_UNSIGNED ||
    ((a < 0n || b < 0n) && value > -MIN - 1n)
  ) {
    const byZero = b === 0n && (operator === '/' || operator === '%')
    c.report(say.overflow, node, {}, byZero ? 'this divides by zero' : undefined)
    return 0n
  }
  return value
}

function arithmetic(operator: string, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0n ? undefined : a / b
    case '%':
      return b === 0n ? undefined : a % b
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '<<':
      return b < 0n || b > 63n ? undefined : a << b
    case '>>':
      return b < 0n || b > 63n ? undefined : a >> b
    default:
      return undefined
  }
}

function foldStrings(c: Checker, node: Binary, left: string, right: string): Constant | undefined {
  switch (node.operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '+':
      return left + right
    default:
      c.report(say.illegalStrings, node, {})
      return undefined
  }
}

export function foldUnary(c: Checker, node: Unary, value: Constant): Constant | undefined {
  if (typeof value === 'string') return node.operator === '!' ? value === '' : undefined
  switch (node.operator) {
    case '!':
      return !truth(value)
    case '-':
      if (typeof value === 'boolean') return undefined
      if (value > -MIN) {
        c.report(say.overflow, node, {})
        return 0n
      }
      return -value
    case '~':
      if (typeof value === 'boolean') return undefined
      return BigInt.asUintN(64, ~value)
    default:
      return undefined
  }
}

export function truth(value: Constant): boolean {
  return typeof value === 'string' ? value !== '' : Boolean(value)
}
