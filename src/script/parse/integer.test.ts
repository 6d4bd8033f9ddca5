// Every form of an integer, and what is said about those that are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseInteger } from './integer.ts'

const values: readonly (readonly [string, bigint])[] = [
  ['0', 0n],
  ['123', 123n],
  ['1_000', 1000n],
  ['0x1F', 31n],
  ['0xffffffffffffffff', 2n ** 64n - 1n],
  ['18446744073709551615', 2n ** 64n - 1n],
  ['0777', 511n],
  ['0b101', 5n],
  ['1e6', 1_000_000n],
  ['9e18', 9_000_000_000_000_000_000n],
  ['1e1_0', 10_000_000_000n],
  ['1000u', 1000n],
  ['1ULL', 1n],
  ['0x10UL', 16n],
  ['1ns', 1n],
  ['1us', 1_000n],
  ['10ms', 10_000_000n],
  ['1s', 1_000_000_000n],
  ['1m', 60_000_000_000n],
  ['1h', 3_600_000_000_000n],
  ['1d', 86_400_000_000_000n],
]

test('integers', () => {
  for (const [text, value] of values) assert.deepEqual(parseInteger(text), { ok: true, value }, text)
})

const problems: readonly (readonly [string, string])[] = [
  ['', 'invalid integer: '],
  ['abc', 'invalid integer: abc'],
  ['-1', 'invalid integer: -1'],
  ['1b', 'invalid trailing bytes: 1b'],
  ['08', 'invalid trailing bytes: 08'],
  ['1e', 'invalid trailing bytes: 1e'],
  ['12e3', 'coefficient part of scientific literal must be 1-9: 12e3'],
  ['1e30', 'overflow error, maximum value is 18446744073709551615: 1e30'],
  ['18446744073709551616', 'overflow error, maximum value is 18446744073709551615: 18446744073709551616'],
  ['5000000000u', 'overflow error, maximum value is 4294967295: 5000000000u'],
  ['9223372036854775808l', 'overflow error, maximum value is 9223372036854775807: 9223372036854775808l'],
  ['1000000d', 'overflow error, maximum value is 18446744073709551615: 1000000d'],
]

test('what is no integer', () => {
  for (const [text, problem] of problems) assert.deepEqual(parseInteger(text), { ok: false, problem }, text)
})

test('another base', () => {
  assert.deepEqual(parseInteger('ff', 16), { ok: true, value: 255n })
  assert.equal(parseInteger('0x1', 10).ok, false)
  assert.deepEqual(parseInteger('08', 10), { ok: true, value: 8n })
})
