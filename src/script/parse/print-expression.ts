// Expressions as source text, with no more parentheses than the grammar needs.

import type { Expression } from '../ast.ts'
import { binaryPrecedence } from '../precedence.ts'
import { blockText, ifText, operandOf, quoted, typeText } from './print.ts'

/** How tight a construct binds: `?:` 0, the binary operators 1 to 10, prefix operators 11, the rest 12. */
type Tightness = number

/** The text of an expression where at least `tightness` is needed; looser ones go into parentheses. */
export function expressionText(e: Expression, indent: string, tightness: Tightness = 0): string {
  const own = tightnessOf(e)
  const text = bareText(e, indent)
  return own < tightness ? `(${text})` : text
}

function tightnessOf(e: Expression): Tightness {
  switch (e.kind) {
    case 'ternary':
      return 0
    case 'binary':
      return binaryPrecedence[e.operator]
    case 'unary':
    case 'address-of':
    case 'cast':
    case 'comptime':
      return 11
    case 'step':
      return e.prefix ? 11 : 12
    default:
      return 12
  }
}

function bareText(e: Expression, indent: string): string {
  const inner = (part: Expression, tightness: Tightness = 0) => expressionText(part, indent, tightness)
  switch (e.kind) {
    case 'integer':
      return e.text
    case 'string':
      return quoted(e.value)
    case 'boolean':
      return `${e.value}`
    case 'positional':
      return `$${e.index}`
    case 'positional-count':
      return '$#'
    case 'identifier':
    case 'variable':
    case 'map':
      return e.name
    case 'map-access': {
      const keys = e.key.kind === 'tuple' && e.key.elements.length > 1 ? e.key.elements : [e.key]
      return `${e.map.name}[${keys.map(k => inner(k)).join(', ')}]`
    }
    case 'call': {
      const args = e.args.map(a => (a.kind === 'type-argument' ? typeText(a.type) : inner(a)))
      return `${e.name}(${args.join(', ')})`
    }
    case 'sizeof':
    case 'typeinfo':
      return `${e.kind}(${operandOf(e.operand)})`
    case 'offsetof':
      return `offsetof(${operandOf(e.operand)}, ${e.path.map(p => p.name).join('.')})`
    case 'comptime':
      return `comptime ${inner(e.operand, 11)}`
    case 'unary': {
      const operand = inner(e.operand, 11)
      // "- -x" must not become "--x"
      const gap = e.operator === '-' && operand.startsWith('-') ? ' ' : ''
      return `${e.operator}${gap}${operand}`
    }
    case 'binary': {
      const tightness = binaryPrecedence[e.operator]
      const right = inner(e.right, tightness + 1)
      // "/ {" would be the end of a predicate
      const isAmbiguous = e.operator === '/' && right.startsWith('{')
      return `${inner(e.left, tightness)} ${e.operator} ${isAmbiguous ? `(${right})` : right}`
    }
    case 'step':
      return e.prefix ? `${e.operator}${inner(e.target)}` : `${inner(e.target)}${e.operator}`
    case 'address-of':
      return `&${e.operand.name}`
    case 'ternary': {
      const then = e.then === null ? '' : ` ${inner(e.then)} `
      return `${inner(e.condition, 1)} ?${then}: ${inner(e.otherwise)}`
    }
    case 'field':
      return `${inner(e.object, 12)}${e.arrow ? '->' : '.'}${e.name}`
    case 'tuple-access':
      return `${inner(e.object, 12)}.${e.index}`
    case 'index': {
      // "@m[1]" would be an element of the map
      const object = inner(e.object, 12)
      return `${e.object.kind === 'map' ? `(${object})` : object}[${inner(e.index)}]`
    }
    case 'cast': {
      // "(T){ … }" would not be a cast
      const operand = inner(e.operand, 11)
      return `(${typeText(e.type)})${operand.startsWith('{') ? `(${operand})` : operand}`
    }
    case 'tuple':
      return e.elements.length === 1
        ? `(${inner(e.elements[0]!)},)`
        : `(${e.elements.map(x => inner(x)).join(', ')})`
    case 'record':
      return `(${e.fields.map(f => `${f.name} = ${inner(f.value)}`).join(', ')})`
    case 'if':
      return ifText(e, indent)
    case 'block':
      return blockText(e, indent)
    case 'missing':
      return '<missing>'
  }
}
