// User ring buffers on a real kernel: order, wrapping, fullness, discarded records, waiting for room.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { UserRingBuffer } from '../../src/events/index.ts'
import { askFeature, hasVmlinuxBtf, mapTypeFeatures } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { openObject } from '../../src/object/index.ts'
import { BPF_MAP_TYPE_HASH } from '../../src/sys/index.ts'

const ready =
  hasVmlinuxBtf() && askFeature(mapTypeFeatures.BPF_MAP_TYPE_USER_RINGBUF!).kind === 'yes'
    ? {}
    : { skip: 'no user ring buffers (Linux 6.1)' }

function opened() {
  const object = openObject('test/object/fixtures/user-ring.bpf.o').load()
  const ring = UserRingBuffer.open(object.map('samples').map)
  return {
    object,
    ring,
    /** lets the program take what is there; how many records it were */
    drain: () => object.program('drain').program.testRun().retval,
    global: (name: string) => Number(object.global(name).value),
    [Symbol.dispose]: () => {
      ring.close()
      object.close()
    },
  }
}

const write = (ring: UserRingBuffer, number: number, byteLength = 8): boolean => {
  const record = ring.reserve(byteLength)
  record?.data.setBigUint64(0, BigInt(number), true)
  record?.submit()
  return record !== undefined
}

test('records come whole and in order over many turns', ready, () => {
  using it = opened()
  let number = 0
  for (let turn = 0; turn < 100; turn++) {
    const first = number
    // 13 different lengths, so that records stand everywhere, also over the end of the ring
    for (let i = 0; i < 30; i++) assert.ok(write(it.ring, number++, 8 + ((turn + i) % 13) * 8))
    assert.equal(it.drain(), number - first)
  }
  assert.deepEqual([it.global('count'), it.global('in_order')], [number, number])
  assert.equal(it.ring.freeBytes(), it.ring.sizeBytes)
})

test('a full ring refuses, and takes again what was drained', ready, () => {
  using it = opened()
  let number = 0
  while (write(it.ring, number)) number++
  assert.equal(number, 4096 / 16)
  assert.equal(it.ring.freeBytes(), 0)
  assert.equal(it.ring.write(new Uint8Array(8)), false)
  assert.equal(it.drain(), number)
  assert.ok(it.ring.write(new Uint8Array(new BigUint64Array([BigInt(number)]).buffer)))
  assert.equal(it.drain(), 1)
  assert.equal(it.global('in_order'), number + 1)
  assert.throws(() => it.ring.reserve(4096), /a record of 4096 bytes does not fit/)
})

test('a discarded record is passed over, one that is not submitted is waited for', ready, () => {
  using it = opened()
  it.ring.reserve(8)!.discard()
  const late = it.ring.reserve(8)!
  late.data.setBigUint64(0, 0n, true)
  write(it.ring, 1)
  it.drain()
  assert.equal(it.global('count'), 0)
  late.submit()
  assert.equal(it.drain(), 2)
  assert.deepEqual([it.global('count'), it.global('in_order')], [2, 2])
  assert.throws(() => late.submit(), /submitted or discarded before/)
})

test('who waits for room gets it when a program drains', ready, async () => {
  using it = opened()
  while (write(it.ring, 0)) {}
  assert.equal(it.ring.reserveBlocking(8, 20), undefined)
  assert.equal(await it.ring.reserveWhenFree(8, { timeoutMs: 20 }), undefined)
  setTimeout(() => it.drain(), 20)
  const record = await it.ring.reserveWhenFree(8)
  record!.discard()
  while (write(it.ring, 0)) {}
  // a thread drains while this one stands still
  const { fd } = it.object.program('drain').program
  const { href } = new URL('../../src/sys/index.js', import.meta.url)
  const code = `import(${JSON.stringify(href)}).then(({ bpfProgTestRun }) => setTimeout(() => bpfProgTestRun({ progFd: ${fd} }), 50))`
  const thread = new Worker(code, { eval: true })
  it.ring.reserveBlocking(8, 20_000)!.discard()
  assert.ok(it.ring.freeBytes() > 2048)
  await new Promise(resolve => thread.once('exit', resolve))
})

test('another map, and a closed ring, are refused', ready, () => {
  using map = BpfMap.create({ name: 'h', type: BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 1 })
  assert.throws(() => UserRingBuffer.open(map), /is not a user ring buffer/)
  using it = opened()
  it.ring.close()
  it.ring.close()
  assert.throws(() => it.ring.reserve(8), { code: 'CLOSED' })
})
