// Ring buffers that overwrite their oldest records (Linux 6.19), and where a ring stands.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventReader, OverwritingRing, openRing, RingBuffer, streamRecords } from '../../src/events/index.ts'
import { BPF_F_RB_OVERWRITE, BPF_RINGBUF_HDR_SZ } from '../../src/sys/index.ts'
import { RECORD_BYTES, ringProducer } from './ring-producer.ts'
import { since } from './since.ts'

const skip = since('6.19', 'a ring buffer that overwrites')
const overwriting = { mapFlags: BPF_F_RB_OVERWRITE }
const SIZE = 4096
const STEP = RECORD_BYTES + BPF_RINGBUF_HDR_SZ

test('a ring that overwrites keeps the newest records, whoever reads them', { skip }, () => {
  using producer = ringProducer(SIZE, overwriting)
  const read: number[] = []
  using ring = openRing(producer.ring, (view, offset) => read.push(view.u32[offset >>> 2]!))
  assert.ok(ring instanceof OverwritingRing)
  assert.equal(producer.run(0), 0) // 100 records, all of which find room
  assert.ok(ring.pendingBytes() < SIZE && ring.pendingBytes() >= SIZE - 2 * STEP)
  const kept = ring.pendingBytes() / STEP
  assert.equal(ring.drain(), kept)
  assert.deepEqual(
    read,
    Array.from({ length: kept }, (_, i) => 100 - kept + i),
  )
  assert.equal(ring.lostBytes(), (100 - kept) * STEP)
  assert.equal(ring.isEmpty(), true)
  for (let turn = 1; turn <= 50; turn++) {
    producer.run(turn * 100)
    ring.drain(turn)
    assert.equal(read.at(-1), turn * 100 + 100 - kept + Math.min(turn, kept) - 1)
  }
})

test('its records are streamed, and who sleeps is woken', { skip, timeout: 60_000 }, async () => {
  using producer = ringProducer(SIZE, { ...overwriting, recordsPerRun: 1 })
  using stream = streamRecords(producer.ring, {}, (view, offset) => view.u32[offset >>> 2]!)
  for (let i = 0; i < 5; i++) {
    const next = stream.next()
    setTimeout(() => producer.run(i), 20)
    assert.deepEqual(await next, { done: false, value: i })
  }
})

test('an event reader reads it as any other', { skip, timeout: 60_000 }, async () => {
  using producer = ringProducer(SIZE, overwriting)
  let count = 0
  using ring = openRing(producer.ring, () => count++)
  using reader = new EventReader()
  reader.addRing(ring)
  reader.start()
  producer.run(0)
  await reader.stop()
  assert.equal(count * STEP + (ring as OverwritingRing).lostBytes(), 100 * STEP)
})

test('neither reader takes the other’s ring', { skip }, () => {
  using producer = ringProducer(SIZE, overwriting)
  assert.throws(() => RingBuffer.open(producer.ring, () => {}), /overwrites its records/)
  using plain = ringProducer(SIZE)
  assert.throws(() => OverwritingRing.open(plain.ring, () => {}), /BPF_F_RB_OVERWRITE/)
})

test('a ring says where it stands', () => {
  using producer = ringProducer(65536, { recordsPerRun: 3 })
  using ring = RingBuffer.open(producer.ring, () => {})
  producer.run(0)
  assert.deepEqual(ring.positions(), { consumer: 0n, producer: BigInt(3 * STEP) })
  ring.drain(2)
  assert.deepEqual(ring.positions(), { consumer: BigInt(2 * STEP), producer: BigInt(3 * STEP) })
  assert.equal(ring.pendingBytes(), STEP)
  ring.close()
  assert.throws(() => ring.positions(), /is closed/)
})
