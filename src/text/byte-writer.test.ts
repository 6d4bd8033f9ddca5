// Numbers come out as BigInt and String would write them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from './byte-writer.ts'

const written = (write: (out: ByteWriter) => void, size = 1) => {
  const out = new ByteWriter(size)
  write(out)
  return Buffer.from(out.view()).toString()
}
const halves = (value: bigint) => [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)] as const
const u64s = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const edges = [
  0n,
  1n,
  9n,
  10n,
  999999999n,
  10n ** 9n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  10n ** 18n,
  2n ** 63n,
  2n ** 64n - 1n,
]

test('64-bit numbers', () => {
  const check = (value: bigint) => {
    const [lo, hi] = halves(value)
    assert.equal(
      written(out => out.u64(lo, hi)),
      `${value}`,
    )
    assert.equal(
      written(out => out.i64(lo, hi)),
      `${BigInt.asIntN(64, value)}`,
    )
    assert.equal(
      written(out => out.hex64(lo, hi)),
      `0x${value.toString(16)}`,
    )
  }
  for (const value of edges) check(value)
  fc.assert(fc.property(u64s, check))
})

test('32-bit numbers', () => {
  fc.assert(
    fc.property(fc.integer(), value => {
      assert.equal(
        written(out => out.i32(value)),
        `${value}`,
      )
      assert.equal(
        written(out => out.octal(value)),
        (value >>> 0).toString(8),
      )
      assert.equal(
        written(out => out.hex32(value)),
        `0x${(value >>> 0).toString(16)}`,
      )
    }),
  )
})

test('leading zeros and padding', () => {
  assert.equal(
    written(out => out.decimal(42, 6)),
    '000042',
  )
  assert.equal(
    written(out => out.decimal(0, 6)),
    '000000',
  )
  assert.equal(
    written(out => out.decimal(1234567890123, 6)),
    '1234567890123',
  )
  assert.equal(
    written(out => out.decimal(10 ** 9, 12)),
    '001000000000',
  )
  assert.equal(
    written(out => out.octal(6, 3)),
    '006',
  )
  assert.equal(
    written(out => out.hex32(5, 8)),
    '0x00000005',
  )
  assert.equal(
    written(out => {
      out.ascii('abc')
      out.padTo(1, 5)
      out.padTo(1, 2)
    }),
    'abc   ',
  )
})

test('the buffer grows and can be used again', () => {
  const out = new ByteWriter(1)
  for (let i = 0; i < 1000; i++) out.ascii('0123456789')
  assert.equal(out.length, 10_000)
  assert.equal(Buffer.from(out.view()).toString(), '0123456789'.repeat(1000))
  out.clear()
  out.utf8('naïve €')
  assert.equal(Buffer.from(out.view()).toString(), 'naïve €')
})
