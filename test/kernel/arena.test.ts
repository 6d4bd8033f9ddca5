// Arenas on a real kernel: variables and pointers in memory that a program and this process share.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askFeature, mapTypeFeatures } from '../../src/kernel/index.ts'
import { Arena, BpfMap } from '../../src/map/index.ts'
import { openObject } from '../../src/object/index.ts'
import { BPF_F_MMAPABLE, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_ARRAY } from '../../src/sys/index.ts'

const ready =
  askFeature(mapTypeFeatures.BPF_MAP_TYPE_ARENA!).kind === 'yes' ? {} : { skip: 'no arenas (Linux 6.9)' }

test('variables of an arena are set before loading, changed by the program, and read after', ready, () => {
  using object = openObject('test/object/fixtures/arena.bpf.o')
  assert.deepEqual([object.global('total').value, object.global('numbers').value], [40n, [1, 2, 3, 4]])
  object.global('total').value = 1000n
  object.load()
  const { program } = object.program('add')
  assert.equal(program.testRun().retval, 40)
  assert.deepEqual([object.global('total').value, object.global('numbers').value], [1102n, [10, 20, 30, 40]])
  object.global('total').value = 5n
  program.testRun()
  assert.equal(object.global('total').value, 107n)
})

test('a pointer that a program leaves in an arena is an address here', ready, () => {
  using object = openObject('test/object/fixtures/arena.bpf.o').load()
  object.program('add').program.testRun()
  const { arena } = object.map('arena')
  assert.equal(arena.byteLength, 8 * 4096)
  const place = Number(object.global('place').value) - arena.address
  const view = arena.view(place, 8)
  assert.equal(new DataView(view.buffer).getBigUint64(0, true), object.global('total').value)
  arena.write(place, new Uint8Array(8).fill(1))
  assert.equal(object.global('total').value, 0x0101_0101_0101_0101n)
  assert.deepEqual(arena.read(8 * 4096 - 4, 4), new Uint8Array(4))
  assert.throws(() => arena.view(8 * 4096 - 4, 8), { code: 'MAP_USE' })
  object.close()
  assert.throws(() => arena.read(0, 8), { code: 'CLOSED' })
  assert.equal(object.global('total').value, 40n, 'closed, it is what the object says')
})

test('an arena goes where its map_extra says; another map is refused', ready, () => {
  const spec = { name: 'a', keySize: 0, valueSize: 0, maxEntries: 2, flags: BPF_F_MMAPABLE }
  using map = BpfMap.create({ ...spec, type: BPF_MAP_TYPE_ARENA, mapExtra: 1n << 44n })
  using arena = Arena.open(map)
  assert.equal(arena.address, 2 ** 44)
  using array = BpfMap.create({ ...spec, type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8 })
  assert.throws(() => Arena.open(array), /is no arena/)
})
