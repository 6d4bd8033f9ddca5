// Ring buffers on a real kernel: order, wrapping, loss, busy records, waking, stopping, exit.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { call, exit, ldMap, ldMapValue, movImm } from '../../src/asm/index.ts'
import {
  EventReader,
  Losses,
  mappedLossCounter,
  perCpuLossCounter,
  RingBuffer,
  waitingFlag,
} from '../../src/events/index.ts'
import { possibleCpus } from '../../src/kernel/index.ts'
import { BpfMap, codec } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import {
  BPF_F_MMAPABLE,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_RB_FORCE_WAKEUP,
  BPF_RB_NO_WAKEUP,
  closeFd,
  eventfd,
  writeFd,
} from '../../src/sys/index.ts'
import { SLOW } from '../slow.ts'
import { RECORD_BYTES, ringProducer } from './ring-producer.ts'

/** Waits until `done`, for some seconds; `state` says what there is instead. */
const until = async (done: () => boolean, state = () => ''): Promise<void> => {
  for (let i = 0; i < 2000 * SLOW && !done(); i++) await sleep(1)
  assert.ok(done(), `did not happen: ${state()}`)
}

/** A ring whose records' counts are collected. */
const collecting = (map: BpfMap) => {
  const seen: number[] = []
  const ring = RingBuffer.open(map, (view, offset, byteLength) => {
    assert.equal(offset % 8, 0)
    seen.push(view.u32[offset >>> 2]!)
    if (byteLength === RECORD_BYTES) assert.equal(view.u8[offset + 63], 0)
    assert.equal(view.data.getUint32(offset, true), view.u32[offset >>> 2])
  })
  return { ring, seen }
}

for (const byteLength of [64, 61, 9, 8]) {
  test(`records of ${byteLength} bytes come whole and in order over many turns of a small ring`, () => {
    using producer = ringProducer(4096, { recordsPerRun: 50, byteLength })
    const lengths = new Set<number>()
    const seen: number[] = []
    using ring = RingBuffer.open(producer.ring, (view, offset, length) => {
      lengths.add(length)
      seen.push(view.u32[offset >>> 2]!)
    })
    for (let i = 0; i < 50; i++) {
      assert.equal(producer.run(i * 50), 0)
      assert.equal(ring.drain(), 50)
    }
    assert.deepEqual([...lengths], [byteLength])
    assert.deepEqual(
      seen,
      Array.from({ length: 2500 }, (_, i) => i),
    )
  })
}

test('nothing is lost or doubled over 200 turns, read in parts', () => {
  using producer = ringProducer(8192, { recordsPerRun: 100 })
  const { ring, seen } = collecting(producer.ring)
  let first = 0
  for (let i = 0; i < 200; i++) {
    assert.equal(producer.run(first), 0)
    first += 100
    assert.equal(ring.drain(30), 30)
    assert.equal(ring.isEmpty(), false)
    assert.equal(ring.drain(), 70)
    assert.equal(ring.isEmpty(), true)
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 20_000 }, (_, i) => i),
  )
  ring.close()
})

test('of a large ring more is mapped as records reach further', () => {
  using producer = ringProducer(2 << 20, { recordsPerRun: 500 })
  const { ring, seen } = collecting(producer.ring)
  const runs = Math.ceil((5 << 20) / (500 * (RECORD_BYTES + 8)))
  for (let i = 0; i < runs; i++) {
    assert.equal(producer.run(500 * i), 0)
    assert.equal(ring.drain(), 500)
  }
  assert.ok(seen.every((first, i) => first === i))
  assert.equal(seen.length, 500 * runs)
  ring.close()
})

test('a long record that passes the end of a large ring lies there in one piece', () => {
  const sizeBytes = 300 << 10
  using map = BpfMap.create({
    name: 'ring',
    type: BPF_MAP_TYPE_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: 1 << 20,
  })
  using value = BpfMap.create({
    name: 'value',
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: sizeBytes,
    maxEntries: 1,
  })
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 7) >> 3)
  value.update(new Uint8Array(4), bytes)
  using program = Program.load(
    {
      name: 'long_record',
      type: BPF_PROG_TYPE_RAW_TRACEPOINT,
      license: 'GPL',
      insns: [
        ldMap(1, 'ring'),
        ldMapValue(2, 'value', 0),
        movImm(3, sizeBytes),
        movImm(4, 0),
        call('bpf_ringbuf_output'),
        exit(),
      ],
    },
    { maps: { ring: map, value } },
  )
  let records = 0
  using ring = RingBuffer.open(map, (view, offset, length) => {
    records++
    assert.deepEqual(view.u8.subarray(offset, offset + length), bytes)
  })
  for (let i = 0; i < 8; i++) {
    assert.equal(program.testRun({ ctx: new Uint8Array(8) }).retval, 0)
    assert.equal(ring.drain(), 1)
  }
  assert.equal(records, 8)
})

test('a full ring refuses, and takes again what was read', () => {
  using producer = ringProducer(4096, { recordsPerRun: 100 })
  const { ring, seen } = collecting(producer.ring)
  const room = Math.floor(4096 / 72)
  const lost = producer.run(0)
  // the kernel keeps one byte free
  assert.ok(lost >= 100 - room && lost <= 101 - room, `${lost} lost`)
  assert.equal(ring.pendingBytes(), (100 - lost) * 72)
  assert.equal(ring.drain(), 100 - lost)
  assert.equal(producer.run(1000), lost)
  ring.drain()
  assert.equal(seen.at(-1), 1000 + (100 - lost) - 1)
  ring.close()
})

test('a callback may throw, drain and close', () => {
  using producer = ringProducer(8192, { recordsPerRun: 10 })
  producer.run(0)
  let calls = 0
  const ring = RingBuffer.open(producer.ring, () => {
    calls++
    if (calls === 3) throw new Error('third')
    assert.equal(ring.drain(), 0, 'no second drain within one')
    if (calls === 6) ring.close()
  })
  assert.throws(() => ring.drain(), /third/)
  assert.equal(ring.drain(), 3)
  assert.equal(calls, 6)
  assert.ok(ring.closed)
  assert.equal(ring.drain(), 0)
  // six were taken: the position was published, and the rest is there for the next reader
  using rest = RingBuffer.open(producer.ring, () => {})
  assert.equal(rest.drain(), 4)
})

test('a ring that its last record closes hands over none that comes meanwhile', () => {
  using producer = ringProducer(8192, { recordsPerRun: 2 })
  producer.run(0)
  let calls = 0
  const ring = RingBuffer.open(producer.ring, () => {
    if (++calls < 2) return
    producer.run(2)
    ring.close()
  })
  assert.equal(ring.drain(), 2)
  assert.equal(calls, 2)
})

test('a view is emptied when its ring closes', () => {
  using producer = ringProducer(4096, { recordsPerRun: 1 })
  producer.run(0)
  let kept: { u8: Uint8Array } | undefined
  const ring = RingBuffer.open(producer.ring, view => {
    kept = view
  })
  ring.drain()
  ring.close()
  ring.close()
  assert.equal(kept!.u8.length, 0)
})

test('only a ring buffer is a ring buffer', () => {
  using map = BpfMap.create({ name: 'h', type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 1 })
  assert.throws(() => RingBuffer.open(map, () => {}), /is not a ring buffer/)
})

test('an idle reader is woken, reads by timer while records come, and sleeps again', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 10 })
  const { ring, seen } = collecting(producer.ring)
  const rounds: number[] = []
  using reader = new EventReader({ intervalMs: 2, onDrained: n => rounds.push(n) })
  reader.addRing(ring)
  reader.start()
  await sleep(20)
  const idleLooks = reader.statistics.lookCount
  assert.ok(idleLooks <= 1, `${idleLooks} looks while nothing came`)
  producer.run(0)
  await until(() => seen.length === 10)
  producer.run(10)
  await until(() => seen.length === 20)
  await sleep(20)
  const { lookCount } = reader.statistics
  await sleep(20)
  assert.equal(reader.statistics.lookCount, lookCount, 'asleep')
  assert.ok(reader.statistics.wakeCount >= 1)
  assert.equal(
    rounds.reduce((a, b) => a + b),
    20,
  )
  assert.equal(await reader.stop(), true)
  ring.close()
})

test('a patient reader takes records when they are old enough', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 10 })
  const { ring, seen } = collecting(producer.ring)
  using reader = new EventReader({ intervalMs: 1, patience: { level: 0.5, ms: 150 } })
  reader.addRing(ring)
  reader.start()
  const start = performance.now()
  producer.run(0)
  await until(() => seen.length === 10)
  assert.ok(performance.now() - start >= 145, 'not before')
  assert.equal(await reader.stop(), true)
  ring.close()
})

test('a reader that may not read leaves the ring to fill, and empties it at the end', async () => {
  using producer = ringProducer(8192, { recordsPerRun: 10 })
  const { ring, seen } = collecting(producer.ring)
  let mayRead = true
  let looks = 0
  const onLevel = () => {
    looks++
  }
  using reader = new EventReader({ intervalMs: 1, mayRead: () => mayRead, onLevel })
  reader.addRing(ring)
  reader.start()
  producer.run(0)
  await until(() => seen.length === 10)
  mayRead = false
  producer.run(10)
  const before = looks
  await until(() => looks > before + 5)
  assert.equal(seen.length, 10)
  mayRead = true
  await until(() => seen.length === 20)
  mayRead = false
  producer.run(20)
  await reader.stop()
  assert.equal(seen.length, 30)
  ring.close()
})

test('a patient reader takes records when the ring is filled so far, and tells the level', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 10 })
  const { ring, seen } = collecting(producer.ring)
  const levels: number[] = []
  // nothing grows so old: what is taken is taken for the level
  const patience = { level: 0.5, ms: 3_600_000 }
  using reader = new EventReader({ intervalMs: 1, patience, onLevel: level => levels.push(level) })
  reader.addRing(ring)
  reader.start()
  for (let i = 0; i <= 40; i++) producer.run(i * 10) // 10 records are 720 bytes: 45 % of the ring
  await sleep(20)
  assert.equal(seen.length, 0, 'not filled so far')
  for (let i = 41; i <= 50; i++) producer.run(i * 10) // 56 %
  const state = () => `${seen.length} seen, levels ${levels.slice(-3)}, ${reader.statistics.lookCount} looks`
  // all of them, unless that takes longer than a turn
  await until(() => seen.length > 0, state)
  assert.ok(Math.max(...levels) > 0.5 && Math.max(...levels) < 0.6, `${Math.max(...levels)}`)
  producer.run(510)
  assert.equal(await reader.stop(), true)
  assert.equal(seen.length, 520, 'at the stop what is there is read')
  ring.close()
})

test('records without a wake-up are found by the next one that has one, and at the stop', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 10, flags: BPF_RB_NO_WAKEUP })
  const { ring, seen } = collecting(producer.ring)
  using reader = new EventReader({ intervalMs: 1 })
  reader.addRing(ring)
  reader.start()
  await sleep(10)
  producer.run(0)
  await sleep(20)
  assert.equal(seen.length, 0, 'the kernel was told not to wake us')
  assert.equal(await reader.stop(), true)
  assert.equal(seen.length, 10)
  ring.close()
})

test('the waiting flag is up exactly while the reader sleeps', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 5, flags: BPF_RB_FORCE_WAKEUP })
  using flags = BpfMap.create({
    name: 'flags',
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  })
  const flag = waitingFlag(flags, 4)
  const states: number[] = []
  const ring = RingBuffer.open(producer.ring, () => states.push(flag.word[0]!))
  using reader = new EventReader({ intervalMs: 1 })
  reader.addRing(ring, flag)
  assert.equal(flag.word[0], 0)
  reader.start()
  await sleep(10)
  assert.equal(flags.peek(new Uint8Array(4))!.getUint32(4, true), 1, 'the kernel sees it')
  producer.run(0)
  await until(() => states.length === 5)
  assert.deepEqual(states, [0, 0, 0, 0, 0])
  await until(() => flag.word[0] === 1)
  await reader.stop()
  ring.close()
})

test('other descriptors share the loop', async () => {
  const fd = eventfd()
  using reader = new EventReader()
  let calls = 0
  const remove = reader.addFd(fd, () => {
    calls++
    remove()
  })
  assert.equal(calls, 0)
  writeFd(fd, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]))
  await until(() => calls === 1)
  await sleep(5)
  assert.equal(calls, 1)
  closeFd(fd)
})

test('a callback that throws is reported and does not end the reading', async () => {
  using producer = ringProducer(1 << 16, { recordsPerRun: 2 })
  const errors: unknown[] = []
  let calls = 0
  const ring = RingBuffer.open(producer.ring, () => {
    if (calls++ === 0) throw new Error('first')
  })
  using reader = new EventReader({ intervalMs: 1, onError: error => errors.push(error) })
  reader.addRing(ring)
  reader.start()
  producer.run(0)
  await until(() => calls === 2)
  assert.equal(errors.length, 1)
  ring.close()
})

test('losses are summed and told once', () => {
  using perCpu = BpfMap.create({
    name: 'lost',
    type: BPF_MAP_TYPE_PERCPU_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
  })
  using mapped = BpfMap.create({
    name: 'lost2',
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 16,
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  })
  const losses = new Losses()
  losses.add('events', perCpuLossCounter(perCpu))
  losses.add('strings', mappedLossCounter(mapped, 8))
  assert.equal(losses.total(), 0)
  const cpus = possibleCpus().length
  perCpu.typed(codec.u32, codec.perCpu(codec.u64, cpus)).set(0, Array(cpus).fill(3n))
  mapped.memory().setUint32(8, 5, true)
  assert.equal(losses.total(), 3 * cpus + 5)
  assert.deepEqual(
    [...losses.news()],
    [
      ['events', 3 * cpus],
      ['strings', 5],
    ],
  )
  assert.deepEqual([...losses.news()], [])
})

/** Runs a script with a started reader in a process of its own: its exit must neither hang nor crash. */
const exits = (how: string, script: string, status: number) =>
  test(`a process with an idle reader ends by ${how}`, () => {
    const at = (path: string) => JSON.stringify(pathToFileURL(`build/${path}`).href)
    const result = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { EventReader, RingBuffer } from ${at('src/events/index.js')}
         import { ringProducer } from ${at('test/kernel/ring-producer.js')}
         const producer = ringProducer(65536)
         const ring = RingBuffer.open(producer.ring, () => {})
         const reader = new EventReader()
         reader.addRing(ring)
         reader.start()
         ${script}`,
      ],
      { timeout: 20_000 * SLOW, encoding: 'utf8' },
    )
    assert.equal(result.stderr, '')
    assert.equal(result.signal, null)
    assert.equal(result.status, status)
  })

exits('process.exit', 'setTimeout(() => process.exit(7), 30)', 7)
exits('stopping the reader', 'setTimeout(async () => { await reader.stop() }, 30)', 0)
exits(
  'closing everything',
  'setTimeout(() => { reader.close(); ring.close(); producer.ring.close() }, 30)',
  0,
)
