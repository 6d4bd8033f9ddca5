// Which types stand for which: equality, compatibility, and the one type that holds two (bpftrace's
// get_promoted_type). Integers grow, strings take the larger capacity, tuples element by element.

import {
  type EnumType,
  type IntegerType,
  intOf,
  type ScriptType,
  type StructType,
  string,
  type TupleType,
  tuple,
} from '../type.ts'

/** An integer, or an enumerator that counts as one. */
export type Whole = Extract<ScriptType, { kind: 'integer' | 'enum' }>

export function isWhole(type: ScriptType): type is Whole {
  return type.kind === 'integer' || type.kind === 'enum'
}

/** Aggregates with one number to say: they may stand where an integer may. */
export function isCastable(
  type: ScriptType,
): type is Extract<ScriptType, { kind: 'count' | 'sum' | 'avg' | 'min' | 'max' }> {
  return ['count', 'sum', 'avg', 'min', 'max'].includes(type.kind)
}

export function isSigned(type: ScriptType): boolean {
  switch (type.kind) {
    case 'integer':
    case 'enum':
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
    case 'stats':
      return type.signed
    default:
      return false
  }
}

/** A non-negative literal's type without the freedom to be either sign. */
export function settled(type: ScriptType): ScriptType {
  return type.kind === 'integer' && type.flexible ? intOf(type.bits, type.signed) : type
}

export function sameType(a: ScriptType, b: ScriptType): boolean {
  if (a === b) return true
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'integer': {
      const other = b as IntegerType
      return a.bits === other.bits && a.signed === other.signed && a.flexible === other.flexible
    }
    case 'enum':
      return sameEnum(a, b as EnumType) && a.bits === (b as EnumType).bits
    case 'string': {
      const other = b as typeof a
      return a.capacity === other.capacity && a.whole === other.whole
    }
    case 'buffer':
      return a.capacity === (b as typeof a).capacity
    case 'pointer':
      return sameType(a.to, (b as typeof a).to) && a.space === (b as typeof a).space
    case 'array':
      return a.count === (b as typeof a).count && sameType(a.element, (b as typeof a).element)
    case 'struct':
      return sameStruct(a, b as StructType)
    case 'tuple': {
      const other = b as TupleType
      return (
        a.elements.length === other.elements.length &&
        a.elements.every((element, i) => sameType(element, other.elements[i]!)) &&
        (a.names === undefined) === (other.names === undefined) &&
        (a.names?.every((name, i) => name === other.names![i]) ?? true)
      )
    }
    case 'kstack':
    case 'ustack':
      return a.mode === (b as typeof a).mode && a.limit === (b as typeof a).limit
    case 'named':
      return a.table === (b as typeof a).table
    case 'sum':
    case 'avg':
    case 'stats':
    case 'min':
    case 'max':
      return a.signed === (b as typeof a).signed
    case 'hist':
      return a.bits === (b as typeof a).bits
    case 'lhist': {
      const other = b as typeof a
      return a.min === other.min && a.max === other.max && a.step === other.step
    }
    case 'tseries': {
      const other = b as typeof a
      return (
        a.intervalNs === other.intervalNs && a.buckets === other.buckets && a.aggregate === other.aggregate
      )
    }
    default:
      return true
  }
}

function sameEnum(a: EnumType, b: EnumType): boolean {
  return a.values === b.values || (a.name !== '' && a.name === b.name)
}

function sameStruct(a: StructType, b: StructType): boolean {
  return a.def === b.def || (a.def.name !== '' && a.def.name === b.def.name && a.def.union === b.def.union)
}

/** The type that holds values of both, or undefined when there is none. */
export function promote(current: ScriptType | undefined, next: ScriptType): ScriptType | undefined {
  if (current === undefined) return isCastable(next) ? intOf(64, isSigned(next)) : next
  if (sameType(current, next)) return next
  if (isWhole(current) && isWhole(next)) {
    if (current.kind === 'enum' && next.kind === 'enum' && sameEnum(current, next)) return current
    return promoteIntegers(integerOf(current), integerOf(next))
  }
  if (isWhole(current) && isCastable(next)) {
    return promoteIntegers(integerOf(current), intOf(64, isSigned(next)))
  }
  if (isWhole(next) && isCastable(current)) {
    return promoteIntegers(intOf(64, isSigned(current)), integerOf(next))
  }
  if (isCastable(current) && current.kind === next.kind) return current
  if (current.kind !== next.kind) return undefined
  switch (current.kind) {
    case 'string':
      return string(Math.max(current.capacity, (next as typeof current).capacity))
    case 'buffer':
      return { kind: 'buffer', capacity: Math.max(current.capacity, (next as typeof current).capacity) }
    case 'tuple':
      return promoteTuples(current, next as TupleType)
    case 'pointer':
      return promotePointers(current, next as typeof current)
    case 'struct':
      return sameStruct(current, next as StructType) ? current : undefined
    case 'sum':
    case 'avg':
    case 'stats':
    case 'min':
    case 'max':
      return { kind: current.kind, signed: true }
    default:
      return undefined
  }
}

function integerOf(type: Whole): IntegerType {
  return type.kind === 'integer' ? type : intOf(type.bits, type.signed)
}

export function promoteIntegers(a: IntegerType, b: IntegerType): IntegerType {
  const bits = Math.max(a.bits, b.bits) as IntegerType['bits']
  const clock = a.clock ?? b.clock
  const made = (type: IntegerType): IntegerType => (clock === undefined ? type : { ...type, clock })
  if (a.flexible && b.flexible) return { ...intOf(bits, a.signed || b.signed), flexible: true }
  if (a.flexible || b.flexible) return made(intOf(bits, a.flexible ? b.signed : a.signed))
  if (a.signed === b.signed) return made(intOf(bits, a.signed))
  const [signed, unsigned] = a.signed ? [a, b] : [b, a]
  if (signed.bits > unsigned.bits) return made(intOf(signed.bits, true))
  return made(intOf(Math.min(64, bits * 2) as IntegerType['bits'], true))
}

function promoteTuples(a: TupleType, b: TupleType): TupleType | undefined {
  if (a.elements.length !== b.elements.length) return undefined
  if ((a.names === undefined) !== (b.names === undefined)) return undefined
  const elements: ScriptType[] = []
  for (const [i, element] of a.elements.entries()) {
    const at = a.names === undefined ? i : b.names!.indexOf(a.names[i]!)
    const other = b.elements[at]
    const both = other === undefined ? undefined : promote(element, other)
    if (both === undefined) return undefined
    elements.push(both)
  }
  return tuple(elements, a.names)
}

type Pointer = Extract<ScriptType, { kind: 'pointer' }>

function promotePointers(a: Pointer, b: Pointer): ScriptType | undefined {
  const to = a.to.kind === 'none' && b.to.kind === 'none' ? a.to : promote(a.to, b.to)
  if (to === undefined) return undefined
  return { kind: 'pointer', to, space: a.space === b.space || b.space === 'none' ? a.space : b.space }
}

/** Whether every value of `from` is one of `to`, without loss. */
export function fitsInto(from: ScriptType, to: ScriptType): boolean {
  if (sameType(settled(from), settled(to))) return true
  if (isWhole(from) && isWhole(to)) {
    const flexible = from.kind === 'integer' && from.flexible === true
    if (from.signed === to.signed || flexible) return from.bits <= to.bits
    return !from.signed && from.bits < to.bits
  }
  if (from.kind === 'string' && to.kind === 'string') return from.capacity <= to.capacity
  if (from.kind === 'buffer' && to.kind === 'buffer') return from.capacity <= to.capacity
  if (from.kind === 'tuple' && to.kind === 'tuple' && from.elements.length === to.elements.length) {
    if (from.names === undefined) return from.elements.every((e, i) => fitsInto(e, to.elements[i]!))
    return from.elements.every((e, i) => {
      const other = to.elements[to.names?.indexOf(from.names![i]!) ?? -1]
      return other !== undefined && fitsInto(e, other)
    })
  }
  return false
}

/** The smallest type of a literal. */
export function literalType(value: bigint): IntegerType {
  if (value >= 1n << 63n) return intOf(64, false)
  const bits =
    value >= -(1n << 7n) && value < 1n << 7n
      ? 8
      : value >= -(1n << 15n) && value < 1n << 15n
        ? 16
        : value >= -(1n << 31n) && value < 1n << 31n
          ? 32
          : 64
  return value < 0n ? intOf(bits, true) : { ...intOf(bits, true), flexible: true }
}
