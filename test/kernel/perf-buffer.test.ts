// Perf buffers on a real kernel: records of every CPU, loss, order by time, waking.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  EventReader,
  PerfBuffer,
  type PerfBufferOptions,
  type StreamOptions,
  streamRecords,
} from '../../src/events/index.ts'
import { onlineCpus } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { BPF_MAP_TYPE_ARRAY } from '../../src/sys/index.ts'
import { perfProducer } from './perf-producer.ts'

const RECORD_BYTES = 24

const producer = (recordsPerRun: number) => perfProducer(recordsPerRun, RECORD_BYTES)

const collecting = (events: BpfMap, options: PerfBufferOptions = {}) => {
  const seen: number[] = []
  const cpus: number[] = []
  const buffer = PerfBuffer.open(
    events,
    (view, offset, byteLength, cpu) => {
      assert.equal(offset % 4, 0)
      assert.equal(byteLength, 28) // 24 and the kernel's padding
      assert.deepEqual([...view.u8.subarray(offset + 8, offset + RECORD_BYTES)], Array(16).fill(0))
      seen.push(view.u32[offset >>> 2]!)
      cpus.push(cpu)
    },
    options,
  )
  return { buffer, seen, cpus }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('records of one CPU come in order over many turns of a small ring', () => {
  using source = producer(20)
  const { buffer, seen, cpus } = collecting(source.events, { sizeBytes: 4096 })
  using _ = buffer
  const cpu = onlineCpus().at(-1)!
  for (let i = 0; i < 40; i++) {
    source.run(i * 20, cpu)
    assert.equal(buffer.drain(), 20)
    assert.ok(buffer.isEmpty())
  }
  assert.deepEqual(seen, numbers(800))
  assert.deepEqual(new Set(cpus), new Set([cpu]))
  assert.equal(buffer.lostCount(), 0)
})

test('what does not fit is counted, and the rest is whole', () => {
  using source = producer(100)
  const losses: number[] = []
  const { buffer, seen } = collecting(source.events, { sizeBytes: 4096, onLost: count => losses.push(count) })
  using _ = buffer
  const [cpu] = onlineCpus()
  for (let i = 0; i < 5; i++) source.run(i * 100, cpu!)
  buffer.drain()
  source.run(500, cpu!) // the kernel says what it lost with the next record that fits
  buffer.drain()
  assert.equal(seen.length + buffer.lostCount(), 600)
  assert.ok(buffer.lostCount() > 300)
  assert.deepEqual(
    losses.reduce((a, b) => a + b, 0),
    buffer.lostCount(),
  )
  assert.ok(seen.every((n, i) => i === 0 || n > seen[i - 1]!))
})

test('records of several CPUs come in the order of time', {
  skip: onlineCpus().length < 2 && 'one CPU only',
}, async () => {
  using source = producer(1)
  const { buffer, seen, cpus } = collecting(source.events, { order: 'time' })
  using _ = buffer
  const online = onlineCpus()
  for (let i = 0; i < 100; i++) source.run(i, online[(i * 7) % online.length]!)
  assert.equal(buffer.drain(30), 0, 'the first drain only looks')
  assert.equal(buffer.drain(30), 30)
  for (let i = 0; i < 10 && seen.length < 100; i++) {
    buffer.drain()
    await sleep(1)
  }
  assert.deepEqual(seen, numbers(100))
  assert.ok(new Set(cpus).size > 1)
})

test('records come as an async iterable, by time or by CPU, with losses told', async () => {
  using source = producer(20)
  const online = onlineCpus()
  for (const order of ['time', 'cpu'] as const) {
    let lost = 0
    const options: StreamOptions = {
      sizeBytes: 1 << 16,
      order,
      intervalMs: 1,
      onLost: count => (lost += count),
    }
    using stream = streamRecords(source.events, options, (view, offset, _, cpu) => [
      view.u32[offset >>> 2]!,
      cpu!,
    ])
    for (let i = 0; i < 10; i++) source.run(i * 20, online[i % online.length]!)
    const seen: number[] = []
    for await (const [number, cpu] of stream) {
      assert.ok(online.includes(cpu!))
      seen.push(number!)
      if (seen.length === 100) break
    }
    if (order === 'time') assert.deepEqual(seen, numbers(100))
    assert.equal(lost, 0)
  }
})

test('a sleeping reader wakes for a record, and only for so many as it asked for', async () => {
  using source = producer(1)
  const [cpu] = onlineCpus()
  for (const [wakeup, runs] of [
    [{ records: 1 }, 1],
    [{ records: 3 }, 3],
    [{ bytes: 200 }, 5],
  ] as const) {
    const { buffer, seen } = collecting(source.events, { wakeup })
    using reader = new EventReader({ intervalMs: 1 })
    using _ = buffer
    reader.addRing(buffer)
    reader.start()
    await sleep(20)
    for (let i = 0; i < runs; i++) {
      assert.equal(seen.length, 0)
      source.run(i, cpu!)
      if (i < runs - 1) await sleep(10)
    }
    for (let i = 0; i < 500 && seen.length < runs; i++) await sleep(1)
    assert.deepEqual(seen, numbers(runs))
    assert.ok(await reader.stop())
  }
})

test('a paused buffer takes nothing; a closed one leaves the map empty', () => {
  using source = producer(1)
  const { buffer, seen } = collecting(source.events)
  const [cpu] = onlineCpus()
  buffer.pause()
  source.run(1, cpu!)
  buffer.pause(false)
  source.run(2, cpu!)
  buffer.drain()
  assert.deepEqual(seen, [2])
  buffer.close()
  buffer.close()
  assert.equal(buffer.drain(), 0)
  const again = collecting(source.events)
  source.run(3, cpu!)
  again.buffer.drain()
  assert.deepEqual(again.seen, [3])
  again.buffer.close()
})

test('a callback may throw and close', () => {
  using source = producer(10)
  const [cpu] = onlineCpus()
  const seen: number[] = []
  const buffer = PerfBuffer.open(source.events, (view, offset) => {
    seen.push(view.u32[offset >>> 2]!)
    if (seen.length === 3) throw new Error('third')
    assert.equal(buffer.drain(), 0, 'no second drain within one')
    if (seen.length === 6) buffer.close()
  })
  source.run(0, cpu!)
  assert.throws(() => buffer.drain(), /third/)
  assert.equal(buffer.drain(), 3)
  assert.deepEqual(seen, numbers(6))
  assert.equal(buffer.drain(), 0)
})

test('another map is refused', () => {
  using map = BpfMap.create({ name: 'a', type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 })
  assert.throws(() => PerfBuffer.open(map, () => {}), { code: 'MAP_USE' })
  using source = producer(1)
  assert.throws(() => PerfBuffer.open(source.events, () => {}, { sizeBytes: 5000 }), /power of two/)
})
