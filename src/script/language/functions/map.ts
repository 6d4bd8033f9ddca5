// Functions on maps: delete, has_key, find, len.

import { bool as irBool, s64, u64, type Value } from '../../../ir/index.ts'
import type { Call, Expression, MapName, Variable } from '../../ast.ts'
import type { Checker } from '../../check/checker.ts'
import { say } from '../../check/messages.ts'
import { layoutOf } from '../../layout.ts'
import type { Datum } from '../../lower/datum.ts'
import { lowerExpression } from '../../lower/expression.ts'
import type { Lowering } from '../../lower/lowering.ts'
import { deleteElement, globalAddress, hasKey, keyOf, readAt } from '../../lower/maps.ts'
import { store, zero } from '../../lower/store.ts'
import { assignVariable } from '../../lower/variables.ts'
import { bool, int64, type ScriptType } from '../../type.ts'
import type { FunctionEntry } from '../entry.ts'

/** The map that is the first argument; reported when it is none. */
function mapArgument(c: Checker, call: Call): MapName | undefined {
  const map = call.args[0] as Expression
  if (map.kind === 'map') return map
  c.report(say.expectsMap, map, { name: call.name })
  return undefined
}

function keyed(c: Checker, call: Call, map: MapName, what: string): boolean {
  const state = c.map(map)
  if (state.scalar === true) {
    c.error(call, `call to ${what} expects a map with explicit keys (non-scalar map)`)
    return false
  }
  const key = c.checkExpression(call.args[1] as Expression)
  if (c.useMap(map, false, call)) c.useKey(state, key, call)
  return true
}

function keyArgument(l: Lowering, call: Call) {
  const map = l.shared.map((call.args[0] as MapName).name)
  return { map, key: keyOf(l, map, lowerExpression(l, call.args[1] as Expression)) }
}

const scalarBool = (value: Value): Datum => ({ kind: 'scalar', type: bool, value })

export const mapFunctions: readonly FunctionEntry[] = [
  {
    name: 'delete',
    args: [1, 2],
    raw: [0, 1],
    type(c, call) {
      const first = call.args[0] as Expression
      // The old form: delete(@m[k]), delete(@m).
      if (call.args.length === 1) {
        if (first.kind === 'map-access') {
          const key = c.checkExpression(first.key)
          if (c.useMap(first.map, false, first)) c.useKey(c.map(first.map), key, first)
          return bool
        }
        if (first.kind === 'map') {
          if (c.map(first).scalar === false) {
            c.error(
              call,
              'call to delete() with a single argument expects a map without explicit keys (scalar map)',
            )
          } else c.useMap(first, true)
          return bool
        }
        c.report(say.expectsMap, first, { name: 'delete' })
        return bool
      }
      const map = mapArgument(c, call)
      if (map !== undefined) keyed(c, call, map, 'delete() with two arguments')
      return bool
    },
    lower(l, call) {
      const { b } = l
      const first = call.args[0] as Expression
      if (call.args.length === 2) {
        const { map, key } = keyArgument(l, call)
        return scalarBool(deleteElement(l, map, key))
      }
      if (first.kind === 'map-access') {
        const map = l.shared.map(first.map.name)
        return scalarBool(deleteElement(l, map, keyOf(l, map, lowerExpression(l, first.key))))
      }
      const map = l.shared.map((first as MapName).name)
      const { at, offset, present } = globalAddress(l, map)
      const was = b.ne(b.load(at, present, { kind: 'int', bits: 8, signed: false }), 0)
      zero(l, at, offset, layoutOf(map.value).sizeBytes)
      b.store(at, present, 0, { kind: 'int', bits: 8, signed: false })
      return scalarBool(was)
    },
  },
  {
    name: 'has_key',
    args: [2, 2],
    raw: [0, 1],
    type(c, call) {
      const map = mapArgument(c, call)
      if (map !== undefined) keyed(c, call, map, 'has_key()')
      return bool
    },
    lower(l, call) {
      const { map, key } = keyArgument(l, call)
      return scalarBool(hasKey(l, map, key))
    },
  },
  {
    name: 'find',
    args: [3, 3],
    raw: [0, 1, 2],
    type(c, call) {
      const map = mapArgument(c, call)
      const target = call.args[2] as Expression
      if (map === undefined || !keyed(c, call, map, 'find')) return bool
      if (target.kind !== 'variable') {
        c.error(target, 'find() expects a variable as its third argument')
        return bool
      }
      if (c.findVariable(target.name) === undefined) c.declare(target, target.name)
      const variable = c.findVariable(target.name)!
      variable.assigned = true
      c.body.variables.set(target.id, variable)
      const { value } = c.map(map)
      if (value !== undefined) c.assignVariableType(target.name, value, call)
      return bool
    },
    lower(l, call) {
      const { b } = l
      const { map, key } = keyArgument(l, call)
      const variable = l.variableOf(call.args[2] as Variable)
      const found = b.variable(irBool, 0)
      const area = l.temporaryFor(map.value, 'found')
      l.if(hasKey(l, map, key), () => {
        found.set(1)
        store(l, readAt(l, map, map.value, key), map.value, area.base, area.offset)
      })
      l.if(found.get(), () => assignVariable(l, variable, readAt(l, map, map.value, key)))
      return scalarBool(found.get())
    },
  },
  {
    name: 'len',
    args: [1, 1],
    raw: [0],
    type(c, call) {
      const first = call.args[0] as Expression
      if (first.kind === 'map') {
        const state = c.map(first)
        if (state.scalar === true) {
          c.error(call, 'call to len() expects a map with explicit keys (non-scalar map)')
        } else c.useMap(first, false)
        return int64
      }
      const type: ScriptType | undefined = c.checkExpression(first)
      if (type !== undefined && type.kind !== 'kstack' && type.kind !== 'ustack') {
        c.error(call, 'call to len() expects a map, ustack, or kstack')
      }
      return int64
    },
    lower(l, call) {
      const first = call.args[0] as Expression
      if (first.kind === 'map') return mapLength(l, l.shared.map(first.name).store.map)
      return stackLength(l, first)
    },
  },
]

/** Counts the elements by walking them. */
function mapLength(l: Lowering, map: string): Datum {
  const { b } = l
  const name = l.callbackName()
  l.state.program.subprogram(
    name,
    [{ kind: 'pointer', space: 'map', maybeNull: false }, u64, u64, u64],
    inner => {
      inner.return(0)
    },
  )
  const counted = b.call('for_each_map_elem', [b.mapFd(map), b.functionAddress(name), 0, 0])
  return { kind: 'scalar', type: int64, value: b.convert(counted, s64) }
}

/** Frames of a stack, taken for nothing else. */
function stackLength(l: Lowering, node: Expression): Datum {
  const { b } = l
  const type = l.typeOf(node) as Extract<ScriptType, { kind: 'kstack' | 'ustack' }>
  const frameBytes = type.mode === 'build_id' ? 32 : 8
  const area = l.buffer(type.limit * frameBytes)
  const flags = (type.kind === 'ustack' ? 1 << 8 : 0) | (type.mode === 'build_id' ? 1 << 11 : 0)
  const got = b.call('get_stack', [l.ctx!, b.offset(area.base, area.offset), type.limit * frameBytes, flags])
  const bytes = b.convert(b.select(b.lt(got, 0), b.const(got.type, 0), got), u64)
  return { kind: 'scalar', type: int64, value: b.convert(b.div(bytes, frameBytes), s64) }
}
