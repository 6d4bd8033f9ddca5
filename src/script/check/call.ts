// Calls: functions by name, builtins called, aggregations where they may stand.

import { didYouMean } from '../../btf/index.ts'
import type { Call, Expression } from '../ast.ts'
import type { Parameter } from '../language/entry.ts'
import { checkKfunc, isKernelFunction } from '../language/functions/kfunc.ts'
import { aggregates, builtinOf, builtins, functions } from '../language/index.ts'
import type { AggregateType, ScriptType } from '../type.ts'
import type { Checker } from './checker.ts'
import { checkExpression } from './expression.ts'
import { say } from './messages.ts'
import { kindText } from './type-text.ts'

export function checkCall(c: Checker, node: Call): ScriptType | undefined {
  const entry = functions.get(node.name)
  if (entry === undefined) {
    const builtin = builtinOf(node.name)
    if (builtin !== undefined && node.args.length === 0) {
      return builtin.type(c, { kind: 'identifier', id: node.id, span: node.span, name: node.name })
    }
    if (aggregates.has(node.name)) {
      c.report(say.mustBeAssigned, node, { name: node.name })
      return undefined
    }
    const args = node.args.map(arg => (arg.kind === 'type-argument' ? undefined : checkExpression(c, arg)))
    if (isKernelFunction(c, node.name)) return checkKfunc(c, node, args)
    const names = [...functions.keys(), ...builtins.keys(), ...aggregates.keys()]
    const hint = didYouMean(node.name, names).replace(/^[,;] /, '')
    c.report(say.unknownFunction, node, { name: node.name }, hint === '' ? undefined : hint)
    return undefined
  }
  if (entry.unsafe !== undefined && !c.facts.run.unsafe) {
    if (entry.unsafe === 'flag') c.report(say.unsafeFlag, node, { name: node.name })
    else c.report(say.unsafe, node, { name: node.name }, 'bee --unsafe allows it')
  }
  if (entry.providers !== undefined && !entry.providers.includes(c.provider)) {
    c.report(say.functionElsewhere, node, { name: node.name, provider: c.provider })
  }
  if (!checkCount(c, node, entry.args)) return undefined
  const args = node.args.map((arg, i) =>
    entry.raw?.includes(i) === true || arg.kind === 'type-argument' ? undefined : checkExpression(c, arg),
  )
  const fits = (entry.parameters ?? []).every(
    (parameter, i) =>
      parameter === null || node.args[i] === undefined || checkParameter(c, node, i, args[i], parameter),
  )
  return fits ? entry.type(c, node, args) : undefined
}

/** An aggregation assigned to a map: `@x = count()`. */
export function checkAggregate(c: Checker, node: Call): AggregateType | undefined {
  const entry = aggregates.get(node.name)!
  if (!checkCount(c, node, entry.args)) return undefined
  const args = node.args.map(arg => checkExpression(c, arg as Expression))
  return entry.type(c, node, args)
}

function checkCount(c: Checker, node: Call, [least, most]: readonly [number, number]): boolean {
  const { name } = node
  const found = node.args.length
  if (found >= least && found <= most) return true
  if (least === most) {
    if (least === 0) c.report(say.noArguments, node, { name, found })
    else if (least === 1) c.report(say.oneArgument, node, { name, found })
    else c.report(say.exactArguments, node, { name, count: least, found })
  } else if (found < least) {
    if (least === 1) c.report(say.atLeastOne, node, { name, found })
    else c.report(say.atLeast, node, { name, count: least, found })
  } else if (most === 1) c.report(say.upToOne, node, { name, found })
  else c.report(say.upTo, node, { name, count: most, found })
  return false
}

function checkParameter(
  c: Checker,
  node: Call,
  index: number,
  type: ScriptType | undefined,
  { kind, literal }: Parameter,
): boolean {
  const arg = node.args[index]!
  if (type === undefined) return false
  const found = kindText(type)
  const same = found === kind || (kind === 'string' && type.kind === 'string')
  if (literal && (!same || c.constantOf(arg) === undefined)) {
    c.report(say.wantsLiteral, node, { name: node.name, wanted: kind, found })
    if (arg.kind === 'positional') c.report(say.useStr, arg, { parameter: `$${arg.index}` })
    return false
  }
  if (!same) {
    c.report(say.onlySupports, node, { name: node.name, wanted: kind, found })
    return false
  }
  return true
}
