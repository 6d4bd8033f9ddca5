// Perf rings made of bytes: samples, losses, records that go on at the start.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LITTLE_ENDIAN } from '../sys/index.ts'
import { type PerfRecord, PerfRing } from './perf-ring.ts'

const PAGE = 4096
const DATA = 4096

/** A mapping in memory and the kernel's side of it. */
function fakeRing(withTime: boolean, start = 0) {
  const buffer = new ArrayBuffer(PAGE + DATA)
  const data = new DataView(buffer)
  let head = start
  data.setBigUint64(1032, BigInt(start), LITTLE_ENDIAN)
  data.setBigUint64(1024, BigInt(start), LITTLE_ENDIAN)
  const put = (bytes: Uint8Array) => {
    for (const byte of bytes) data.setUint8(PAGE + (head++ % DATA), byte)
    data.setBigUint64(1024, BigInt(head), LITTLE_ENDIAN)
  }
  const record = (type: number, body: Uint8Array) => {
    const bytes = new Uint8Array(8 + body.length)
    const header = new DataView(bytes.buffer)
    header.setUint32(0, type, LITTLE_ENDIAN)
    header.setUint16(6, bytes.length, LITTLE_ENDIAN)
    bytes.set(body, 8)
    put(bytes)
  }
  const map = {
    address: 0,
    buffer,
    beginning: () => assert.fail('only rings ask for a part'),
    unmap: () => {},
  }
  return {
    ring: new PerfRing(-1, 0, map, DATA, withTime),
    free: () => DATA - (head - Number(data.getBigUint64(1032, LITTLE_ENDIAN))),
    sample: (payload: Uint8Array, timeNs = 0n) => {
      const timeBytes = withTime ? 8 : 0
      const raw = ((payload.length + 4 + 7) & ~7) - 4
      const body = new Uint8Array(timeBytes + 4 + raw)
      const view = new DataView(body.buffer)
      if (withTime) view.setBigUint64(0, timeNs, LITTLE_ENDIAN)
      view.setUint32(timeBytes, raw, LITTLE_ENDIAN)
      body.set(payload, timeBytes + 4)
      record(9, body)
    },
    lost: (count: bigint) => {
      const body = new Uint8Array(16)
      new DataView(body.buffer).setBigUint64(8, count, LITTLE_ENDIAN)
      record(2, body)
    },
  }
}

const empty = (): PerfRecord => ({
  view: {
    u8: new Uint8Array(),
    u32: new Uint32Array(),
    i32: new Int32Array(),
    data: new DataView(new ArrayBuffer(0)),
  },
  offset: 0,
  byteLength: 0,
  timeNs: 0,
})

const bytesOf = (record: PerfRecord, length: number) => [
  ...record.view.u8.subarray(record.offset, record.offset + length),
]

for (const withTime of [false, true])
  test(`samples ${withTime ? 'with' : 'without'} times come whole and in order through many turns of the ring`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }).map(n => n * 8),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { maxLength: 40 }),
        (start, payloads) => {
          const fake = fakeRing(withTime, start)
          const record = empty()
          let time = 2n ** 40n
          for (const payload of payloads) {
            assert.ok(fake.free() >= 1000)
            fake.sample(payload, ++time)
            assert.equal(fake.ring.isEmpty(), false)
            fake.ring.refresh()
            assert.ok(fake.ring.peek(record))
            assert.deepEqual(bytesOf(record, payload.length), [...payload])
            assert.equal(record.offset % 4, 0)
            assert.equal((record.byteLength + 4) % 8, 0)
            if (withTime) assert.equal(record.timeNs, Number(time))
            fake.ring.take()
            assert.equal(fake.ring.peek(record), false)
            fake.ring.publish()
            assert.equal(fake.free(), DATA)
          }
        },
      ),
    )
  })

test('losses are counted and passed over', () => {
  const fake = fakeRing(false)
  const record = empty()
  fake.lost(3n)
  fake.sample(new Uint8Array([7]))
  fake.lost(2n ** 33n)
  fake.ring.refresh()
  assert.ok(fake.ring.peek(record))
  assert.deepEqual(bytesOf(record, 1), [7])
  assert.equal(fake.ring.lostCount, 3)
  assert.ok(fake.ring.peek(record), 'looking does not take')
  fake.ring.take()
  assert.equal(fake.ring.peek(record), false)
  assert.equal(fake.ring.lostCount, 3 + 2 ** 33)
  assert.ok(fake.ring.isEmpty())
})

test('what is written after the look waits for the next', () => {
  const fake = fakeRing(false)
  const record = empty()
  fake.ring.refresh()
  fake.sample(new Uint8Array([1]))
  assert.equal(fake.ring.peek(record), false)
  fake.ring.refresh()
  assert.ok(fake.ring.peek(record))
})
