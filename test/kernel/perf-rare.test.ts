// Perf buffers in other ways: as a flight recorder, of events of the caller's own, one CPU at a time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PerfBuffer, PerfSnapshot, RawPerfBuffer } from '../../src/events/index.ts'
import { onlineCpus } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import * as sys from '../../src/sys/index.ts'
import { perfProducer } from './perf-producer.ts'

const RECORD_BYTES = 24
const producer = (recordsPerRun: number) => perfProducer(recordsPerRun, RECORD_BYTES)
const cpu = onlineCpus().at(-1)!

test('a snapshot has the newest records, oldest first, and each of them once', () => {
  using source = producer(100)
  using snapshot = PerfSnapshot.open(source.events, { sizeBytes: 4096 })
  const read = () => {
    const seen: number[] = []
    snapshot.read((view, offset, byteLength, on) => {
      assert.equal(on, cpu)
      assert.equal(byteLength, 28) // 24 and the kernel's padding
      seen.push(view.u32[offset >>> 2]!)
    })
    return seen
  }
  assert.deepEqual(read(), [])
  source.run(0, cpu)
  // records of 40 bytes: 102 fit
  assert.deepEqual(
    read(),
    Array.from({ length: 100 }, (_, i) => i),
  )
  assert.deepEqual(read(), [])
  for (let i = 0; i < 10; i++) source.run(1000 + i * 100, cpu)
  const newest = read()
  assert.equal(newest.length, Math.floor(4096 / 40))
  assert.deepEqual(
    newest,
    Array.from({ length: newest.length }, (_, i) => 2000 - newest.length + i),
  )
  source.run(5000, cpu)
  assert.deepEqual(read().at(-1), 5099)
  snapshot.close()
  assert.deepEqual(read(), [])
  assert.equal(source.events.delete(new Uint8Array(new Uint32Array([cpu]).buffer)), false)
})

test('records of an event of one’s own come as they are', () => {
  using source = producer(10)
  const types: number[] = []
  const times: bigint[] = []
  const attr = {
    ...{ type: sys.PERF_TYPE_SOFTWARE, config: sys.PERF_COUNT_SW_BPF_OUTPUT, samplePeriod: 1 },
    ...{ sampleType: sys.PERF_SAMPLE_RAW | sys.PERF_SAMPLE_TIME, wakeupEvents: 1 },
  }
  using buffer = RawPerfBuffer.open(source.events, attr, (view, offset, byteLength, on) => {
    types.push(view.u32[offset >>> 2]!)
    times.push(view.data.getBigUint64(offset + 8, true))
    assert.equal(view.data.getUint16(offset + 6, true), byteLength)
    assert.equal(byteLength, 8 + 8 + 4 + 28)
    assert.equal(view.u32[(offset >>> 2) + 5], types.length - 1)
    assert.equal(on, cpu)
  })
  source.run(0, cpu)
  assert.equal(buffer.isEmpty(), false)
  assert.equal(buffer.drain(4), 4)
  assert.equal(buffer.drain(), 6)
  assert.equal(buffer.isEmpty(), true)
  assert.deepEqual(new Set(types), new Set([sys.PERF_RECORD_SAMPLE]))
  assert.deepEqual(
    times,
    [...times].sort((a, b) => Number(a - b)),
  )
  buffer.pause()
  source.run(10, cpu)
  assert.equal(buffer.isEmpty(), true)
  buffer.pause(false)
})

test('an event without a program writes to it, too', () => {
  using map = BpfMap.create({
    ...{ name: 'clock', type: sys.BPF_MAP_TYPE_PERF_EVENT_ARRAY, keySize: 4, valueSize: 4, maxEntries: 0 },
  })
  const [own] = onlineCpus()
  const seen: number[] = []
  const attr = { type: sys.PERF_TYPE_SOFTWARE, config: sys.PERF_COUNT_SW_CPU_CLOCK, samplePeriod: 1_000_000 }
  using buffer = RawPerfBuffer.open(map, attr, (view, offset) => seen.push(view.u32[offset >>> 2]!), {
    ...{ cpus: [own!], keys: [0], sizeBytes: 4096 },
  })
  for (const end = Date.now() + 10_000; buffer.isEmpty() && Date.now() < end; ) Math.sqrt(end)
  assert.ok(buffer.drain() > 0)
  assert.equal(seen[0], sys.PERF_RECORD_SAMPLE)
})

test('the rings of CPUs can be chosen, looked at, and read one at a time', () => {
  using source = producer(10)
  const seen: number[] = []
  using buffer = PerfBuffer.open(source.events, (view, offset) => seen.push(view.u32[offset >>> 2]!), {
    cpus: [cpu],
    keys: [cpu],
    sizeBytes: 8192,
  })
  const [ring, ...others] = buffer.cpuRings
  assert.deepEqual(others, [])
  assert.equal(ring?.cpu, cpu)
  assert.equal(ring.pendingBytes, 0)
  source.run(0, cpu)
  assert.equal(buffer.cpuRings[0]!.pendingBytes, 400)
  assert.equal(buffer.drainCpu(cpu, 3), 3)
  assert.equal(buffer.cpuRings[0]!.pendingBytes, 280)
  assert.equal(buffer.drainCpu(cpu), 7)
  assert.deepEqual(
    seen,
    Array.from({ length: 10 }, (_, i) => i),
  )
  assert.throws(() => buffer.drainCpu(10_000), /has no ring of CPU 10000/)
  assert.throws(
    () => PerfBuffer.open(source.events, () => {}, { cpus: [cpu], keys: [] }),
    /0 keys of map "events" for 1 CPUs/,
  )
})
