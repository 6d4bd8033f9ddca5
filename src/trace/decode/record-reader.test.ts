// Records are read as written; whatever else stands in the ring is refused and never read past.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CAPTURE_CSTR, RECORD_ENTER, RECORD_FIXED_BYTES } from '../record.ts'
import { Pending } from './pending.ts'
import { RecordReader } from './record-reader.ts'
import { type RecordSpec, text, writeRecord } from './record-writer.ts'

const at = (spec: RecordSpec, offset = 16) => {
  const record = writeRecord(spec)
  const memory = new Uint8Array(offset + record.length + 8)
  memory.set(record, offset)
  const reader = new RecordReader()
  reader.use(memory)
  return { reader, ok: reader.read(offset, record.length) }
}
const segment = (arg: number, value: string) => ({ op: CAPTURE_CSTR, arg, bytes: text(value) })

test('a record is read in place', () => {
  const { reader, ok } = at({
    nr: 257,
    tid: 12,
    tgid: 11,
    ret: -2n,
    startNs: 2n ** 40n + 1n,
    timeNs: 2n ** 40n + 1001n,
    args: [-100, 2n ** 63n, 3],
    segments: [segment(1, 'abc'), segment(1, 'defghijkl'), segment(4, '')],
  })
  assert.equal(ok, true)
  assert.deepEqual(
    [reader.nr, reader.tid, reader.tgid, reader.retLo | 0, reader.retHi | 0],
    [257, 12, 11, -2, -1],
  )
  assert.deepEqual([reader.argLo(0) | 0, reader.argHi(1), reader.argLo(2)], [-100, 0x80000000, 3])
  assert.equal(reader.startNs, 2 ** 40 + 1)
  assert.equal(reader.durationNs, 1000)
  const first = reader.first[1]!
  assert.equal(first, 16 + RECORD_FIXED_BYTES + 3 * 8)
  assert.deepEqual([reader.argLo(3), reader.argHi(3)], [0, 0])
  assert.equal(reader.after(first), first + 16)
  assert.equal(reader.first[4], first + 16 + 24)
  assert.equal(reader.after(reader.first[4]!), -1)
  assert.equal(reader.first[0], -1)
})

test('a duration is exact however long the machine runs', () => {
  assert.equal(at({ nr: 0, startNs: 2n ** 60n + 1n, timeNs: 2n ** 60n + 8n }).reader.durationNs, 7)
  assert.equal(at({ nr: 0, startNs: 2n ** 32n - 1n, timeNs: 2n ** 32n + 1n }).reader.durationNs, 2)
  assert.equal(at({ nr: 0, startNs: 0n, timeNs: 0n }).reader.durationNs, 0)
})

test('malformed records are refused', () => {
  const check = (change: (record: Uint8Array) => Uint8Array) => {
    const record = change(writeRecord({ nr: 1, segments: [segment(1, 'abc')] }))
    const reader = new RecordReader()
    reader.use(record)
    assert.equal(reader.read(0, record.length), false)
  }
  const set = (index: number, value: number) => (record: Uint8Array) => {
    record[index] = value
    return record
  }
  check(record => record.subarray(0, 32))
  check(record => record.subarray(0, 42))
  check(record => record.subarray(0, 48))
  check(set(3, 7))
  check(set(3, 6))
  check(() => new Uint8Array(0))
  check(set(0, 0))
  check(set(0, 99))
  check(set(1, 2))
  check(set(RECORD_FIXED_BYTES + 1, 6))
  check(set(RECORD_FIXED_BYTES + 7, 0x80))
})

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), fc.nat(300), fc.nat(300), (bytes, offset, length) => {
      const reader = new RecordReader()
      reader.use(bytes)
      if (!reader.read(offset, length)) return
      for (const first of reader.first)
        for (let seg = first; seg !== -1; seg = reader.after(seg)) assert.ok(seg < reader.end)
    }),
  )
})

test('what entry said is kept until it is taken', () => {
  const pending = new Pending()
  const enter = (tid: number, value: string) =>
    pending.keep(at({ kind: RECORD_ENTER, tid, nr: 2, segments: [segment(0, value)] }).reader)
  enter(1, 'one')
  enter(2, 'x'.repeat(1000))
  enter(1, 'other')
  const path = (reader: RecordReader | undefined) => {
    if (reader === undefined) return undefined
    const start = reader.first[0]! + 8
    return Buffer.from(
      reader.bytes.subarray(start, start + reader.view.getUint32(start - 4, true)),
    ).toString()
  }
  assert.equal(pending.size, 2)
  assert.equal(path(pending.peek(1)), 'other')
  assert.equal(path(pending.take(2)), 'x'.repeat(1000))
  assert.equal(path(pending.take(1)), 'other')
  assert.equal(pending.take(1), undefined)
  assert.equal(pending.size, 0)
})

test('a thread too many makes the oldest one be forgotten', () => {
  const pending = new Pending(2)
  for (const tid of [1, 2, 3]) pending.keep(at({ kind: RECORD_ENTER, tid, nr: 2 }).reader)
  assert.deepEqual([...pending.tids()], [2, 3])
  assert.equal(pending.forgotten, 1)
})
