// Statements to code.

import { bool, type Value } from '../../ir/index.ts'
import type { Assignment, Block, Expression, If, Statement } from '../ast.ts'
import { truth } from '../check/fold.ts'
import { compound, endsBlock } from '../check/statement.ts'
import { none, type ScriptType } from '../type.ts'
import type { Datum } from './datum.ts'
import { choose, lowerCondition, lowerExpression, lowerInteger, lowerStep } from './expression.ts'
import { lowerFor } from './loops.ts'
import type { Lowering } from './lowering.ts'
import {
  assignElement,
  type Element,
  globalAddress,
  keyArea,
  mapOf,
  stepElement,
  updateElement,
} from './maps.ts'
import { apart, store, truthOf } from './store.ts'
import { assignVariable, declareVariable } from './variables.ts'

export function lowerBlock(l: Lowering, block: Block): void {
  lowerStatements(l, block.statements)
  if (block.value !== null) lowerDiscarded(l, block.value)
}

export function lowerStatements(l: Lowering, statements: readonly Statement[]): void {
  for (const statement of statements) {
    lowerStatement(l, statement)
    // The checker warned that nothing runs after this.
    if (endsBlock(statement)) return
  }
}

/** A block with a value: `{ …; value }`. */
export function lowerValueBlock(l: Lowering, block: Block): Datum {
  lowerStatements(l, block.statements)
  return block.value === null ? { kind: 'none', type: none } : lowerExpression(l, block.value)
}

export function lowerIf(l: Lowering, node: If): Datum {
  const type = l.typeOf(node)
  const known = l.constantOf(node.condition)
  const otherwise = (): Datum =>
    node.otherwise === null
      ? { kind: 'none', type: none }
      : node.otherwise.kind === 'if'
        ? lowerIf(l, node.otherwise)
        : lowerValueBlock(l, node.otherwise)
  if (known !== undefined) return truth(known) ? lowerValueBlock(l, node.then) : otherwise()
  return choose(l, type, lowerCondition(l, node.condition), () => lowerValueBlock(l, node.then), otherwise)
}

function lowerStatement(l: Lowering, node: Statement): void {
  l.at(node.span)
  const { b } = l
  switch (node.kind) {
    case 'expression':
      lowerDiscarded(l, node.expression)
      return
    case 'discard':
      lowerDiscarded(l, node.value)
      return
    case 'let': {
      const variable = l.variableOf(node.variable)
      if (variable.type === undefined) return
      if (node.value === null) declareVariable(l, variable)
      else assignVariable(l, variable, lowerExpression(l, node.value))
      return
    }
    case 'assignment':
      lowerAssignment(l, node)
      return
    case 'while': {
      const outer = l.loop
      b.loop(loop => {
        l.scoped(() => {
          l.loop = loop
          b.if(lowerCondition(l, node.condition), () => undefined, loop.break)
          lowerBlock(l, node.body)
        })
      })
      l.loop = outer
      return
    }
    case 'unroll': {
      const outer = l.loop
      b.forRange(
        0,
        Number(l.constantOf(node.count)),
        (_, loop) => {
          l.scoped(() => {
            l.loop = loop
            lowerBlock(l, node.body)
          })
        },
        { unroll: true },
      )
      l.loop = outer
      return
    }
    case 'for':
      lowerFor(l, node)
      return
    case 'jump':
      if (node.jump === 'break') l.loop!.break()
      else if (node.jump === 'continue') l.loop!.continue()
      else l.leave(node.value === null ? 0 : lowerInteger(l, node.value))
      return
    case 'import':
      return
  }
}

/** An expression for its effects only. */
function lowerDiscarded(l: Lowering, node: Expression): void {
  if (node.kind === 'step') {
    lowerStep(l, node, false)
    return
  }
  if (node.kind === 'if' || node.kind === 'block') {
    if (node.kind === 'if') lowerIf(l, node)
    else lowerBlock(l, node)
    return
  }
  const datum = lowerExpression(l, node)
  if (datum.kind === 'made' && datum.type.kind === 'none') throw new Error('a statement that was not made')
}

function lowerAssignment(l: Lowering, node: Assignment): void {
  const { target, operator } = node
  if (target.kind === 'variable') {
    const variable = l.variableOf(target)
    const datum = lowerExpression(l, operator === null ? node.value : compound(node))
    assignVariable(l, variable, apart(l, datum, node.value, target.name))
    return
  }
  if (operator === null) {
    assignElement(l, node)
    return
  }
  const type = mapOf(l, target).value
  if ((operator === '+' || operator === '-') && (type.kind === 'integer' || type.kind === 'enum')) {
    const by = lowerInteger(l, node.value)
    stepElement(l, target, type, operator === '+' ? by : l.b.neg(by), 'nothing')
    return
  }
  replaceElement(l, target, type, lowerExpression(l, compound(node)))
}

function replaceElement(l: Lowering, target: Element, _type: ScriptType, datum: Datum): void {
  const map = mapOf(l, target)
  if (target.kind === 'map') {
    const { at, offset, present } = globalAddress(l, map)
    store(l, datum, map.value, at, offset)
    l.b.store(at, present, 1, { kind: 'int', bits: 8, signed: false })
    return
  }
  updateElement(l, map, keyArea(l, map, target.key), datum)
}

/** The condition of a predicate. */
export function predicateOf(l: Lowering, node: Expression): Value {
  const known = l.constantOf(node)
  if (known !== undefined) return l.b.const(bool, truth(known) ? 1 : 0)
  return truthOf(l, lowerExpression(l, node))
}
