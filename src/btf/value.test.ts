// Values: what goes in comes out, and what does not fit is refused with its place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBits, writeBits } from './bits.ts'
import { BtfBuilder } from './builder.ts'
import { type BtfValue, decodeValue, encodeValue, parseBtf } from './index.ts'
import type { NewBtfType } from './type.ts'

test('bits are read as they were written, and the bits around them stay', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 40, maxLength: 40 }),
      fc.nat(100),
      fc.integer({ min: 1, max: 128 }),
      fc.bigInt({ min: -(1n << 127n), max: (1n << 128n) - 1n }),
      fc.boolean(),
      fc.boolean(),
      (bytes, offset, size, value, signed, littleEndian) => {
        const before = bytes.slice()
        const expected = signed ? BigInt.asIntN(size, value) : BigInt.asUintN(size, value)
        writeBits(bytes, offset, size, value, littleEndian)
        const read = readBits(bytes, offset, size, signed, littleEndian)
        assert.equal(BigInt(read), expected)
        assert.equal(typeof read, size <= 53 ? 'number' : 'bigint')
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          if (bit >= offset && bit < offset + size) continue
          assert.equal(
            readBits(bytes, bit, 1, false, littleEndian),
            readBits(before, bit, 1, false, littleEndian),
          )
        }
      },
    ),
  )
})

test('bits count from the first byte on in both byte orders', () => {
  const bytes = Uint8Array.of(0x12, 0x34, 0x56, 0x78)
  const check = (offset: number, size: number, little: number, big: number) => {
    assert.equal(readBits(bytes, offset, size, false, true), little)
    assert.equal(readBits(bytes, offset, size, false, false), big)
  }
  check(0, 32, 0x78563412, 0x12345678)
  check(8, 16, 0x5634, 0x3456)
  check(0, 4, 0x2, 0x1)
  check(4, 8, 0x41, 0x23)
})

/** A type and values for it, each value as decodeValue would give it. */
interface Sample {
  readonly typeId: number
  readonly sizeBytes: number
  readonly value: fc.Arbitrary<BtfValue>
}

const builder = new BtfBuilder()
const named = new Map<string, Sample>()
function define(name: string, type: NewBtfType, sizeBytes: number, value: fc.Arbitrary<BtfValue>): void {
  named.set(name, { typeId: builder.add(type), sizeBytes, value })
}
for (const sizeBytes of [1, 2, 4, 8, 16]) {
  for (const encoding of ['signed', 'unsigned'] as const) {
    const bits = BigInt(sizeBytes * 8)
    const [min, max] =
      encoding === 'signed' ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n]
    const value = fc.bigInt({ min, max }).map((n): BtfValue => (sizeBytes > 4 ? n : Number(n)))
    const name = `${encoding}${bits}`
    define(
      name,
      { kind: 'int', name, sizeBytes, encoding, offsetBits: 0, sizeBits: Number(bits) },
      sizeBytes,
      value,
    )
  }
}
const int = (name: string, encoding: 'bool' | 'char'): NewBtfType => ({
  kind: 'int',
  name,
  sizeBytes: 1,
  encoding,
  offsetBits: 0,
  sizeBits: 8,
})
define('bool', int('_Bool', 'bool'), 1, fc.boolean())
const charId = builder.add(int('char', 'char'))
define('ptr', { kind: 'ptr', name: '', typeId: 0 }, 8, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
define('double', { kind: 'float', name: 'double', sizeBytes: 8 }, 8, fc.double())
define('float', { kind: 'float', name: 'float', sizeBytes: 4 }, 4, fc.float())
const values = [
  { name: 'NONE', value: 0 },
  { name: 'LAST', value: -1 },
]
define(
  'enum',
  { kind: 'enum', name: 'e', sizeBytes: 4, signed: true, values },
  4,
  fc.oneof(fc.constantFrom('NONE', 'LAST'), fc.integer({ min: 1, max: 1000 })),
)
define(
  'chars',
  { kind: 'array', name: '', elementTypeId: charId, indexTypeId: 1, count: 16 },
  16,
  fc
    .string({ unit: 'grapheme' })
    .filter(s => !s.includes('\0') && Buffer.byteLength(s) <= 16 && Buffer.from(s).toString() === s),
)
const SIMPLE = [...named.values()]

/** A struct of random members behind each other, at byte offsets as a packed struct has them. */
const structs = fc
  .array(fc.tuple(fc.constantFrom(...SIMPLE), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 8 })
  .map((parts): Sample => {
    let end = 0
    const members = parts.map(([part, gap, count], i) => {
      const typeId =
        count === 0
          ? part.typeId
          : builder.add({ kind: 'array', name: '', elementTypeId: part.typeId, indexTypeId: 1, count })
      const member = { name: `m${i}`, typeId, offsetBits: (end + gap) * 8, bitfieldBits: 0 }
      end += gap + part.sizeBytes * Math.max(count, 1)
      return member
    })
    const typeId = builder.add({ kind: 'struct', name: 's', sizeBytes: end, members })
    const value = fc.record(
      Object.fromEntries(
        parts.map(([part, , count], i) => [
          `m${i}`,
          count === 0 ? part.value : fc.array(part.value, { minLength: count, maxLength: count }),
        ]),
      ),
      { noNullPrototype: false },
    )
    return { typeId, sizeBytes: end, value: value as fc.Arbitrary<BtfValue> }
  })

test('random structs come back as they went in', () => {
  fc.assert(
    fc.property(
      structs.chain(s => fc.tuple(fc.constant(s), s.value)),
      ([sample, value]) => {
        const btf = parseBtf(builder.build())
        const type = btf.type(sample.typeId)
        const bytes = encodeValue(btf, type, value)
        assert.equal(bytes.length, sample.sizeBytes)
        const back = decodeValue(btf, type, bytes)
        assert.deepEqual({ ...(back as object) }, { ...(value as object) })
        assert.deepEqual(encodeValue(btf, type, back), bytes)
      },
    ),
    { numRuns: 100 },
  )
})

test('a value that does not fit is refused with its place', () => {
  const own = new BtfBuilder()
  const u8 = own.add({ ...int('u8', 'char'), encoding: 'unsigned' } as NewBtfType)
  const char = own.add(int('char', 'char'))
  const color = own.add({
    kind: 'enum',
    name: 'color',
    sizeBytes: 4,
    signed: false,
    values: [{ name: 'GREEN', value: 1 }],
  })
  const comm = own.add({ kind: 'array', name: '', elementTypeId: char, indexTypeId: 1, count: 4 })
  const list = own.add({ kind: 'array', name: '', elementTypeId: u8, indexTypeId: 1, count: 2 })
  const members = [
    { name: 'n', typeId: u8, offsetBits: 0, bitfieldBits: 0 },
    { name: 'color', typeId: color, offsetBits: 32, bitfieldBits: 0 },
    { name: 'comm', typeId: comm, offsetBits: 64, bitfieldBits: 0 },
    { name: 'list', typeId: list, offsetBits: 96, bitfieldBits: 0 },
    { name: 'bits', typeId: u8, offsetBits: 112, bitfieldBits: 3 },
  ]
  own.add({ kind: 'struct', name: 's', sizeBytes: 16, members: members.map(m => ({ ...m })) })
  const btf = parseBtf(own.build())
  const type = btf.get('s', 'struct')
  const check = (value: BtfValue, message: string) =>
    assert.throws(() => encodeValue(btf, type, value), { name: 'BtfError', message })
  check({ n: 256 }, 'struct s.n: 256 does not fit 8 bits, unsigned')
  check({ n: -1n }, 'struct s.n: -1 does not fit 8 bits, unsigned')
  check({ n: 1.5 }, 'struct s.n: 1.5 is not an exact integer; above 2^53 use a bigint')
  check({ n: 'x' }, 'struct s.n: "x" is not a number')
  check({ n: {} }, 'struct s.n: an object is not a number')
  check({ bits: 8 }, 'struct s.bits: 8 does not fit 3 bits, unsigned')
  check({ color: 'GRENE' }, 'struct s.color: enum color has no enumerator "GRENE", did you mean "GREEN"?')
  check({ colour: 1 }, 'struct s has no member "colour", did you mean "color"?')
  check({ comm: 'hello' }, 'struct s.comm: 5 elements, the array has 4')
  check({ comm: 7 }, 'struct s.comm: 7 is not a string or bytes')
  check({ list: [1, 2, 3] }, 'struct s.list: 3 elements, the array has 2')
  check({ list: [1, 300] }, 'struct s.list[1]: 300 does not fit 8 bits, unsigned')
  check([1], 'struct s: an array is not an object')

  // what is left out is zero; the whole array may be used, without a NUL
  const bytes = encodeValue(btf, type, { comm: 'full', list: [9] })
  assert.deepEqual([...bytes], [0, 0, 0, 0, 0, 0, 0, 0, 0x66, 0x75, 0x6c, 0x6c, 9, 0, 0, 0])
  const value = decodeValue(btf, type, bytes) as { comm: string; color: number }
  assert.equal(value.comm, 'full')
  assert.equal(value.color, 0)
  const raw = decodeValue(btf, type, bytes, 0, { chars: 'bytes' }) as { comm: Uint8Array }
  assert.deepEqual(raw.comm, Uint8Array.from(Buffer.from('full')))
  assert.throws(() => decodeValue(btf, type, bytes, 1), {
    message: 'struct s takes 16 bytes, 15 are there',
  })
})
