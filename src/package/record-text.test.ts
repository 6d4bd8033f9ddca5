// Records as ecli prints them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtfBuilder, parseBtf } from '../btf/index.ts'
import { exportOfBytes, exportOfMembers, exportOfType } from './exported.ts'
import { drawLinear, drawLog2 } from './histogram.ts'
import { entryHistogram, entryJson, RecordText, recordJson } from './record-text.ts'

const builder = new BtfBuilder()
const int = builder.add({
  kind: 'int',
  name: 'int',
  sizeBytes: 4,
  encoding: 'signed',
  offsetBits: 0,
  sizeBits: 32,
})
const u64 = builder.add({
  kind: 'int',
  name: 'u64',
  sizeBytes: 8,
  encoding: 'unsigned',
  offsetBits: 0,
  sizeBits: 64,
})
const bool = builder.add({
  kind: 'int',
  name: 'bool',
  sizeBytes: 1,
  encoding: 'bool',
  offsetBits: 0,
  sizeBits: 8,
})
const char = builder.add({
  kind: 'int',
  name: 'char',
  sizeBytes: 1,
  encoding: 'signed',
  offsetBits: 0,
  sizeBits: 8,
})
const comm = builder.add({ kind: 'array', name: '', elementTypeId: char, indexTypeId: int, count: 8 })
const kind = builder.add({
  kind: 'enum',
  name: 'kind',
  sizeBytes: 4,
  signed: false,
  values: [
    { name: 'ENTER', value: 0 },
    { name: 'EXIT', value: 1 },
  ],
})
const inner = builder.add({
  kind: 'struct',
  name: 'inner',
  sizeBytes: 4,
  members: [{ name: 'x', typeId: int, offsetBits: 0, bitfieldBits: 0 }],
})
const slots = builder.add({ kind: 'array', name: '', elementTypeId: int, indexTypeId: int, count: 4 })
const member = (name: string, typeId: number, offsetBytes: number) => ({
  name,
  typeId,
  offsetBits: offsetBytes * 8,
  bitfieldBits: 0,
})
builder.add({
  kind: 'struct',
  name: 'event',
  sizeBytes: 40,
  members: [
    member('pid', int, 0),
    member('is_exit', bool, 4),
    member('comm', comm, 8),
    member('ns', u64, 16),
    member('kind', kind, 24),
    member('in', inner, 28),
    member('what', kind, 32),
  ],
})
builder.add({
  kind: 'struct',
  name: 'hist',
  sizeBytes: 24,
  members: [member('slots', slots, 0), member('comm', comm, 16)],
})
const btf = parseBtf(builder.build())
const event = exportOfType(btf, btf.get('event', 'struct'))

const bytes = new Uint8Array(40)
const view = new DataView(bytes.buffer)
view.setInt32(0, 1234567, true)
bytes[4] = 1
bytes.set(Buffer.from('a\tb"'), 8)
view.setBigUint64(16, 0xffff_ffff_ffff_ffffn, true)
view.setUint32(24, 1, true)
view.setInt32(28, -5, true)
view.setUint32(32, 9, true)

test('a line under its heading', () => {
  const text = new RecordText(event)
  assert.equal(text.heading, 'TIME     PID    IS_EXIT COMM   NS     KIND   IN     WHAT\n')
  assert.equal(
    text.line('12:34:56', event.decode(bytes)),
    '12:34:56 1234567 true   a\\x09b" 18446744073709551615 EXIT(1) {"__EUNOMIA_TYPE":"struct","__EUNOMIA_TYPE_NAME":"inner","x":-5} <UNKNOWN_VARIANT>(9)\n',
  )
})

test('an object of JSON, digits exact', () => {
  assert.equal(
    recordJson(event, event.decode(bytes)),
    '{"pid":1234567,"is_exit":true,"comm":"a\\tb\\"","ns":18446744073709551615,"kind":"EXIT(1)",' +
      '"in":{"__EUNOMIA_TYPE":"struct","__EUNOMIA_TYPE_NAME":"inner","x":-5},"what":"<UNKNOWN_VARIANT>(9)"}',
  )
})

test('members that a package picks out', () => {
  const picked = exportOfMembers(btf, [
    { name: 'who?', offsetBytes: 0, typeId: int },
    { name: 'ns', offsetBytes: 16, typeId: u64 },
  ])
  assert.equal(picked.sizeBytes, 24)
  assert.equal(recordJson(picked, picked.decode(bytes)), '{"who?":1234567,"ns":18446744073709551615}')
})

test('entries: a key without a struct has the name of its type', () => {
  const key = exportOfType(btf, btf.type(int))
  const hist = exportOfType(btf, btf.get('hist', 'struct'))
  const value = new Uint8Array(24)
  new Uint32Array(value.buffer, 0, 4).set([0, 2, 4, 0])
  value.set(Buffer.from('cat'), 16)
  const values = [key.decode(bytes), hist.decode(value)] as const
  assert.equal(
    entryJson(key, hist, values),
    '{"key":{"int":1234567},"value":{"slots":[0,2,4,0],"comm":"cat"}}',
  )
  const sample = { intervalMs: 1, type: 'log2_hist', unit: 'usecs', clear: false } as const
  assert.equal(
    entryHistogram(sample, key, hist, values),
    `key = 1234567
comm = cat

     usecs               : count    distribution
         0 -> 1          : 0        |                                        |
         2 -> 3          : 2        |********************                    |
         4 -> 7          : 4        |****************************************|

`,
  )
})

test('bytes without a type', () => {
  const four = exportOfBytes('key', 4)
  assert.equal(recordJson(four, four.decode(bytes)), '{"key":1234567}')
  const three = exportOfBytes('key', 3)
  assert.equal(recordJson(three, three.decode(bytes)), '{"key":"87d612"}')
})

test('histograms', () => {
  assert.equal(drawLog2([0, 0], 'x'), '')
  assert.equal(
    drawLinear([3, 0, 6], 'items'),
    `     items         : count     distribution
        0          : 3        |********************                    |
        1          : 0        |                                        |
        2          : 6        |****************************************|
`,
  )
  const wide = drawLog2([...Array(34).fill(0), 1], '(unit)').split('\n')
  assert.equal(wide[0], '               (unit)                        : count    distribution')
  assert.equal(wide.at(-2), '         17179869184 -> 34359738367          : 1        |********************|')
})
