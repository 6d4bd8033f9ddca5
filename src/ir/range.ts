// What is known of values: the largest unsigned number they can be, and how many low bits say it all when the rest
// repeats the sign.

import type { Op, ValueId } from './func.ts'
import { isTracked, type Type } from './types.ts'

const ALL = 0xffffffffffffffffn

export interface Facts {
  readonly types: readonly Type[]
  readonly defs: readonly (Op | undefined)[]
  /** values are in the canonical form of their type (`types.ts`); no longer so after the `narrow` pass */
  readonly canonical: boolean
}

/** How far the definitions of operands are looked at. */
const DEPTH = 6

/** The largest number the value can be, unsigned. */
export function maxOf(facts: Facts, value: ValueId, depth = DEPTH): bigint {
  const max = structuralMax(facts, value, depth, false)
  const type = facts.types[value]!
  if (!facts.canonical || isTracked(type)) return max
  const byType =
    type.kind === 'bool' ? 1n : type.kind === 'int' && !type.signed ? (1n << BigInt(type.bits)) - 1n : ALL
  return byType < max ? byType : max
}

/** The largest number as the verifier of any kernel works it out too: from few instructions, not from types. */
export function verifierMax(facts: Facts, value: ValueId): bigint {
  return structuralMax(facts, value, DEPTH, true)
}

/** Operations whose results old verifiers know nothing of. */
const OPAQUE: ReadonlySet<string> = new Set(['udiv', 'umod', 'mul', 'or', 'xor'])

function structuralMax(facts: Facts, value: ValueId, depth: number, verifier: boolean): bigint {
  const def = facts.defs[value]
  if (def === undefined || depth === 0) return ALL
  if (verifier && (def.kind === 'bytes' || def.kind === 'select')) return ALL
  if (verifier && def.kind === 'binary' && OPAQUE.has(def.op)) return ALL
  const of = (v: ValueId): bigint =>
    verifier ? structuralMax(facts, v, depth - 1, true) : maxOf(facts, v, depth - 1)
  switch (def.kind) {
    case 'const':
      return def.value
    case 'compare':
      return 1n
    case 'load':
      return def.signed || def.bits === 64 ? ALL : (1n << BigInt(def.bits)) - 1n
    case 'bytes':
      return (1n << BigInt(def.bits)) - 1n
    case 'bound':
      return min(def.max, of(def.a))
    case 'extend': {
      const max = of(def.a)
      const limit = (1n << BigInt(def.bits)) - 1n
      if (!def.signed) return min(max, limit)
      return max <= limit >> 1n ? max : ALL
    }
    case 'select':
      return larger(of(def.a), of(def.b))
    case 'binary': {
      const right = facts.defs[def.b]
      // A count that may be too large makes the verifier forget what it knew of the left side.
      if (verifier && def.op === 'lshr' && right?.kind !== 'const') return (1n << BigInt(def.bits)) - 1n
      return binaryMax(def.op, def.bits, of(def.a), of(def.b), right)
    }
    default:
      return ALL
  }
}

function binaryMax(op: string, bits: 32 | 64, a: bigint, b: bigint, right: Op | undefined): bigint {
  const all = (1n << BigInt(bits)) - 1n
  const fits = (max: bigint): bigint => (a <= all && b <= all && max <= all ? max : all)
  switch (op) {
    case 'and':
      return min(all, min(a, b))
    case 'or':
    case 'xor':
      return min(all, (1n << BigInt(Math.max(bitLength(a), bitLength(b)))) - 1n)
    case 'add':
      return fits(a + b)
    case 'mul':
      return fits(a * b)
    case 'shl':
      return right?.kind === 'const' && right.value < BigInt(bits) ? fits(a << right.value) : all
    case 'lshr':
      if (right?.kind !== 'const' || right.value >= BigInt(bits)) return min(all, a > all ? all : a)
      return min(a, all) >> right.value
    case 'udiv':
    case 'umod':
      return min(all, a)
    default:
      return all
  }
}

/** The smallest n such that the value is the sign extension of its low n bits. */
export function signedBits(facts: Facts, value: ValueId, depth = DEPTH): number {
  let bits = Math.min(64, bitLength(maxOf(facts, value, depth)) + 1)
  const type = facts.types[value]!
  if (facts.canonical && type.kind === 'int' && type.signed) bits = Math.min(bits, type.bits)
  const def = facts.defs[value]
  if (def === undefined || depth === 0) return bits
  const of = (v: ValueId): number => signedBits(facts, v, depth - 1)
  switch (def.kind) {
    case 'const':
      return Math.min(bits, bitLength(BigInt.asIntN(64, def.value) < 0n ? ~def.value & ALL : def.value) + 1)
    case 'load':
      return def.signed ? Math.min(bits, def.bits) : bits
    case 'extend':
      return def.signed ? Math.min(bits, def.bits, of(def.a)) : bits
    case 'select':
      return Math.min(bits, Math.max(of(def.a), of(def.b)))
    case 'binary': {
      if (def.bits === 32 || (def.op !== 'and' && def.op !== 'or' && def.op !== 'xor')) return bits
      return Math.min(bits, Math.max(of(def.a), of(def.b)))
    }
    default:
      return bits
  }
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
