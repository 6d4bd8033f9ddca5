// Records of rings and perf buffers as async iterables, without an object.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamRecords } from '../../src/events/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { BPF_MAP_TYPE_HASH } from '../../src/sys/index.ts'
import { ringProducer } from './ring-producer.ts'

test('records of a ring come as bytes, in order, as they are asked for', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 10 })
  using stream = streamRecords(producer.ring)
  producer.run(0)
  setTimeout(() => producer.run(10), 20)
  const seen: number[] = []
  for await (const bytes of stream) {
    seen.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true))
    if (seen.length === 20) break
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i),
  )
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
})

test('a decoder reads in place; what is there can be taken at once; who waits is told of the end', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 3 })
  const stream = streamRecords(producer.ring, { intervalMs: 1 }, (view, offset) => view.u32[offset >>> 2]!)
  producer.run(7)
  assert.deepEqual(stream.take(), [7, 8, 9])
  assert.deepEqual(stream.take(), [])
  const waiting = stream.next()
  setTimeout(() => stream.close(), 20)
  assert.equal((await waiting).done, true)
})

test('a map without records is refused', () => {
  using map = BpfMap.create({ name: 'h', type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 1 })
  assert.throws(() => streamRecords(map), /neither a ring nor a perf buffer/)
})
