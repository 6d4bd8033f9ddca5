// The script's maps: elements read, written, stepped, added to.

import { type IntType, s64, u8, u32, u64, type Value } from '../../ir/index.ts'
import type { Assignment, Call, Expression, MapAccess, MapName, Step } from '../ast.ts'
import { isCastable } from '../check/promote.ts'
import { aggregateCall } from '../check/statement.ts'
import type { ScriptMap } from '../compiled.ts'
import { aggregates } from '../language/index.ts'
import { layoutOf } from '../layout.ts'
import type { AggregateType, ScriptType } from '../type.ts'
import { aggregateNumber } from './aggregate.ts'
import { type Datum, isScalar, registerType } from './datum.ts'
import { lowerExpression } from './expression.ts'
import type { Area, Lowering } from './lowering.ts'
import { tellFailure, tellMissing } from './runtime-error.ts'
import { lowerStatements } from './statement.ts'
import { addressOf, apart, at, inMemory, store, zero } from './store.ts'

export type Element = MapName | MapAccess

export function mapOf(l: Lowering, node: Element): ScriptMap {
  return l.shared.map(node.kind === 'map' ? node.name : node.map.name)
}

/** The key of an access in memory, laid out as the map's key. */
export function keyArea(l: Lowering, map: ScriptMap, key: Expression): Area {
  return keyOf(l, map, lowerExpression(l, key))
}

export function keyOf(l: Lowering, map: ScriptMap, datum: Datum): Area {
  const type = map.key!
  if (datum.kind === 'bytes' && sameBytes(datum.type, type)) return inMemory(l, datum)
  const area = l.temporaryFor(type, 'key')
  store(l, datum, type, area.base, area.offset)
  return area
}

function sameBytes(a: ScriptType, b: ScriptType): boolean {
  if (a.kind !== b.kind || a.kind === 'tuple') return false
  return layoutOf(a).sizeBytes === layoutOf(b).sizeBytes
}

/** Where a map without keys lies: its value, and the byte that says that it was written. */
export function globalAddress(l: Lowering, map: ScriptMap): { at: Value; offset: number; present: number } {
  const { b } = l
  const { store: place } = map
  if (place.kind !== 'global') throw new Error(`${map.name} has keys`)
  const base = b.mapValue(place.map)
  if (place.cpuStrideBytes === 0) return { at: base, offset: place.offset, present: place.present }
  return {
    at: cpuShare(l, base, l.cpu(), place.cpuStrideBytes),
    offset: place.offset,
    present: place.present,
  }
}

function cpuShare(l: Lowering, base: Value, cpu: Value, stride: number): Value {
  const { b } = l
  return b.offset(base, b.mul(b.mask(cpu, l.shared.cpuSlots - 1), stride))
}

function lookup(l: Lowering, map: ScriptMap, key: Area): Value {
  const { b } = l
  return b.call('map_lookup_elem', [b.mapFd(map.store.map), addressOf(l, key)])
}

/** Reads an element; one that is not there is zero. */
export function readElement(l: Lowering, node: Element): Datum {
  const map = mapOf(l, node)
  const { value: type } = map
  const key = node.kind === 'map' ? undefined : keyArea(l, map, node.key)
  return readAt(l, map, type, key)
}

export function readAt(l: Lowering, map: ScriptMap, type: ScriptType, key: Area | undefined): Datum {
  const { b } = l
  if (isCastable(type)) return { kind: 'scalar', type, value: readAggregate(l, map, type, key) }
  if (key === undefined) {
    const { at: base, offset } = globalAddress(l, map)
    return at(l, type, base, offset)
  }
  if (isScalar(type)) {
    const value = b.variable(registerType(type), 0)
    b.ifNotNull(
      lookup(l, map, key),
      found => value.set(b.load(found, 0, registerType(type))),
      () => l.scoped(() => tellMissing(l)),
    )
    return { kind: 'scalar', type, value: value.get() }
  }
  // Copied out at once: the element may change, or its key be deleted, before it is used.
  return {
    kind: 'made',
    type,
    write(to, offset) {
      l.ifNotNull(
        lookup(l, map, key),
        found => store(l, { kind: 'bytes', type, base: found, offset: 0 }, type, to, offset),
        () => {
          tellMissing(l)
          zero(l, to, offset, layoutOf(type).sizeBytes)
        },
      )
      return undefined
    },
  }
}

function readAggregate(l: Lowering, map: ScriptMap, type: ScriptType, key: Area | undefined): Value {
  const { b } = l
  const { store: place } = map
  if (place.kind === 'global') {
    const base = b.mapValue(place.map)
    return aggregateNumber(l, type, cpu => ({
      at: cpuShare(l, base, cpu, place.cpuStrideBytes),
      offset: place.offset,
    }))
  }
  const address = addressOf(l, key!)
  return aggregateNumber(l, type, cpu => ({
    at: b.call('map_lookup_percpu_elem', [b.mapFd(place.map), address, b.convert(cpu, u32)]),
    offset: 0,
  }))
}

/** `@m[k] = value`. */
export function assignElement(l: Lowering, node: Assignment): void {
  const target = node.target as Element
  const map = mapOf(l, target)
  const aggregate = node.operator === null ? aggregateCall(node.value) : undefined
  if (aggregate !== undefined) {
    aggregateInto(l, target, map, node.value, aggregate)
    return
  }
  const { b } = l
  if (map.store.kind === 'global') {
    const datum = apart(l, lowerExpression(l, node.value), node.value, map.name)
    const { at: base, offset, present } = globalAddress(l, map)
    store(l, datum, map.value, base, offset)
    b.store(base, present, 1, u8)
    return
  }
  const datum = lowerExpression(l, node.value)
  const key = keyArea(l, map, (target as MapAccess).key)
  updateElement(l, map, key, datum)
}

export function updateElement(l: Lowering, map: ScriptMap, key: Area, datum: Datum): void {
  const aligned = datum.kind === 'bytes' && sameBytes(datum.type, map.value)
  const area = aligned ? inMemory(l, datum) : l.temporary(pad8(layoutOf(map.value).sizeBytes), 'value')
  if (!aligned) {
    store(l, datum, map.value, area.base, area.offset)
    const { sizeBytes } = layoutOf(map.value)
    // Values of kernel maps are whole words.
    if (pad8(sizeBytes) > sizeBytes) zero(l, area.base, area.offset + sizeBytes, pad8(sizeBytes) - sizeBytes)
  }
  putElement(l, map, key, area)
}

/** Stores an element; that there is no room is told. */
function putElement(l: Lowering, map: ScriptMap, key: Area, value: Area, flags = 0): void {
  const { b } = l
  const args = [b.mapFd(map.store.map), addressOf(l, key), addressOf(l, value), flags]
  const result = b.call('map_update_elem', args)
  if (flags === 0) tellFailure(l, 'map_update_elem', result)
  // With BPF_NOEXIST somebody may have been faster.
  else l.if(b.ne(result, -EEXIST), () => tellFailure(l, 'map_update_elem', result))
}

const EEXIST = 17

/** Changes a number in a map by `by`; gives the old or the new one when it is asked for. */
export function stepElement(
  l: Lowering,
  node: Element,
  type: ScriptType,
  by: Value,
  wanted: 'old' | 'new' | 'nothing',
): Value | undefined {
  const { b } = l
  const map = mapOf(l, node)
  const width = registerType(map.value) as IntType
  const amount = b.convert(by, width)
  const result = wanted === 'nothing' ? undefined : b.variable(registerType(type), 0)
  const add = (base: Value, offset: number): void => {
    if (result === undefined && width.bits >= 32) {
      b.atomicAdd(base, offset, amount, width)
      return
    }
    const old = b.load(base, offset, width)
    const next = b.add(old, amount)
    b.store(base, offset, next)
    result?.set(b.convert(wanted === 'old' ? old : next, result.type as IntType))
  }
  if (map.store.kind === 'global') {
    const { at: base, offset, present } = globalAddress(l, map)
    add(base, offset)
    b.store(base, present, 1, u8)
    return result?.get()
  }
  const key = keyArea(l, map, (node as MapAccess).key)
  b.ifNotNull(
    lookup(l, map, key),
    found => add(found, 0),
    () => {
      const value = l.temporary(8, 'value')
      b.store(value.base, value.offset, 0, u64)
      b.store(value.base, value.offset, amount, width)
      putElement(l, map, key, value)
      result?.set(wanted === 'old' ? b.const(result.type, 0) : b.convert(amount, result.type as IntType))
    },
  )
  return result?.get()
}

/** `@m++` as a statement or a value. */
export function lowerStep(l: Lowering, node: Step, used: boolean): Datum {
  const { b } = l
  const target = node.target as Element
  const type = l.typeOf(node)
  const { value } = mapOf(l, target)
  const size = value.kind === 'pointer' ? BigInt(Math.max(1, layoutOf(value.to).sizeBytes)) : 1n
  const by = b.const(s64, node.operator === '++' ? size : -size)
  const wanted = !used ? 'nothing' : node.prefix ? 'new' : 'old'
  const result = stepElement(l, target, type.kind === 'none' ? value : type, by, wanted)
  return result === undefined ? { kind: 'none', type } : { kind: 'scalar', type, value: result }
}

/** `@m[k] = count()`. The arguments first, then this CPU's share of the element. */
function aggregateInto(l: Lowering, target: Element, map: ScriptMap, value: Expression, call: Call): void {
  const { b } = l
  if (value.kind === 'block') {
    lowerStatements(l, value.statements)
  }
  const entry = aggregates.get(call.name)!
  const type = map.value as AggregateType
  const amount = entry.evaluate(l, call)
  if (map.store.kind === 'global') {
    const { at: base, offset, present } = globalAddress(l, map)
    entry.update(l, type, base, offset, amount)
    b.store(base, present, 1, u8)
    return
  }
  const key = keyArea(l, map, (target as MapAccess).key)
  const fd = (): Value => b.mapFd(map.store.map)
  const { sizeBytes } = layoutOf(type)
  l.ifNotNull(
    b.call('map_lookup_elem', [fd(), addressOf(l, key)]),
    found => entry.update(l, type, found, 0, amount),
    () => {
      if (entry.first !== undefined) {
        const first = l.temporary(sizeBytes, 'first')
        entry.first(l, type, first.base, first.offset, amount)
        putElement(l, map, key, first)
        return
      }
      const zeros = l.buffer(sizeBytes)
      putElement(l, map, key, zeros, BPF_NOEXIST)
      l.ifNotNull(b.call('map_lookup_elem', [fd(), addressOf(l, key)]), found =>
        entry.update(l, type, found, 0, amount),
      )
    },
  )
}

const BPF_NOEXIST = 1

/** The condition that an element is there. */
export function hasKey(l: Lowering, map: ScriptMap, key: Area): Value {
  return l.b.notNull(lookup(l, map, key))
}

export function deleteElement(l: Lowering, map: ScriptMap, key: Area): Value {
  const { b } = l
  return b.eq(b.call('map_delete_elem', [b.mapFd(map.store.map), addressOf(l, key)]), 0)
}

function pad8(bytes: number): number {
  return (bytes + 7) & ~7
}
