// Random integer expressions of the script language, with what they give: a plain model of its typing rules and of
// 64-bit arithmetic as bpftrace has it.

import fc from 'fast-check'

export interface Typed {
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
}

/** An expression as text, its type, and its value under the given variables. */
export interface AnyExpression {
  readonly text: string
  readonly type: Typed
  readonly value: bigint
}

export interface AnyVariable extends Typed {
  readonly name: string
  readonly value: bigint
}

const s64: Typed = { bits: 64, signed: true }
const u64: Typed = { bits: 64, signed: false }

const wrap = ({ bits, signed }: Typed, value: bigint): bigint =>
  signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)

const anyType = fc.record({
  bits: fc.constantFrom(8, 16, 32, 64),
  signed: fc.boolean(),
}) as fc.Arbitrary<Typed>

const anyBits = fc.oneof(
  fc.bigInt(-3n, 70n),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 1n, -1n, 127n, 128n, 255n, 1n << 31n, (1n << 32n) - 1n, 1n << 63n),
)

/** Four variables of any type. */
export const anyVariables: fc.Arbitrary<readonly AnyVariable[]> = fc
  .array(fc.tuple(anyType, anyBits), { minLength: 4, maxLength: 4 })
  .map(list => list.map(([type, value], i) => ({ ...type, name: `$v${i}`, value: wrap(type, value) })))

/** The text that gives a variable its value: every literal is cast, so that nothing of it is flexible. */
export const assignment = ({ name, bits, signed, value }: AnyVariable): string => {
  const type = `${signed ? '' : 'u'}int${bits}`
  const unsigned = BigInt.asUintN(64, value)
  return `${name} = (${type})${unsigned};`
}

/** Which shape an expression has; filled with variables and operators by `build`. */
type Shape =
  | { readonly kind: 'variable'; readonly at: number }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Shape; readonly right: Shape }
  | { readonly kind: 'unary'; readonly operator: string; readonly of: Shape }
  | { readonly kind: 'cast'; readonly to: Typed; readonly of: Shape }
  | {
      readonly kind: 'choice'
      readonly operator: string
      readonly parts: readonly [Shape, Shape, Shape, Shape]
    }

export const anyShape: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>(tie => ({
  shape: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ kind: fc.constant('variable' as const), at: fc.nat(3) }),
    fc.record({
      kind: fc.constant('binary' as const),
      operator: fc.constantFrom('+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'),
      left: tie('shape'),
      right: tie('shape'),
    }),
    fc.record({
      kind: fc.constant('unary' as const),
      operator: fc.constantFrom('-', '~'),
      of: tie('shape'),
    }),
    fc.record({ kind: fc.constant('cast' as const), to: anyType, of: tie('shape') }),
    fc.record({
      kind: fc.constant('choice' as const),
      operator: fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
      parts: fc.tuple(tie('shape'), tie('shape'), tie('shape'), tie('shape')),
    }),
  ),
})).shape

export function build(shape: Shape, variables: readonly AnyVariable[]): AnyExpression {
  switch (shape.kind) {
    case 'variable': {
      const { name, bits, signed, value } = variables[shape.at]!
      return { text: name, type: { bits, signed }, value }
    }
    case 'cast': {
      const of = build(shape.of, variables)
      const { bits, signed } = shape.to
      return {
        text: `((${signed ? '' : 'u'}int${bits})${of.text})`,
        type: shape.to,
        value: wrap(shape.to, of.value),
      }
    }
    case 'unary': {
      const of = build(shape.of, variables)
      const type = of.type.signed ? s64 : u64
      const value = shape.operator === '-' ? -of.value : ~of.value
      return { text: `(${shape.operator}${of.text})`, type, value: wrap(type, value) }
    }
    case 'binary':
      return binary(shape.operator, build(shape.left, variables), build(shape.right, variables))
    case 'choice': {
      const [a, b, c, d] = shape.parts.map(part => build(part, variables)) as [
        AnyExpression,
        AnyExpression,
        AnyExpression,
        AnyExpression,
      ]
      const common = promoted(a.type, b.type)
      const holds = compare(shape.operator, wrap(common, a.value), wrap(common, b.value))
      const type = promoted(c.type, d.type)
      const value = wrap(type, holds ? c.value : d.value)
      return { text: `(${a.text} ${shape.operator} ${b.text} ? ${c.text} : ${d.text})`, type, value }
    }
  }
}

function binary(operator: string, a: AnyExpression, b: AnyExpression): AnyExpression {
  const shift = operator === '<<' || operator === '>>'
  const signed = shift ? a.type.signed : a.type.signed || b.type.signed || operator === '-'
  const type = signed ? s64 : u64
  const x = BigInt.asUintN(64, a.value)
  const y = BigInt.asUintN(64, b.value)
  return { text: `(${a.text} ${operator} ${b.text})`, type, value: wrap(type, arithmetic(operator, x, y)) }
}

/** On 64 bits without sign; what is divided by zero is 1. */
function arithmetic(operator: string, x: bigint, y: bigint): bigint {
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '/':
      return y === 0n ? 1n : x / y
    case '%':
      return y === 0n ? 1n : x % y
    case '&':
      return x & y
    case '|':
      return x | y
    case '^':
      return x ^ y
    case '<<':
      return x << (y & 63n)
    default:
      return x >> (y & 63n)
  }
}

function promoted(a: Typed, b: Typed): Typed {
  const bits = Math.max(a.bits, b.bits) as Typed['bits']
  if (a.signed === b.signed) return { bits, signed: a.signed }
  const [signed, unsigned] = a.signed ? [a, b] : [b, a]
  if (signed.bits > unsigned.bits) return { bits: signed.bits, signed: true }
  return { bits: Math.min(64, bits * 2) as Typed['bits'], signed: true }
}

function compare(operator: string, a: bigint, b: bigint): boolean {
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
    default:
      return a >= b
  }
}
