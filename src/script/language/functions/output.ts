// Functions that print, and others that the reader carries out: each sends a record that names its action.

import { u32 } from '../../../ir/index.ts'
import type { Call, Expression, MapName } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import { truth } from '../../check/fold.ts'
import { say } from '../../check/messages.ts'
import { isCastable, isSigned, settled } from '../../check/promote.ts'
import { typeText } from '../../check/type-text.ts'
import { CONTROL_EXIT_CODE, CONTROL_EXITED, CONTROL_MAP } from '../../compiled.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { keyOf, readAt } from '../../lower/maps.ts'
import { emitRecord, recordType } from '../../lower/records.ts'
import { at, store } from '../../lower/store.ts'
import { checkFormat, parseFormat } from '../../output/format.ts'
import { int32, int64, isAggregate, none, type ScriptType, uint32, uint64 } from '../../type.ts'
import type { FunctionEntry } from '../entry.ts'

type FormatKind = 'printf' | 'errorf' | 'warnf' | 'cat' | 'system'

/** How an argument is sent: an aggregation as its number. */
function sentType(type: ScriptType): ScriptType {
  if (isCastable(type)) return isSigned(type) ? int64 : uint64
  return recordType(settled(type))
}

function formatFunction(name: FormatKind): FunctionEntry {
  return {
    name,
    args: [1, 128],
    ...(name === 'system' ? { unsafe: 'call' as const } : {}),
    parameters: [{ kind: 'string', literal: true }],
    type(c, call, args) {
      const format = c.stringConstant(call.args[0])
      if (format === undefined || !args.every(type => type !== undefined)) return none
      const types = (args.slice(1) as ScriptType[]).map(type => (isAggregate(type) ? sentOrNone(type) : type))
      const problem = checkFormat(parseFormat(format), types, typeText)
      if (problem !== undefined) c.error(call, problem)
      return none
    },
    lower(l, call) {
      const args = (call.args.slice(1) as Expression[]).map(arg => lowerExpression(l, arg))
      const types = args.map(datum => sentType(datum.type))
      const format = l.constantOf(call.args[0]!) as string
      const action = l.shared.action({ kind: name, span: call.span, format, args: types })
      emitRecord(l, action, types, args)
      return { kind: 'none', type: none }
    },
  }
}

function sentOrNone(type: ScriptType): ScriptType {
  return isCastable(type) ? sentType(type) : none
}

const print: FunctionEntry = {
  name: 'print',
  args: [1, 3],
  raw: [0],
  parameters: [null, { kind: 'int', literal: true }, { kind: 'int', literal: true }],
  type(c, call) {
    const first = call.args[0] as Expression
    if (first.kind === 'map' && isWholeMap(c, first)) {
      checkPrintMap(c, call, first)
      return none
    }
    return checkPrintValue(c, call, first)
  },
  lower(l, call) {
    const first = call.args[0] as Expression
    if (first.kind === 'map') return printMap(l, call, first)
    if (first.kind === 'map-access') return printElement(l, call, first)
    return printValue(l, call, first)
  },
}

/** `print(@m)` prints the map, keys or not. */
function isWholeMap(c: Checker, map: MapName): boolean {
  c.map(map)
  return true
}

function checkPrintMap(c: Checker, call: Call, map: MapName): void {
  const { value } = c.map(map)
  if (value === undefined && c.reporting) c.report(say.undefinedMap, map, { name: map.name })
  if (c.loopDepth > 0) {
    c.warn(
      call,
      "Due to it's asynchronous nature using 'print()' in a loop can lead to unexpected behavior. The map will likely be updated before the runtime can 'print' it.",
    )
  }
  if (value?.kind === 'stats' && call.args.length > 1) {
    c.warn(call, "print()'s top and div arguments are ignored when used on stats() maps.")
  }
}

function checkPrintValue(c: Checker, call: Call, node: Expression): ScriptType {
  const type = c.checkExpression(node)
  if (type === undefined) return none
  if (type.kind === 'none') {
    c.error(call, `${typeText(type)} type passed to print() is not printable`)
    return none
  }
  const isElement = node.kind === 'map-access'
  if (['hist', 'lhist', 'tseries'].includes(type.kind) && !isElement) {
    const text = `Map type ${typeText(type)} cannot print the value of individual keys. You must print the whole map.`
    c.error(call, text)
  }
  if (['hist', 'lhist', 'tseries'].includes(type.kind) && isElement) {
    const text = `Map type ${typeText(type)} cannot print the value of individual keys. You must print the whole map.`
    c.error(call, text)
  } else if (call.args.length !== 1) {
    c.error(call, `Non-map print() only takes 1 argument, ${call.args.length} found`)
  }
  return none
}

function printMap(l: Lowering, call: Call, map: MapName): Datum {
  const [top, div] = [1, 2].map(i => {
    const arg = call.args[i]
    const value = arg === undefined ? 0n : l.constantOf(arg)
    const made: Datum = { kind: 'scalar', type: uint32, value: l.b.const(u32, (value as bigint) ?? 0n) }
    return made
  })
  const args = [uint32, uint32]
  const action = l.shared.action({
    kind: 'print-map',
    span: call.span,
    map: l.shared.mapIndex(map.name),
    args,
  })
  emitRecord(l, action, args, [top!, div!])
  return { kind: 'none', type: none }
}

/** One element, with its key in front; of an aggregation the number that all CPUs make. */
function printElement(l: Lowering, call: Call, node: Extract<Expression, { kind: 'map-access' }>): Datum {
  const map = l.shared.map(node.map.name)
  if (map.key === undefined) return printValue(l, call, node)
  const key = keyOf(l, map, lowerExpression(l, node.key))
  const value = readAt(l, map, map.value, key)
  const types = [map.key, sentType(map.value)] as const
  const action = l.shared.action({
    kind: 'print-element',
    span: call.span,
    map: l.shared.mapIndex(map.name),
    args: types,
  })
  emitRecord(l, action, types, [at(l, map.key, key.base, key.offset), value])
  return { kind: 'none', type: none }
}

function printValue(l: Lowering, call: Call, node: Expression): Datum {
  const datum = lowerExpression(l, node)
  const type = sentType(datum.type)
  const action = l.shared.action({ kind: 'print-value', span: call.span, args: [type] })
  emitRecord(l, action, [type], [datum])
  return { kind: 'none', type: none }
}

function mapAction(name: 'clear' | 'zero'): FunctionEntry {
  return {
    name,
    args: [1, 1],
    raw: [0],
    type(c, call) {
      const map = call.args[0] as Expression
      if (map.kind !== 'map') {
        c.report(say.expectsMap, map, { name })
        return none
      }
      if (c.map(map).value === undefined && c.reporting) c.report(say.undefinedMap, map, { name: map.name })
      return none
    },
    lower(l, call) {
      const map = l.shared.mapIndex((call.args[0] as MapName).name)
      emitRecord(l, l.shared.action({ kind: name, span: call.span, map, args: [] }), [], [])
      return { kind: 'none', type: none }
    },
  }
}

const exit: FunctionEntry = {
  name: 'exit',
  args: [0, 1],
  parameters: [{ kind: 'int' }],
  type: () => none,
  lower(l, call) {
    const { b } = l
    const code: Datum =
      call.args.length === 0
        ? { kind: 'scalar', type: int32, value: b.const({ kind: 'int', bits: 32, signed: true }, 0) }
        : lowerExpression(l, call.args[0] as Expression)
    const action = l.shared.action({ kind: 'exit', span: call.span, args: [int32] })
    emitRecord(l, action, [int32], [code])
    tellExit(l, code)
    l.leave(0)
    return { kind: 'none', type: none }
  },
}

/** The record of an exit may be lost to a full ring; this is not. */
function tellExit(l: Lowering, code: Datum): void {
  const { b } = l
  const control = b.mapValue(CONTROL_MAP)
  store(l, code, int32, control, CONTROL_EXIT_CODE)
  b.store(control, CONTROL_EXITED, 1, u32)
}

const time: FunctionEntry = {
  name: 'time',
  args: [0, 1],
  parameters: [{ kind: 'string', literal: true }],
  type: () => none,
  lower(l, call) {
    const format = call.args.length === 0 ? '%H:%M:%S\n' : (l.constantOf(call.args[0]!) as string)
    emitRecord(l, l.shared.action({ kind: 'time', span: call.span, format, args: [] }), [], [])
    return { kind: 'none', type: none }
  },
}

/** `fail("…")`: reached only when no `comptime` took it away. */
const fail: FunctionEntry = {
  name: 'fail',
  args: [1, 128],
  parameters: [{ kind: 'string', literal: true }],
  type(c, call) {
    const values = call.args.map(arg => c.constantOf(arg))
    if (values.some(value => value === undefined)) {
      c.error(call, 'fail() arguments need to be literals')
      return none
    }
    let next = 1
    const text = (values[0] as string).replace(/%[a-z]/g, () => String(values[next++] ?? ''))
    c.error(call, text)
    return none
  },
  lower: () => ({ kind: 'none', type: none }),
}

const staticAssert: FunctionEntry = {
  name: 'static_assert',
  args: [2, 2],
  type(c, call) {
    const value = c.constantOf(call.args[0]!)
    if (value === undefined) c.report(say.notKnown, call, {})
    else if (!truth(value)) c.error(call, c.stringConstant(call.args[1]) ?? 'static_assert failed')
    return none
  },
  lower: () => ({ kind: 'none', type: none }),
}

const assertFunction: FunctionEntry = {
  name: 'assert',
  args: [2, 2],
  parameters: [null, { kind: 'string' }],
  type: () => none,
  lower(l, call) {
    const { b } = l
    const condition = l.condition(call.args[0] as Expression)
    l.if(b.not(condition), () => {
      const message = lowerExpression(l, call.args[1] as Expression)
      const type = recordType(message.type)
      const action = l.shared.action({
        kind: 'errorf',
        span: call.span,
        format: 'assert failed: %s',
        args: [type],
      })
      emitRecord(l, action, [type], [message])
      const ends = l.shared.action({ kind: 'exit', span: call.span, args: [int32] })
      const one = b.const({ kind: 'int', bits: 32, signed: true }, 1)
      const code: Datum = { kind: 'scalar', type: int32, value: one }
      emitRecord(l, ends, [int32], [code])
      tellExit(l, code)
      l.leave(0)
    })
    return { kind: 'none', type: none }
  },
}

export const outputFunctions: readonly FunctionEntry[] = [
  formatFunction('printf'),
  formatFunction('errorf'),
  formatFunction('warnf'),
  formatFunction('cat'),
  formatFunction('system'),
  print,
  mapAction('clear'),
  mapAction('zero'),
  exit,
  time,
  fail,
  staticAssert,
  assertFunction,
]
