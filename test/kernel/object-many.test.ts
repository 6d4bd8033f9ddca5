// Programs on many functions by one link, at both ends of a function, and forced ways to attach, on a real kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotSupportedError } from '../../src/errors/index.ts'
import { features, hasFeature } from '../../src/kernel/index.ts'
import { type AttachMode, type BpfObject, openObject } from '../../src/object/index.ts'
import { since } from './since.ts'

const PREFIX = { x64: '__x64_', arm64: '__arm64_', riscv64: '__riscv_' }[process.arch as string] ?? ''
const KILL = `${PREFIX}sys_kill`
const COOKIE = 7n

/** The object with one program of it, not yet loaded. */
function only(name: string): BpfObject {
  const object = openObject('test/object/fixtures/many.bpf.o')
  for (const program of object.programs.values()) program.autoload = program.name === name
  object.global('only_tgid').value = process.pid
  return object
}

const told = (object: BpfObject) =>
  ['entries', 'returns', 'cookies'].map(name => Number(object.global(name).value))

const kill = (times: number): void => {
  for (let i = 0; i < times; i++) process.kill(process.pid, 0)
}

const noFentry = !hasFeature(features.fentry) && 'this kernel loads no fentry programs'

test('fsession: one program at entry and return', {
  skip: noFentry || since('7.0', 'fsession'),
}, () => {
  using object = only('both')
  object.program('both').attachTo = KILL
  object.load()
  const [link] = object.attach()
  kill(5)
  assert.deepEqual(told(object), [5, 5, 0])
  assert.equal(link?.info()?.kind, 'tracing')
  link?.close()
  kill(1)
  assert.deepEqual(told(object), [5, 5, 0])
})

/** kill alone is called; tkill and tgkill lie under the same program. */
const many = (name: string, expected: readonly number[]) =>
  test(`${name}: many functions by one link`, {
    skip: noFentry || since('7.2', 'a link on many functions by BTF'),
  }, () => {
    using object = only(name)
    object.load()
    const cookie = name === 'many' ? { cookie: COOKIE } : {}
    const link = object.program(name).attach({ target: `${PREFIX}sys_*kill`, ...cookie })
    kill(5)
    assert.deepEqual(told(object), expected)
    const info = link.info()
    if (info?.kind !== 'tracing_multi') assert.fail(info?.kind)
    // details of such links are younger than the links
    if (info.count > 0) assert.equal(info.count, 3)
    assert.throws(
      () => object.program(name).attach({ target: 'no_such_function_*' }),
      /no function of this kernel matches no_such_function_\*/,
    )
    link.close()
    kill(1)
    assert.deepEqual(told(object), expected)
  })
many('many', [5, 0, 5 * Number(COOKIE)])
many('many_returns', [0, 5, 0])
many('many_both', [5, 5, 0])

test('an older kernel says what it lacks', {
  skip: noFentry || (hasFeature(features.tracingMulti) && 'this kernel has it'),
}, () => {
  using object = only('many')
  assert.throws(
    () => object.load(),
    (error: unknown) => error instanceof NotSupportedError && /fentry\.multi.*7\.2/.test(error.message),
  )
})

const noKprobes = !hasFeature(features.kprobe) && 'this kernel has no kprobes'
const forced = (attachMode: AttachMode, kind: string | undefined) =>
  test(`a kprobe that is to be attached by ${attachMode}`, {
    skip: noKprobes || (attachMode === 'link' && since('5.15', 'a bpf_link of perf events')),
  }, () => {
    using object = only('probed')
    object.load()
    const link = object.program('probed').attach({ target: KILL, attachMode })
    kill(5)
    assert.deepEqual(told(object), [5, 0, 0])
    assert.equal(link.kind, kind)
  })
forced('legacy', hasFeature(features.perfEventLink) ? 'bpf_link' : 'perf_event')
forced('perf', 'perf_event')
forced('link', 'bpf_link')
