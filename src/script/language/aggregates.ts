// Aggregations: what is assigned to a map by `count()` and its like. Each CPU adds to a share of its own, the reader adds
// the shares up (type.ts says how they lie).

import { type IntType, s64, u64, type Value } from '../../ir/index.ts'
import type { Call, Expression } from '../ast.ts'
import { bucketCount } from '../buckets.ts'
import type { Checker } from '../check/checker.ts'
import { say } from '../check/messages.ts'
import { isCastable, isSigned, isWhole } from '../check/promote.ts'
import { typeText } from '../check/type-text.ts'
import { lowerInteger } from '../lower/expression.ts'
import type { Lowering } from '../lower/lowering.ts'
import { readAt } from '../lower/maps.ts'
import { toScalar } from '../lower/store.ts'
import { type AggregateType, int64, type ScriptType, uint64 } from '../type.ts'
import { now } from './builtins/clock.ts'
import type { AggregateEntry } from './entry.ts'

/** The type of the integer argument of `sum` and the like, reported when it is none. */
function integerArgument(c: Checker, call: Call, type: ScriptType | undefined): boolean | undefined {
  if (type === undefined) return undefined
  if (!isWhole(type) && !isCastable(type)) {
    c.report(say.aggregateArgument, call, { name: call.name, type: typeText(type) })
    return undefined
  }
  return isSigned(type)
}

function amount(l: Lowering, call: Call): Value {
  const arg = call.args[0] as Expression
  return lowerInteger(l, arg, isSigned(l.typeOf(arg)) ? int64 : uint64)
}

function signedType(type: AggregateType): IntType {
  return 'signed' in type && type.signed ? s64 : u64
}

function add(l: Lowering, at: Value, offset: number, by: Value | number): void {
  const { b } = l
  b.store(at, offset, b.add(b.load(at, offset, u64), typeof by === 'number' ? by : b.convert(by, u64)))
}

function total(kind: 'sum' | 'avg' | 'stats', example: string): AggregateEntry {
  return {
    name: kind,
    args: [1, 1],
    example,
    type(c, call, [type]) {
      const signed = integerArgument(c, call, type)
      return signed === undefined ? undefined : { kind, signed }
    },
    evaluate: amount,
    update(l, _type, at, offset, value) {
      add(l, at, offset, value!)
      if (kind !== 'sum') add(l, at, offset + 8, 1)
    },
    first(l, _type, at, offset, value) {
      l.b.store(at, offset, l.b.convert(value!, u64))
      l.b.store(at, offset + 8, kind === 'sum' ? 0 : 1, u64)
    },
  }
}

function extreme(kind: 'min' | 'max', example: string): AggregateEntry {
  return {
    name: kind,
    args: [1, 1],
    example,
    type(c, call, [type]) {
      const signed = integerArgument(c, call, type)
      return signed === undefined ? undefined : { kind, signed }
    },
    evaluate: amount,
    update(l, type, at, offset, value) {
      const { b } = l
      const number = signedType(type)
      const next = b.convert(value!, number)
      const old = b.load(at, offset, number)
      const better = kind === 'min' ? b.lt(next, old) : b.gt(next, old)
      const unseen = b.eq(b.load(at, offset + 8, u64), 0)
      b.if(b.or(unseen, better), () => {
        b.store(at, offset, next)
        b.store(at, offset + 8, 1, u64)
      })
    },
    first(l, _type, at, offset, value) {
      l.b.store(at, offset, l.b.convert(value!, u64))
      l.b.store(at, offset + 8, 1, u64)
    },
  }
}

/** Adds one to bucket `index`, bounded. */
function bump(l: Lowering, type: AggregateType, at: Value, offset: number, index: Value): void {
  const { b } = l
  const count = bucketCount(type as Extract<AggregateType, { kind: 'hist' | 'lhist' }>)
  const bucket = b.offset(at, b.shl(b.clamp(index, count - 1), 3))
  b.store(bucket, offset, b.add(b.load(bucket, offset, u64), 1))
}

/** The number of the highest bit that is set, by halving. */
function log2(l: Lowering, value: Value): Value {
  const { b } = l
  const rest = b.variable(u64, value)
  const power = b.variable(u64, 0)
  for (const step of [32, 16, 8, 4, 2, 1]) {
    b.if(b.ge(rest.get(), 1n << BigInt(step)), () => {
      rest.set(b.shr(rest.get(), step))
      power.set(b.add(power.get(), step))
    })
  }
  return power.get()
}

/** What `bucketOf` (buckets.ts) says of `hist`. */
function histIndex(l: Lowering, bits: number, value: Value): Value {
  const { b } = l
  const detail = 1 << bits
  const number = b.convert(value, u64)
  const index = b.variable(u64, 0)
  b.if(b.ge(b.convert(value, s64), 0), () => {
    b.if(
      b.lt(number, 2 * detail),
      () => index.set(b.add(number, 1)),
      () => {
        const group = b.sub(log2(l, number), bits)
        const within = b.sub(b.shr(number, group), detail)
        index.set(b.add(b.add(b.shl(b.add(group, 1), bits), within), 1))
      },
    )
  })
  return index.get()
}

export const aggregateEntries: readonly AggregateEntry[] = [
  {
    name: 'count',
    args: [0, 0],
    example: 'count()',
    type: () => ({ kind: 'count' }),
    evaluate: () => undefined,
    update: (l, _type, at, offset) => add(l, at, offset, 1),
    first: (l, _type, at, offset) => l.b.store(at, offset, 1, u64),
  },
  total('sum', 'sum(retval)'),
  total('avg', 'avg(retval)'),
  total('stats', 'stats(arg2)'),
  extreme('min', 'min(retval)'),
  extreme('max', 'max(retval)'),
  {
    name: 'hist',
    args: [1, 2],
    example: 'hist(retval)',
    type(c, call, [value]) {
      if (value === undefined) return undefined
      if (!isWhole(value) && !isCastable(value) && value.kind !== 'bool') {
        c.report(say.aggregateArgument, call, { name: 'hist', type: typeText(value) })
        return undefined
      }
      const bits = call.args.length > 1 ? c.integerConstant(call.args[1]) : 0n
      if (bits === undefined) {
        c.report(say.wantsLiteral, call, {
          name: 'hist',
          wanted: 'int',
          found: typeText(c.typeOf(call.args[1]!)),
        })
        return undefined
      }
      if (bits > 5n || bits < 0n) {
        c.error(call, `hist: bits ${bits} must be 0..5`)
        return undefined
      }
      return { kind: 'hist', bits: Number(bits) }
    },
    evaluate: amount,
    update(l, type, at, offset, value) {
      bump(l, type, at, offset, histIndex(l, (type as Extract<AggregateType, { kind: 'hist' }>).bits, value!))
    },
  },
  {
    name: 'lhist',
    args: [4, 4],
    example: 'lhist(rand %10, 0, 10, 1)',
    type(c, call, [value]) {
      if (value === undefined) return undefined
      if (!isWhole(value) && !isCastable(value)) {
        c.report(say.aggregateArgument, call, { name: 'lhist', type: typeText(value) })
        return undefined
      }
      const [min, max, step] = [1, 2, 3].map(i => c.integerConstant(call.args[i]))
      if (min === undefined || min < 0n) {
        return c.error(call, 'lhist: invalid min value (must be non-negative literal)')
      }
      if (max === undefined || max < 0n) {
        return c.error(call, 'lhist: invalid max value (must be non-negative literal)')
      }
      if (step === undefined) return c.error(call, 'lhist: invalid step value')
      if (step <= 0n) return c.error(call, `lhist() step must be >= 1 (${step} provided)`)
      const buckets = (max - min) / step
      if (buckets > 1000n) {
        c.error(call, `lhist() too many buckets, must be <= 1000 (would need ${buckets})`)
      }
      if (min > max) {
        return c.error(call, `lhist() min must be less than max (provided min ${min} and max ${max})`)
      }
      if (max - min < step) {
        const text = `lhist() step is too large for the given range (provided step ${step} for range ${max - min})`
        return c.error(call, text)
      }
      return { kind: 'lhist', min, max, step }
    },
    evaluate: (l, call) => lowerInteger(l, call.args[0] as Expression, int64),
    update(l, type, at, offset, value) {
      const { b } = l
      const { min, max, step } = type as Extract<AggregateType, { kind: 'lhist' }>
      const index = b.variable(u64, 0)
      b.if(b.ge(value!, min), () => {
        b.if(
          b.ge(value!, max),
          () => index.set(bucketCount(type as Extract<AggregateType, { kind: 'lhist' }>) - 1),
          () => index.set(b.add(b.div(b.convert(b.sub(value!, min), u64), step), 1)),
        )
      })
      bump(l, type, at, offset, index.get())
    },
  },
  {
    name: 'tseries',
    args: [3, 4],
    example: 'tseries(rand %10, 10s, 1)',
    type(c, call, [value]) {
      if (value === undefined) return undefined
      if (!isWhole(value) && !isCastable(value)) {
        c.report(say.aggregateArgument, call, { name: 'tseries', type: typeText(value) })
        return undefined
      }
      const intervalNs = c.integerConstant(call.args[1])
      const buckets = c.integerConstant(call.args[2])
      if (intervalNs === undefined) {
        return c.error(call, 'tseries: invalid interval_ns value (must be non-negative literal)')
      }
      if (buckets === undefined) {
        return c.error(call, 'tseries: invalid num_intervals value (must be non-negative literal)')
      }
      if (intervalNs <= 0n)
        return c.error(call, `tseries() interval_ns must be >= 1 (${intervalNs} provided)`)
      if (buckets <= 0n) return c.error(call, `tseries() num_intervals must be >= 1 (${buckets} provided)`)
      if (buckets > 1000000n) {
        return c.error(call, `tseries() num_intervals must be < 1000000 (${buckets} provided)`)
      }
      const aggregate = call.args.length > 3 ? c.stringConstant(call.args[3]) : 'none'
      if (!['none', 'avg', 'max', 'min', 'sum'].includes(aggregate ?? '')) {
        return c.error(
          call,
          `tseries() expects one of the following aggregation functions: avg, max, min, sum ("${aggregate}" provided)`,
        )
      }
      return {
        kind: 'tseries',
        intervalNs,
        buckets: Number(buckets),
        aggregate: aggregate as 'none' | 'avg' | 'max' | 'min' | 'sum',
        signed: isSigned(value),
      }
    },
    evaluate: amount,
    update: addToSeries,
  },
]

/** Time since the epoch; tests may keep a clock of their own in a map, named by BPFTRACE_DUMMY_TS_MAP. */
function clockOfSeries(l: Lowering): Value {
  const own = l.facts.run.environment.BPFTRACE_DUMMY_TS_MAP
  const map = own === undefined ? undefined : l.shared.findMap(own)
  if (map === undefined || map.key !== undefined) return now(l, 'sw_tai')
  return toScalar(l, readAt(l, map, map.value, undefined), uint64)
}

/** The slot of the interval that now lies in; one of an older interval starts over. */
function addToSeries(
  l: Lowering,
  type: AggregateType,
  at: Value,
  offset: number,
  value: Value | undefined,
): void {
  const { b } = l
  const { intervalNs, buckets, aggregate } = type as Extract<AggregateType, { kind: 'tseries' }>
  const number = signedType(type)
  const interval = b.div(clockOfSeries(l), intervalNs)
  const slot = b.offset(at, b.mul(b.clamp(b.mod(interval, buckets), buckets - 1), 24))
  const next = b.convert(value!, number)
  const fresh = b.or(b.ne(b.load(slot, offset, u64), interval), b.eq(b.load(slot, offset + 16, u64), 0))
  b.if(
    fresh,
    () => {
      b.store(slot, offset, interval)
      b.store(slot, offset + 8, next)
      b.store(slot, offset + 16, 1, u64)
    },
    () => {
      const old = b.load(slot, offset + 8, number)
      if (aggregate === 'sum' || aggregate === 'avg') b.store(slot, offset + 8, b.add(old, next))
      else if (aggregate === 'min') b.if(b.lt(next, old), () => b.store(slot, offset + 8, next))
      else if (aggregate === 'max') b.if(b.gt(next, old), () => b.store(slot, offset + 8, next))
      else b.store(slot, offset + 8, next)
      b.store(slot, offset + 16, b.add(b.load(slot, offset + 16, u64), 1))
    },
  )
}
