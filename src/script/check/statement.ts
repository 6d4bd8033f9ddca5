// Statements and blocks: scopes, assignments, loops.

import type { Assignment, Block, Call, Expression, For, If, Let, Statement } from '../ast.ts'
import { aggregates } from '../language/index.ts'
import { isAggregate, type ScriptType, tuple } from '../type.ts'
import { checkAggregate } from './call.ts'
import { type Checker, stored } from './checker.ts'
import { assignVariableType, bothBranches, checkCondition, checkExpression } from './expression.ts'
import { truth } from './fold.ts'
import { say } from './messages.ts'
import { isCastable, isWhole, promote, promoteIntegers, sameType } from './promote.ts'
import { resolveType } from './type-syntax.ts'
import { typeText } from './type-text.ts'

/** A block with its own scope; the type of its value. */
export function checkBlock(c: Checker, block: Block): ScriptType | undefined {
  return c.inScope(() => {
    let ended = false
    for (const statement of block.statements) {
      if (ended) {
        c.report(say.unreachable, statement, {})
        break
      }
      checkStatement(c, statement)
      ended = endsBlock(statement)
    }
    return block.value === null ? { kind: 'none' } : checkExpression(c, block.value)
  })
}

/** Whether nothing runs after a statement: `exit()` ends the program as `return` does. */
export function endsBlock(statement: Statement): boolean {
  if (statement.kind === 'jump') return true
  return (
    statement.kind === 'expression' &&
    statement.expression.kind === 'call' &&
    statement.expression.name === 'exit'
  )
}

export function checkIf(c: Checker, node: If): ScriptType | undefined {
  const condition = checkExpression(c, node.condition)
  checkCondition(c, node, condition)
  const known = c.constantOf(node.condition)
  // What is known not to run need not fit: `if comptime …` and its like.
  if (known !== undefined && node.condition.kind === 'comptime') {
    if (truth(known)) return checkBody(c, node.then)
    return node.otherwise === null ? { kind: 'none' } : checkBranch(c, node.otherwise)
  }
  const then = checkBody(c, node.then)
  if (node.otherwise === null) return { kind: 'none' }
  return bothBranches(c, node, then, checkBranch(c, node.otherwise))
}

function checkBranch(c: Checker, branch: Block | If): ScriptType | undefined {
  return branch.kind === 'if' ? checkExpression(c, branch) : checkBody(c, branch)
}

/** A block in a statement's or an if's own place: its type is kept as a node's is. */
function checkBody(c: Checker, block: Block): ScriptType | undefined {
  const type = checkBlock(c, block)
  if (type !== undefined) c.body.types.set(block.id, type)
  return type
}

function checkStatement(c: Checker, node: Statement): void {
  switch (node.kind) {
    case 'expression': {
      const { expression } = node
      const type = checkExpression(c, expression)
      if (type !== undefined && type.kind !== 'none' && discards(expression))
        c.report(say.discarded, node, {})
      return
    }
    case 'let':
      checkLet(c, node)
      return
    case 'assignment':
      checkAssignment(c, node)
      return
    case 'discard':
      checkExpression(c, node.value)
      return
    case 'while': {
      checkCondition(c, node, checkExpression(c, node.condition))
      c.loopDepth++
      checkBlock(c, node.body)
      c.loopDepth--
      return
    }
    case 'unroll': {
      checkExpression(c, node.count)
      const count = c.integerConstant(node.count)
      if (count === undefined) c.report(say.unrollValue, node, {})
      else if (count > 100n) c.report(say.unrollMax, node, {})
      else if (count < 1n) c.report(say.unrollMin, node, {})
      checkBlock(c, node.body)
      return
    }
    case 'for':
      checkFor(c, node)
      return
    case 'jump': {
      if (node.jump !== 'return') {
        if (c.loopDepth === 0) c.report(say.notInLoop, node, { jump: node.jump })
        return
      }
      if (node.value === null) return
      const type = checkExpression(c, node.value)
      if (type !== undefined && !isWhole(type)) c.report(say.returnType, node, { type: typeText(type) })
      return
    }
    case 'import':
      return
  }
}

function discards(node: Expression): boolean {
  if (node.kind === 'step' || node.kind === 'if' || node.kind === 'block') return false
  return !(node.kind === 'call' && SILENT.has(node.name))
}

/** Their result may go unread. */
const SILENT: ReadonlySet<string> = new Set([
  'delete',
  'signal',
  'signal_thread',
  'override',
  'find',
  'write_user',
])

function checkLet(c: Checker, node: Let): void {
  const { name } = node.variable
  const outer = c.findVariable(name)
  const value = node.value === null ? undefined : checkExpression(c, node.value)
  if (outer !== undefined && outer.id !== node.variable.id) {
    const diagnostic = c.report(say.shadowed, { span: node.declarationSpan }, { name })
    diagnostic.notes.push({ text: 'This is the initial declaration.', span: outer.span })
    return
  }
  let fixed = node.type === null ? undefined : resolveType(c, node.type)
  if (fixed !== undefined && (isAggregate(fixed) || fixed.kind === 'none')) {
    c.report(say.badDeclaration, node.type!, { type: typeText(fixed) })
    fixed = undefined
  }
  // `let $x : string` says no size: the assignments do.
  if (fixed?.kind === 'string' && fixed.capacity === 0) fixed = undefined
  const variable = c.declare(node.variable, name, { fixed })
  c.body.variables.set(node.variable.id, variable)
  if (node.value !== null) assign(c, name, value, node)
  else if (variable.type === undefined && c.reporting) {
    c.report(say.neverAssigned, { span: node.declarationSpan }, { name })
  }
}

function assign(c: Checker, name: string, type: ScriptType | undefined, at: Let | Assignment): void {
  const variable = c.findVariable(name)!
  variable.assigned = true
  if (type === undefined) return
  if (type.kind === 'none' || (isAggregate(type) && !isCastable(type))) {
    c.report(say.notForVariable, at, { type: typeText(type) })
    return
  }
  if (isCastable(type) && variable.type !== undefined && !isWhole(variable.type)) {
    c.report(say.notForVariable, at, { type: typeText(type) })
    return
  }
  assignVariableType(c, name, variable.type === undefined ? copied(type) : type, at)
}

/** A variable holds a copy of a tuple or a struct that we made, but only the address of one in traced memory. */
function copied(type: ScriptType): ScriptType {
  return type.kind === 'tuple' ? stored(type) : type
}

function checkAssignment(c: Checker, node: Assignment): void {
  const { target } = node
  if (target.kind === 'variable') {
    const value = node.operator === null ? checkExpression(c, node.value) : checkExpression(c, compound(node))
    if (c.findVariable(target.name) === undefined) {
      if (node.operator !== null) return
      c.declare(target, target.name)
    }
    c.body.variables.set(target.id, c.findVariable(target.name)!)
    assign(c, target.name, value, node)
    return
  }
  const name = target.kind === 'map' ? target : target.map
  const map = c.map(name)
  const keyed = target.kind === 'map-access'
  const aggregate = node.operator === null ? aggregateCall(node.value) : undefined
  if (aggregate !== undefined) {
    if (keyed) checkKey(c, node)
    else c.useMap(name, true)
    const type = checkAggregateValue(c, node.value)
    if (type !== undefined) c.useAggregate(map, type, aggregate)
    return
  }
  const value = node.operator === null ? checkExpression(c, node.value) : compoundValue(c, node)
  if (keyed) checkKey(c, node)
  else c.useMap(name, true)
  if (value === undefined) return
  if (value.kind === 'none' || (isAggregate(value) && (!isCastable(value) || !mayHold(map.value)))) {
    notForMap(c, node, value, name.name)
    return
  }
  c.useValue(map, value, node)
}

function mayHold(type: ScriptType | undefined): boolean {
  return type !== undefined && isWhole(type)
}

function notForMap(c: Checker, node: Assignment, value: ScriptType, name: string): void {
  if (!isAggregate(value)) {
    c.report(say.notForMap, node, { type: typeText(value) })
    return
  }
  const call = aggregates.get(value.kind)!.example
  const from = node.value
  const cast = isCastable(value) && (from.kind === 'map-access' || from.kind === 'map')
  const source = from.kind === 'map-access' ? from.map.name : from.kind === 'map' ? from.name : ''
  const hint = cast
    ? `Add a cast to integer if you want the value of the aggregate, e.g. \`${name} = (int64)${source};\`.`
    : undefined
  c.report(say.aggregateCopy, node, { type: typeText(value), name, call }, hint)
}

function checkKey(c: Checker, node: Assignment): void {
  const { target } = node
  if (target.kind !== 'map-access') return
  const key = checkExpression(c, target.key)
  if (c.useMap(target.map, false, target)) c.useKey(c.map(target.map), key, target)
}

/** The aggregation that a value is, directly or as the value of a block. */
export function aggregateCall(value: Expression): Call | undefined {
  if (value.kind === 'call') return aggregates.has(value.name) ? value : undefined
  return value.kind === 'block' && value.value !== null ? aggregateCall(value.value) : undefined
}

function checkAggregateValue(c: Checker, value: Expression): ScriptType | undefined {
  if (value.kind === 'call') return checkAggregate(c, value)
  if (value.kind !== 'block') return undefined
  return c.inScope(() => {
    for (const statement of value.statements) checkStatement(c, statement)
    return checkAggregateValue(c, value.value!)
  })
}

/** `x += e` as `x + e`, with the ids of the assignment and its target. */
export function compound(node: Assignment): Expression {
  return {
    kind: 'binary',
    id: node.id,
    span: node.operatorSpan ?? node.span,
    operator: node.operator!,
    left: node.target,
    right: node.value,
  }
}

/** `@m += e`: a map that nothing else gives a type starts as a number. */
function compoundValue(c: Checker, node: Assignment): ScriptType | undefined {
  const { target } = node
  const map = c.map(
    target.kind === 'map' ? target : (target as Extract<typeof target, { kind: 'map-access' }>).map,
  )
  if (map.value === undefined) {
    checkExpression(c, node.value)
    map.selfMade = true
    return undefined
  }
  return checkExpression(c, compound(node))
}

function checkFor(c: Checker, node: For): void {
  const { iterable, variable } = node
  const outer = c.findVariable(variable.name)
  if (outer !== undefined && outer.id !== variable.id) {
    const diagnostic = c.report(say.loopShadows, variable, { name: variable.name })
    diagnostic.notes.push({ text: 'This is the initial declaration.', span: outer.span })
  }
  let type: ScriptType | undefined
  if (iterable.kind === 'map') {
    const map = c.map(iterable)
    if (map.scalar === true) c.report(say.iterateScalar, iterable, { name: iterable.name })
    else c.useMap(iterable, false)
    if (!c.facts.kernel.has('for_each_map_elem')) {
      c.report(say.missingFeature, node, { feature: 'map iteration (bpf_for_each_map_elem, Linux 5.13)' })
    }
    if (map.value === undefined && c.reporting) c.report(say.undefinedMap, iterable, { name: iterable.name })
    if (map.key !== undefined && map.value !== undefined) {
      if (isAggregate(map.value) && !isCastable(map.value)) {
        c.report(say.iterateType, iterable, { type: typeText(map.value) })
      }
      type = tuple([map.key, isCastable(map.value) ? map.value : map.value])
    }
  } else {
    const start = checkExpression(c, iterable.start)
    const end = checkExpression(c, iterable.end)
    if (start !== undefined && start.kind !== 'integer') c.report(say.rangeStart, iterable, {})
    if (end !== undefined && end.kind !== 'integer') c.report(say.rangeEnd, iterable, {})
    if (start?.kind === 'integer' && end?.kind === 'integer') {
      type = start.bits === end.bits ? start : promoteIntegers(start, end)
    }
  }
  c.inScope(() => {
    const loop = c.declare(variable, variable.name, { loop: iterable.kind === 'map' })
    loop.assigned = true
    c.body.variables.set(variable.id, loop)
    if (type !== undefined && (loop.type === undefined || !sameType(loop.type, type))) {
      c.setVariableType(loop, promote(loop.type, type) ?? type)
    }
    c.loopDepth++
    c.callbackDepth++
    checkBlock(c, node.body)
    c.callbackDepth--
    c.loopDepth--
  })
}
