// Compiled objects on a real kernel: maps and programs made, relocations answered by its types, events read.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { VerifierError } from '../../src/errors/index.ts'
import { features, hasFeature, hasVmlinuxBtf, linuxVersionCode, openBpfFs } from '../../src/kernel/index.ts'
import { type ObjectEvent, openObject, readEvents } from '../../src/object/index.ts'
import { SAMPLE_PATH } from '../object/sample.ts'

const u32 = (value: number) => Uint8Array.from(new Uint8Array(Uint32Array.of(value).buffer))

const ready = (): { skip: string } | Record<string, never> => {
  if (!hasVmlinuxBtf()) return { skip: 'this kernel has no BTF to relocate against' }
  return hasFeature(features.loop) ? {} : { skip: 'the sample calls bpf_loop, which came with Linux 5.17' }
}

/** Traces this process only. */
function openSample() {
  const object = openObject(SAMPLE_PATH)
  object.global('only_tgid').value = process.pid
  return object
}

test('an object is loaded, attached, and its events are read', ready(), async () => {
  using object = openSample()
  object.load()
  const events: ObjectEvent[] = []
  using reading = readEvents(object, { onEvent: event => events.push(event), intervalMs: 1 })
  reading.start()
  const links = object.attach()
  assert.equal(links.length, 2) // both programs of sys_enter; the tail call goes to one of them as well
  process.getuid!()
  readFileSync('/proc/self/stat')
  await sleep(50)
  for (const link of links) link.close()
  await reading.stop()
  assert.ok(events.length > 2)
  const { value, map } = events[0]!
  assert.equal(map.label, 'events')
  assert.deepEqual(
    { ...(value as object), count: 0 },
    {
      ...{ tgid: process.pid, parent: process.ppid, count: 0, what: 'first' },
    },
  )

  const answers = object.global('answers').value as number[]
  assert.equal(answers[0], process.pid) // read through a CO-RE offset
  assert.equal(answers[1], 10) // bpf_loop called back
  assert.equal(answers[2], 6 + 4 + 13) // static, global and hidden functions
  assert.equal(answers[3], 1) // a field that exists, one that does not, a type that does not
  assert.equal(answers[4], 6) // BPF_PROG_TYPE_XDP, as this kernel numbers it
  assert.equal(answers[5], linuxVersionCode())
  assert.equal(answers[6], 0) // weak ones that are absent
  assert.ok(answers[7]! > 7) // the tail call saw what the first program wrote
  assert.ok((object.global('seen').value as bigint) > 40n)
  const inner = object.map('inner_b').map.lookup(u32(0))
  assert.ok(inner !== undefined && inner[0]! > 0) // through the map of maps
  const counts = object.map('by_process').map.lookup(u32(process.pid))
  assert.ok(counts !== undefined)
  assert.equal(new DataView(counts.buffer, counts.byteOffset).getUint32(8, true), 5) // .data.counts
})

test('constants cannot be written once they are loaded, and other globals can', ready(), () => {
  using object = openSample()
  object.load()
  assert.equal(object.global('only_tgid').value, process.pid)
  assert.throws(() => {
    object.global('only_tgid').value = 1
  }, /is constant once the object is loaded/)
  object.global('seen').value = 123n
  assert.equal(object.global('seen').value, 123n)
})

test('a relocation that fails is named when the program gets there', ready(), () => {
  using object = openSample()
  object.program('poisoned').autoload = true
  assert.throws(
    () => object.load(),
    (error: unknown) =>
      error instanceof VerifierError &&
      /instruction \d+: CO-RE relocation field_byte_offset of struct task_struct___other\.no_such_member \(0:0\): none fits of struct task_struct \[id \d+\] of the kernel/.test(
        error.message,
      ),
  )
})

test('a program that is refused can be left out', ready(), () => {
  using object = openSample()
  object.program('poisoned').autoload = true
  const refused: string[] = []
  object.load({
    onRefused: ({ label }) => {
      refused.push(label)
      return true
    },
  })
  assert.deepEqual(refused, ['poisoned'])
  assert.equal(object.program('first').loaded, true)
  assert.equal(object.program('poisoned').loaded, false)
})

test('programs are loaded beside each other as they are one by one', ready(), async () => {
  using object = openSample()
  object.program('poisoned').autoload = true
  const refused: string[] = []
  const onRefused = ({ label }: { label: string }) => {
    refused.push(label)
    return true
  }
  assert.equal(await object.loadAsync({ onRefused }), object)
  assert.deepEqual(refused, ['poisoned'])
  using other = openSample()
  other.load()
  const loaded = (of: typeof object) =>
    [...of.programs.values()].map(each => [each.name, each.loaded, each.loaded && each.program.info().tag])
  assert.deepEqual(loaded(object), loaded(other))
})

test('loading that fails leaves nothing, and can be tried again', ready(), async () => {
  using object = openSample()
  object.program('poisoned').autoload = true
  await assert.rejects(object.loadAsync(), /no_such_member/)
  assert.ok([...object.programs.values(), ...object.maps.values()].every(each => !each.loaded))
  object.program('poisoned').autoload = false
  await object.loadAsync()
  assert.equal(object.program('first').loaded, true)
})

test('an object that is closed while it is loaded is not loaded', ready(), async () => {
  const object = openSample()
  const loading = object.loadAsync()
  assert.throws(() => object.load(), /is being loaded and cannot be loaded/)
  assert.throws(() => object.attach(), /is being loaded/)
  object.close()
  await assert.rejects(loading, /was closed while it was being loaded/)
  assert.ok([...object.programs.values(), ...object.maps.values()].every(each => !each.loaded))
})

test('a map that is left out poisons what uses it', ready(), () => {
  using object = openSample()
  object.map('by_process').autocreate = false
  assert.throws(() => object.load(), /map "by_process" was left out \(autocreate is off\)/)
})

test('maps are sized before loading, and pinned ones are shared', ready(), () => {
  const root = `${openBpfFs()}/beetrace-test-${process.pid}`
  mkdirSync(root)
  try {
    using first = openSample()
    first.map('by_process').maxEntries = 32
    first.map('by_process').pinPath = `${root}/shared`
    first.load()
    assert.equal(first.map('by_process').map.maxEntries, 32)
    using second = openSample()
    second.map('by_process').maxEntries = 32
    second.map('by_process').pinPath = `${root}/shared`
    second.load()
    first.map('by_process').map.update(u32(1), new Uint8Array(16).fill(3))
    assert.equal(second.map('by_process').map.lookup(u32(1))?.[0], 3)
    using third = openSample()
    third.map('by_process').pinPath = `${root}/shared`
    assert.throws(() => third.load(), /max_entries 32, but the program expects 16/)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('types of another kernel answer instead of this one', ready(), () => {
  using object = openSample()
  const kernelBtf = object.source.btfBytes!
  object.load({ kernelBtf }) // the program's own: every offset stays
  assert.equal(object.program('first').loaded, true)
})

test('an object without what the kernel lacks loads on any kernel', () => {
  using object = openSample()
  object.program('first').autoload = false
  object.program('filter').autoload = true
  object.map('jumps').autocreate = true
  object.load()
  assert.equal(object.program('filter').program.testRun({ data: new Uint8Array(64) }).retval, 0)
})
