// Parsing and look-ups, on BTF made by the builder.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfError } from '../errors/index.ts'
import { BtfBuilder } from './builder.ts'
import { type BtfType, type NewBtfType, parseBtf } from './index.ts'

const INT: NewBtfType = {
  kind: 'int',
  name: 'int',
  sizeBytes: 4,
  encoding: 'signed',
  offsetBits: 0,
  sizeBits: 32,
}

/** One of each kind; where a field allows, with the values that are hardest to keep. */
const EVERY_KIND: NewBtfType[] = [
  INT,
  { kind: 'int', name: 'bool', sizeBytes: 1, encoding: 'bool', offsetBits: 0, sizeBits: 8 },
  { kind: 'int', name: 'bits', sizeBytes: 8, encoding: 'char', offsetBits: 200, sizeBits: 128 },
  { kind: 'ptr', name: '', typeId: 0 },
  { kind: 'array', name: '', elementTypeId: 1, indexTypeId: 1, count: 0xffff_ffff },
  { kind: 'struct', name: 'empty', sizeBytes: 0, members: [] },
  {
    kind: 'struct',
    name: 'far',
    sizeBytes: 0xffff_ffff,
    members: [{ name: 'm', typeId: 1, offsetBits: 0xffff_ffff, bitfieldBits: 0 }],
  },
  {
    kind: 'union',
    name: '',
    sizeBytes: 4,
    members: [
      { name: 'whole', typeId: 1, offsetBits: 0, bitfieldBits: 0 },
      { name: 'part', typeId: 1, offsetBits: 0xff_ffff, bitfieldBits: 255 },
    ],
  },
  {
    kind: 'enum',
    name: 'e',
    sizeBytes: 4,
    signed: true,
    values: [
      { name: 'A', value: -(2 ** 31) },
      { name: 'B', value: -1 },
    ],
  },
  { kind: 'enum', name: 'u', sizeBytes: 1, signed: false, values: [{ name: 'C', value: 0xffff_ffff }] },
  { kind: 'enum64', name: 'e64', sizeBytes: 8, signed: true, values: [{ name: 'D', value: -(1n << 63n) }] },
  {
    kind: 'enum64',
    name: 'u64',
    sizeBytes: 8,
    signed: false,
    values: [{ name: 'E', value: (1n << 64n) - 1n }],
  },
  { kind: 'fwd', name: 'later', target: 'struct' },
  { kind: 'fwd', name: 'either', target: 'union' },
  { kind: 'typedef', name: 'int_t', typeId: 1 },
  { kind: 'volatile', name: '', typeId: 1 },
  { kind: 'const', name: '', typeId: 1 },
  { kind: 'restrict', name: '', typeId: 4 },
  { kind: 'typeTag', name: 'user', typeId: 1 },
  {
    kind: 'funcProto',
    name: '',
    returnTypeId: 0,
    params: [
      { name: 'x', typeId: 1 },
      { name: '', typeId: 4 },
    ],
    variadic: true,
  },
  { kind: 'funcProto', name: '', returnTypeId: 1, params: [], variadic: false },
  { kind: 'func', name: 'fn', typeId: 20, linkage: 'extern' },
  { kind: 'var', name: 'v', typeId: 1, linkage: 'global' },
  { kind: 'datasec', name: '.data', sizeBytes: 4, vars: [{ typeId: 23, offsetBytes: 8, sizeBytes: 4 }] },
  { kind: 'float', name: 'double', sizeBytes: 8 },
  { kind: 'declTag', name: 'tag', typeId: 7, componentIndex: 0 },
  { kind: 'declTag', name: 'whole', typeId: 7, componentIndex: -1 },
]

function build(types: readonly NewBtfType[]): Uint8Array {
  const builder = new BtfBuilder()
  for (const type of types) builder.add(type)
  return builder.build()
}

const withoutId = ({ id: _, ...rest }: BtfType) => rest

test('every kind survives building and parsing', () => {
  const btf = parseBtf(build(EVERY_KIND))
  assert.equal(btf.typeCount, EVERY_KIND.length)
  EVERY_KIND.forEach((type, i) => {
    assert.deepEqual(withoutId(btf.type(i + 1)), type)
  })
})

test('the other byte order and unaligned bytes read the same', () => {
  const bytes = build(EVERY_KIND)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const typeBytes = view.getUint32(12, true)
  const swapped = Buffer.from(bytes)
  swapped.subarray(0, 2).reverse()
  swapped.subarray(4, 24 + typeBytes).swap32()
  const unaligned = Buffer.alloc(swapped.length + 1)
  swapped.copy(unaligned, 1)
  for (const variant of [swapped, unaligned.subarray(1)]) {
    const btf = parseBtf(variant)
    assert.equal(btf.littleEndian, false)
    EVERY_KIND.forEach((type, i) => {
      assert.deepEqual(withoutId(btf.type(i + 1)), type)
    })
  }
})

test('names are found by kind, and only whole', () => {
  const btf = parseBtf(
    build([
      INT,
      {
        kind: 'struct',
        name: 'foo',
        sizeBytes: 4,
        // a member whose name and type id look like the head of a type
        members: [{ name: 'foo', typeId: 1, offsetBits: 0, bitfieldBits: 0 }],
      },
      { kind: 'typedef', name: 'foo', typeId: 2 },
      { kind: 'struct', name: 'foobar', sizeBytes: 0, members: [] },
      {
        kind: 'enum',
        name: 'foo',
        sizeBytes: 4,
        signed: false,
        values: [{ name: 'bar', value: 0x0800_0001 }],
      },
      { kind: 'funcProto', name: '', returnTypeId: 1, params: [], variadic: false },
      { kind: 'func', name: 'bar', typeId: 6, linkage: 'static' },
    ]),
  )
  const check = (found: readonly BtfType[], ids: readonly number[]) =>
    assert.deepEqual(
      found.map(t => t.id),
      ids,
    )
  check(btf.findAll('foo'), [2, 3, 5])
  check(btf.findAll('foo', 'typedef'), [3])
  check(btf.findAll('foo', 'union'), [])
  check(btf.findAll('foob'), [])
  check(btf.findAll('oobar'), [])
  check(btf.findAll(''), [])
  check(btf.findAll('fo\0o'), [])
  // the enumerator of that name, whose value reads as the info word of a typedef, is no type
  check(btf.findAll('bar'), [7])
  assert.equal(btf.func('bar')?.proto.id, 6)
  assert.equal(btf.func('foo'), undefined)
  assert.equal(btf.type(2), btf.find('foo', 'struct'))
  assert.throws(() => btf.get('nope', 'struct'), {
    name: 'BtfError',
    message: 'no struct "nope" in this BTF',
  })
})

test('split BTF continues the ids and strings of its base', () => {
  const base = parseBtf(build([INT, { kind: 'struct', name: 'foo', sizeBytes: 4, members: [] }]))
  const builder = new BtfBuilder(base)
  assert.equal(builder.nextId, 3)
  builder.add({ kind: 'typedef', name: 'foo', typeId: 2 })
  builder.add({ kind: 'typedef', name: 'only_here', typeId: 1 })
  const split = parseBtf(builder.build(), base)
  assert.equal(split.typeCount, 4)
  assert.equal(split.type(1), base.type(1))
  assert.deepEqual(
    split.findAll('foo').map(t => [t.id, t.kind]),
    [
      [2, 'struct'],
      [3, 'typedef'],
    ],
  )
  assert.equal(split.find('only_here')?.id, 4)
  assert.equal(base.find('only_here'), undefined)
  assert.throws(() => split.type(5), { message: 'no BTF type has the id 5: the last one is 4' })
})

test('the layout section of Linux 7.1 lets unknown kinds pass', () => {
  const plain = build([
    INT,
    { kind: 'declTag', name: 'new', typeId: 1, componentIndex: 7 },
    { kind: 'typedef', name: 'int_t', typeId: 1 },
  ])
  const header = Buffer.alloc(32)
  header.set(plain.subarray(0, 24))
  const body = Buffer.from(plain.subarray(24))
  // the tag becomes a kind 20, with 4 bytes after the head and no elements
  const layout = Buffer.alloc(21 * 4)
  layout[20 * 4] = 4
  header.writeUInt32LE(32, 4)
  header.writeUInt32LE(body.length, 24)
  header.writeUInt32LE(layout.length, 28)
  body.writeUInt32LE((20 << 24) >>> 0, 16 + 4)
  const btf = parseBtf(Buffer.concat([header, body, layout]))
  assert.deepEqual(btf.type(2), { kind: 'unknown', id: 2, name: 'new', kindNumber: 20 })
  assert.equal(btf.find('int_t')?.id, 3)
  assert.equal(btf.find('new')?.id, 2)

  header.writeUInt32LE(0, 28)
  const without = parseBtf(Buffer.concat([header, body]))
  assert.equal(without.type(1).name, 'int')
  assert.throws(() => without.type(2), { message: 'BTF type 2 is of kind 20, which is not known here' })
})

test('malformed BTF is refused with the reason', () => {
  const good = Buffer.from(build([INT]))
  const check = (change: (bytes: Buffer) => Uint8Array | undefined, message: RegExp) => {
    const bytes = Buffer.from(good)
    const changed = change(bytes) ?? bytes
    assert.throws(
      () => parseBtf(changed).type(1),
      error => error instanceof BtfError && error.code === 'BTF' && message.test(error.message),
    )
  }
  check(b => b.subarray(0, 23), /23 bytes are too few/)
  check(b => void b.fill(0, 0, 2), /not BTF: magic number 0x0 instead of 0xeb9f/)
  check(b => void b.writeUInt8(2, 2), /version 2/)
  check(b => void b.writeUInt32LE(23, 4), /header of 23 bytes/)
  check(b => void b.writeUInt32LE(0xffff_ffff, 4), /header of 4294967295 bytes/)
  check(b => void b.writeUInt32LE(0xffff_fffc, 12), /type section ends at byte 4294967316/)
  check(b => void b.writeUInt32LE(15, 12), /not a multiple of 4/)
  check(b => b.subarray(0, -1), /string section ends .* is it cut off\?/)
  check(b => void b.writeUInt8(1, b.length - 1), /does not end in a NUL/)
  check(b => void b.writeUInt32LE(0, 24 + 4), /type 1 is of kind 0, which is not known here/)
  check(b => void b.writeUInt32LE(0x04000002, 24 + 4), /type 1 reaches past the end/)
  check(b => void b.writeUInt32LE(5, 24), /string offset 5 lies outside of the 5 bytes/)
  check(b => void b.writeUInt32LE(0x03000020, 24 + 12), /int encoding 3/)
})

test('a malformed type does not keep the ones before it from being read', () => {
  const bytes = Buffer.from(build([INT, { kind: 'typedef', name: 'int_t', typeId: 1 }]))
  bytes.writeUInt32LE(0x7f00_0000, 24 + 16 + 4)
  const btf = parseBtf(bytes)
  assert.equal(btf.find('int')?.id, 1)
  assert.throws(() => btf.type(2), { message: 'BTF type 2 is of kind 127, which is not known here' })
  assert.throws(() => btf.typeCount, BtfError)
})

test('the builder refuses what the format cannot hold', () => {
  const check = (type: NewBtfType, message: RegExp) =>
    assert.throws(() => new BtfBuilder().add(type), { name: 'BtfError', message })
  check({ ...INT, name: 'a\0b' }, /contains a NUL/)
  check({ kind: 'ptr', name: '', typeId: -1 }, /type id -1 does not fit/)
  check({ kind: 'ptr', name: '', typeId: 1.5 }, /1\.5/)
  check(
    { kind: 'enum', name: 'e', sizeBytes: 4, signed: false, values: [{ name: 'A', value: -1 }] },
    /enumerator value -1 does not fit 32 bits, unsigned/,
  )
  check(
    { kind: 'enum64', name: 'e', sizeBytes: 8, signed: true, values: [{ name: 'A', value: 1n << 63n }] },
    /does not fit 64 bits/,
  )
  check(
    {
      kind: 'struct',
      name: 's',
      sizeBytes: 1 << 22,
      members: [{ name: 'b', typeId: 1, offsetBits: 1 << 24, bitfieldBits: 1 }],
    },
    /offsets of 24 bits/,
  )
  const params = Array.from({ length: 65536 }, () => ({ name: 'x', typeId: 1 }))
  check({ kind: 'funcProto', name: '', returnTypeId: 0, params, variadic: false }, /65536 elements/)
})
