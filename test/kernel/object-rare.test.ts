// Parts of compiled objects that few have, on a real kernel: each loads where the kernel has it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { askFeature, hasVmlinuxBtf, mapTypeFeatures, programTypeFeatures } from '../../src/kernel/index.ts'
import { type BpfObject, openObject } from '../../src/object/index.ts'
import { since } from './since.ts'

const without = (version: string, what: string) =>
  (!hasVmlinuxBtf() && 'this kernel has no BTF') || since(version, what)

/** The object with no map but the named ones, so that older kernels can make what is left. */
function only(maps: readonly string[], program?: string): BpfObject {
  const object = openObject('test/object/fixtures/rare.bpf.o')
  for (const map of object.maps.values())
    map.autocreate = map.source.role === 'data' || maps.includes(map.label)
  if (program !== undefined) object.program(program).autoload = true
  return object
}

const packet = { data: new Uint8Array(64) }

test('an exception callback belongs to the program whose tag names it', {
  skip: without('6.7', 'bpf_throw'),
}, () => {
  using object = only([], 'throws')
  object.load()
  assert.deepEqual(
    object.program('throws').source.functions.map(each => each.name),
    ['throws', 'on_throw'],
  )
  assert.equal(object.program('throws').program.testRun(packet).retval, 42)
})

test('a list in an inner map has the types of the program', {
  skip: without('6.3', 'bpf_list_push_front_impl'),
}, () => {
  using object = only(['inner', 'outer'], 'pushes')
  object.load()
  assert.equal(object.program('pushes').program.testRun(packet).retval, 0)
})

const noStructOps =
  without('6.4', 'a link of struct_ops') ||
  (askFeature(programTypeFeatures.BPF_PROG_TYPE_STRUCT_OPS!).kind === 'missing' &&
    'this kernel has no struct_ops')

test('a table of programs takes its place among the kernel’s own, and leaves', { skip: noStructOps }, () => {
  using object = only(['still'])
  object.load()
  assert.equal(object.program('ssthresh').loaded, true)
  const names = () => readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'latin1')
  object.map('still').autoattach = false
  assert.deepEqual(object.attach(), [])
  object.map('still').autoattach = true
  const [link] = object.attach()
  assert.match(names(), /beetrace_still/)
  link!.close()
  for (let i = 0; i < 100 && names().includes('beetrace_still'); i++)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  assert.doesNotMatch(names(), /beetrace_still/)
})

test('programs of a table that is not made are not loaded', () => {
  using object = only([])
  object.program('ssthresh').autoload = true
  object.load()
  assert.equal(object.program('ssthresh').loaded, false)
})

test('a map declared as before BTF', () => {
  using object = only(['old'], 'looks')
  object.load()
  const { map } = object.map('old')
  assert.deepEqual([map.keySize, map.valueSize, map.maxEntries], [4, 8, 3])
  map.update(new Uint8Array([1, 0, 0, 0]), new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0]))
  assert.equal(object.program('looks').program.testRun(packet).retval, 9)
})

const noArena = askFeature(mapTypeFeatures.BPF_MAP_TYPE_ARENA!).kind === 'missing' && 'arenas are new in 6.9'

test('an arena', { skip: noArena }, () => {
  using object = only(['arena'])
  object.load()
  assert.equal(object.map('arena').map.maxEntries, 4)
})

test('what this kernel lacks is left out on request, and what needs it', () => {
  using object = only(['old'], 'looks')
  const old = object.map('old')
  old.maxEntries = 0
  assert.throws(() => object.load(), /max_entries 0/)
  const refused: string[] = []
  object.load({
    onRefused: ({ label }) => {
      refused.push(label)
      return true
    },
  })
  assert.deepEqual(refused, ['old', 'looks'])
  assert.deepEqual([old.loaded, object.program('looks').loaded], [false, false])
})
