// Buckets against their definition: each value lies in the range of the bucket it is counted in.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bucketCount, bucketOf, bucketRange } from './buckets.ts'
import type { AggregateType } from './type.ts'

type Histogram = Extract<AggregateType, { kind: 'hist' | 'lhist' }>

function check(type: Histogram, value: bigint): void {
  const index = bucketOf(type, value)
  assert.ok(index >= 0 && index < bucketCount(type), `bucket ${index} of ${bucketCount(type)}`)
  const { low, high } = bucketRange(type, index)
  assert.ok(low === undefined || value >= low, `${value} >= ${low}`)
  assert.ok(high === undefined || value < high, `${value} < ${high}`)
}

const s64 = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.bigInt({ min: -9n, max: 300n }),
)

test('a value lies in its power-of-two bucket', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 }), s64, (bits, value) => check({ kind: 'hist', bits }, value)),
  )
})

test('a value lies in its linear bucket', () => {
  const shape = fc.tuple(fc.bigInt(-1000n, 1000n), fc.bigInt(1n, 1000n), fc.bigInt(1n, 50n))
  fc.assert(
    fc.property(shape, s64, ([min, width, step], value) =>
      check({ kind: 'lhist', min, max: min + width, step }, value),
    ),
  )
})

test('the largest number falls into the last bucket', () => {
  const type: Histogram = { kind: 'hist', bits: 0 }
  assert.equal(bucketOf(type, (1n << 63n) - 1n), bucketCount(type) - 1)
})

test('powers of two begin buckets', () => {
  assert.deepEqual(bucketRange({ kind: 'hist', bits: 0 }, bucketOf({ kind: 'hist', bits: 0 }, 5n)), {
    low: 4n,
    high: 8n,
  })
})
