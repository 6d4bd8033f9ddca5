// Scratch variables: in registers where one is enough, in memory where they are larger, or shared with the callback of a
// loop.

import { type IntType, u64, type Value } from '../../ir/index.ts'
import type { Step } from '../ast.ts'
import type { LocalVariable } from '../check/checked.ts'
import { isCastable } from '../check/promote.ts'
import { layoutOf } from '../layout.ts'
import { int64, none, type ScriptType, type TupleType } from '../type.ts'
import { aggregateNumber } from './aggregate.ts'
import { type Datum, isScalar, registerType } from './datum.ts'
import type { Lowering, Storage } from './lowering.ts'
import { at, store, toScalar, zero } from './store.ts'

/** What a variable is declared to hold; an aggregation's number is a plain one here. */
export function variableType(variable: LocalVariable): ScriptType {
  return variable.type ?? none
}

/** Makes room for a variable and empties it: at its declaration. */
export function declareVariable(l: Lowering, variable: LocalVariable): void {
  const type = variableType(variable)
  const storage = storageOf(l, variable)
  if (storage.kind === 'register') storage.variable.set(0)
  else {
    const area = areaOf(l, storage)
    zero(l, area.base, area.offset, layoutOf(type).sizeBytes)
  }
}

export function assignVariable(l: Lowering, variable: LocalVariable, datum: Datum): void {
  const type = variableType(variable)
  if (type.kind === 'none') return
  const storage = storageOf(l, variable)
  if (storage.kind === 'register') {
    storage.variable.set(toScalar(l, datum, type))
    return
  }
  // Objects in traced memory stay there: the variable holds their address.
  const area = areaOf(l, storage)
  if (isPlaced(type)) {
    const address = datum.kind === 'remote' ? datum.address : l.b.const(u64, 0)
    l.b.store(area.base, area.offset, address, u64)
    return
  }
  store(l, datum, type, area.base, area.offset)
}

/** A struct or array that lies in traced memory. */
function isPlaced(type: ScriptType): type is Extract<ScriptType, { kind: 'struct' | 'array' }> {
  return (type.kind === 'struct' || type.kind === 'array') && type.space !== 'none'
}

/** `inMemory` keeps what would be a register's in memory: its address is taken. */
export function readVariable(l: Lowering, variable: LocalVariable, memory = false): Datum {
  const type = variableType(variable)
  const storage = storageOf(l, variable)
  if (storage.kind === 'register') return { kind: 'scalar', type, value: storage.variable.get() }
  if (storage.kind === 'element') return elementPair(l, type as TupleType, storage.key, storage.value)
  const area = areaOf(l, storage)
  if (isPlaced(type)) {
    const address = l.b.load(area.base, area.offset, u64)
    return { kind: 'remote', type, address, space: type.space === 'user' ? 'user' : 'kernel' }
  }
  if (memory) return { kind: 'bytes', type, base: area.base, offset: area.offset }
  return at(l, type, area.base, area.offset)
}

/** The pair of a loop over a map: its parts are read where they lie. */
function elementPair(l: Lowering, type: TupleType, key: Value, value: Value): Datum {
  const [keyType, valueType] = type.elements as [ScriptType, ScriptType]
  const second: Datum = isCastable(valueType)
    ? {
        kind: 'scalar',
        type: valueType,
        value: aggregateNumber(l, valueType, cpu => perCpuShare(l, key, cpu)),
      }
    : at(l, valueType, value, 0)
  return { kind: 'tuple', type, elements: [at(l, keyType, key, 0), second] }
}

function perCpuShare(l: Lowering, key: Value, cpu: Value): { at: Value; offset: number } {
  const map = l.loopMap!
  const found = l.b.call('map_lookup_percpu_elem', [l.b.mapFd(map), key, cpu])
  return { at: found, offset: 0 }
}

export function stepVariable(l: Lowering, node: Step): Datum {
  const { b } = l
  const variable = l.variableOf(node.target)
  const held = variableType(variable)
  const type = l.typeOf(node)
  const old = toScalar(l, readVariable(l, variable), held)
  const size = held.kind === 'pointer' ? Math.max(1, layoutOf(held.to).sizeBytes) : 1
  const next = b.add(old, b.const(old.type, node.operator === '++' ? size : -size))
  assignVariable(l, variable, { kind: 'scalar', type: held, value: next })
  const shown = isScalar(type) ? type : int64
  return {
    kind: 'scalar',
    type: shown,
    value: b.convert(node.prefix ? next : old, registerType(shown) as IntType),
  }
}

function storageOf(l: Lowering, variable: LocalVariable): Storage {
  return l.storageOf(variable, () => {
    const type = variableType(variable)
    const { captured } = l.state
    const shared = captured.has(variable.id)
    if (isScalar(type) && !shared) {
      return { kind: 'register', variable: l.b.variable(registerType(type), 0) }
    }
    const size = isPlaced(type) ? 8 : layoutOf(type).sizeBytes
    if (!shared) {
      const area = l.temporary(size, variable.name)
      if (area.base.type.kind === 'pointer' && area.base.type.space === 'stack') {
        return { kind: 'stack', slot: area.base }
      }
      return { kind: 'scratch', offset: area.offset }
    }
    let offset = l.state.sharedOffsets.get(variable.id)
    if (offset === undefined) {
      offset = l.reserveScratch(size)
      l.state.sharedOffsets.set(variable.id, offset)
    }
    return { kind: 'scratch', offset }
  })
}

function areaOf(l: Lowering, storage: Storage): { base: Value; offset: number } {
  if (storage.kind === 'stack') return { base: storage.slot, offset: 0 }
  if (storage.kind === 'scratch') return { base: l.scratch(), offset: storage.offset }
  throw new Error('a variable without memory')
}
