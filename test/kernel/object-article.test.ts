// What articles on C with libbpf show, loaded from compiled objects as their readers would: each on a real kernel, and only for what
// this process does. The sources are in test/object/article.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BeetraceError, errno, SyscallError, VerifierError } from '../../src/errors/index.ts'
import {
  features,
  hasFeature,
  hasVmlinuxBtf,
  interfaceIndex,
  isAtLeast,
  kernelRelease,
  openBpfFs,
  readKernelSymbols,
} from '../../src/kernel/index.ts'
import { attachXdp, type Link, queryXdp } from '../../src/link/index.ts'
import { type BpfObject, type ObjectEvent, openObject, readEvents } from '../../src/object/index.ts'
import { Program } from '../../src/program/index.ts'
import { bpfObjGet } from '../../src/sys/index.ts'
import { SLOW } from '../slow.ts'
import { libcPath } from './own-libc.ts'
import { enterOwnNetns, ip } from './own-netns.ts'
import { since } from './since.ts'

const open = (name: string) => openObject(`test/object/article/${name}.bpf.o`)
const noTypes = !hasVmlinuxBtf() && 'this kernel has no BTF to relocate against'
const noKprobes = noTypes || (!hasFeature(features.kprobe) && 'this kernel was built without kprobes')
const x86 = process.arch !== 'x64' && 'the programs read registers of x86-64'

before(enterOwnNetns)

/** Reads while `run` runs, and until there are as many records as wanted. */
async function eventsOf(object: BpfObject, run: () => void, wanted: number): Promise<ObjectEvent[]> {
  const events: ObjectEvent[] = []
  using reading = readEvents(object, { onEvent: event => events.push(event), intervalMs: 1 })
  reading.start()
  run()
  for (let i = 0; i < 40 * SLOW && events.length < wanted; i++) await sleep(25)
  await reading.stop()
  return events
}

const runTrue = (options: { readonly uid?: number } = {}) => spawnSync('/bin/true', options)

test('system calls: a table in .rodata, a hash by text, records of one process', {
  skip: noTypes,
}, async () => {
  using object = open('syscalls').load()
  const key = Buffer.from('child_pid\0')
  object.map('pids').map.update(key, new Uint8Array(Uint32Array.of(process.pid).buffer))
  const before = process.umask()
  const events = await eventsOf(
    object,
    () => {
      object.attach()
      process.getuid!()
      process.umask(0o27)
      process.umask(before)
    },
    6,
  )
  const records = events.map(
    ({ value }) =>
      value as { mode: string; nr: number; name: string; arg_count: number; args: bigint[]; retval: bigint },
  )
  const calls = records.flatMap((record, i) => {
    const after = records.slice(i).find(each => each.mode === 'SYS_EXIT' && each.nr === record.nr)
    return record.mode === 'SYS_ENTER' && record.name !== ''
      ? [[record.name, ...record.args.slice(0, record.arg_count).map(Number), Number(after?.retval)]]
      : []
  })
  assert.deepEqual(
    calls.filter(([name]) => name === 'getuid' || name === 'umask'),
    [
      ['getuid', 0],
      ['umask', 0o27, before],
      ['umask', before, 0o27],
    ],
  )
})

test('an XDP program counts packets, is pinned, listed and taken off', { skip: noTypes }, () => {
  using object = open('hello').load()
  const hello = object.program('hello')
  assert.equal(hello.source.insns.length, 10)
  assert.equal(hello.source.license, 'Dual BSD/GPL')
  const info = hello.program.info()
  assert.equal(info.name, 'hello')
  assert.equal(info.mapCount, 2)
  assert.equal(object.map('.bss').map.info().name, 'hello.bss')
  assert.equal(object.map('.rodata').map.info().name, 'hello.rodata')
  assert.match(
    Buffer.from(object.map('.rodata').map.lookup(new Uint8Array(4))!).toString(),
    /^Hello World %d\0$/,
  )
  assert.equal(hello.program.testRun({ data: new Uint8Array(64) }).retval, 2) // XDP_PASS
  assert.equal(object.global('counter').value, 1)

  const folder = `${openBpfFs()}/beetrace-article-${process.pid}`
  mkdirSync(folder)
  try {
    hello.program.pin(`${folder}/hello`)
    using pinned = new Program(bpfObjGet(`${folder}/hello`), 'hello')
    assert.equal(pinned.info().id, info.id)
  } finally {
    rmSync(folder, { recursive: true })
  }
  assert.equal(existsSync(folder), false)

  const index = interfaceIndex('lo')
  const link = attachXdp(hello.program, index)
  const { native, generic } = queryXdp(index)
  assert.equal(native ?? generic, info.id)
  spawnSync('ping', ['-c1', '-W1', '127.0.0.1'])
  link.close()
  assert.deepEqual(queryXdp(index), {})
})

test('the function of a system call, greeting by user, through a perf buffer', {
  skip: noKprobes || x86,
}, async () => {
  using object = open('hello-config')
  object.global('only_parent').value = process.pid
  object.load()
  const uid = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
  object.map('my_config').map.update(uid(0), Buffer.from('Hey root!\0\0\0'))
  const events = await eventsOf(
    object,
    () => {
      object.attach()
      runTrue()
      runTrue({ uid: 12345 })
    },
    2,
  )
  assert.deepEqual(
    events.map(({ value }) => ({ ...(value as object), pid: 0, command: '' })),
    [
      { pid: 0, uid: 0, command: '', message: 'Hey root!', path: '/bin/true' },
      { pid: 0, uid: 12345, command: '', message: 'Hello World', path: '/bin/true' },
    ],
  )
})

const noUnlink =
  noKprobes ||
  x86 ||
  (readKernelSymbols().lookup('do_unlinkat').length === 0 && 'this kernel has no do_unlinkat')

interface Seen {
  calls: number
  ret: bigint
  name: string
}

const unlinkTest = (
  what: string,
  name: string,
  global: string,
  expected: Partial<Seen>,
  skip: string | false,
) =>
  test(`do_unlinkat ${what}`, { skip }, () => {
    using object = open('unlink')
    object.global('only_tgid').value = process.pid
    object.program(name).autoload = true
    object.load()
    const link = attachWhereItCan(object, name)
    assert.throws(() => unlinkSync('/beetrace-is-not-there'), /ENOENT/)
    link.close()
    assert.throws(() => unlinkSync('/beetrace-is-not-there'), /ENOENT/)
    const seen = object.global(global).value as unknown as Seen
    assert.deepEqual({ ...seen }, { calls: 1, ret: 0n, name: '', ...expected })
  })

/** Four bytes into a function there is an instruction only where the first is endbr64; else that is a call of five. */
function attachWhereItCan(object: BpfObject, name: string): Link {
  try {
    return object.attachProgram(name)
  } catch (error) {
    if (name !== 'on_inside' || !(error instanceof SyscallError)) throw error
    return object.attachProgram(name, { target: 'do_unlinkat+0x5' })
  }
}

const noFexit = noUnlink || (!hasFeature(features.fentry) && 'this kernel loads no fexit programs')
const FILE = '/beetrace-is-not-there'
const ENOENT = -BigInt(errno.ENOENT)
unlinkTest('where it starts', 'on_entry', 'entry', { name: FILE }, noUnlink)
unlinkTest('some bytes into it', 'on_inside', 'inside', {}, noUnlink)
unlinkTest('where it returns', 'on_return', 'at_return', { ret: ENOENT }, noUnlink)
unlinkTest('by its types', 'on_typed_return', 'typed', { name: FILE, ret: ENOENT }, noFexit)

const noTpBtf = noTypes || (!hasFeature(features.tpBtf) && 'this kernel loads no tp_btf programs')

for (const [what, name, skip] of [
  ['a record written down by hand', 'by_hand', noTypes],
  ['the kernel’s types', 'typed', noTpBtf],
] as const)
  test(`programs that are started, by ${what}`, { skip }, () => {
    using object = open('exec')
    object.global('only_parent').value = process.pid
    object.program(name).autoload = true
    object.load().attach()
    runTrue()
    assert.equal(object.global('calls').value, 1)
    assert.equal(object.global('path').value, '/bin/true')
  })

// since 6.3, and in stable kernels before
test('a record with unset bytes is sent, or refused by an older kernel', { skip: noTypes }, async () => {
  using object = open('exec')
  object.global('only_parent').value = process.pid
  object.program('unset').autoload = true
  try {
    object.load()
  } catch (error) {
    assert.ok(error instanceof VerifierError && !isAtLeast(kernelRelease(), '6.3'), `${error}`)
    assert.match(error.message, /invalid indirect read from stack/)
    return
  }
  const [event] = await eventsOf(
    object,
    () => {
      object.attach()
      runTrue()
    },
    1,
  )
  const { pid, ppid, uid } = event!.value as { pid: number; ppid: number; uid: number }
  assert.ok(pid > 0 && pid !== process.pid)
  assert.deepEqual([ppid, uid], [process.pid, 0])
})

const modules = '/sys/kernel/security/lsm'
const noLsm =
  noTypes ||
  (!hasFeature(features.lsm) && 'this kernel loads no LSM programs') ||
  (!(existsSync(modules) && /(^|,)bpf(,|$)/.test(readFileSync(modules, 'latin1').trim())) &&
    'BPF is not among the security modules that this kernel asks')

test('a security hook refuses', { skip: noLsm }, () => {
  using object = open('others')
  object.global('only_tgid').value = process.pid
  object.program('refuse').autoload = true
  object.load()
  const nice = getPriority()
  const [link] = object.attach()
  assert.throws(
    () => setPriority(nice),
    (error: { info?: { code?: string } }) => error.info?.code === 'EPERM' || error.info?.code === 'EACCES',
  )
  link!.close()
  setPriority(Math.min(nice, constants.priority.PRIORITY_LOW))
})

test('a program calls functions of the kernel', {
  skip: noTypes || since('6.3', 'bpf_task_from_pid for tc programs'),
}, () => {
  using object = open('others')
  object.global('only_tgid').value = process.pid
  object.program('find_task').autoload = true
  object.load()
  assert.equal(object.program('find_task').program.testRun({ data: new Uint8Array(64) }).retval, 0)
  assert.equal(object.global('found').value, process.pid)
})

test('a function of a library', { skip: noTypes || x86 }, () => {
  using object = open('others')
  object.global('only_tgid').value = process.pid
  object.program('on_function').autoload = true
  object.load()
  const link = object.attachProgram('on_function', { target: `${libcPath()}:getppid`, pid: process.pid })
  for (let i = 0; i < 5; i++) assert.ok(process.ppid >= 0)
  link.close()
  assert.ok(process.ppid >= 0)
  assert.equal(object.global('called').value, 5)
})

test('a section as an article prints it, without the colon, is told how it is written', {
  skip: noTypes,
}, () => {
  using object = open('others')
  object.program('on_printed').autoload = true
  object.load()
  assert.throws(
    () => object.attach(),
    (error: unknown) =>
      error instanceof BeetraceError &&
      /on_printed.*usr\/lib\/x86_64-linux-gnu\/libssl\.so\.3\/SSL_write is not written as PATH:PLACE/.test(
        error.message,
      ),
  )
})

test('ip(8) shows nothing of ours any more', { skip: !ip('link') && 'there is no ip(8)' }, () => {
  assert.doesNotMatch(spawnSync('ip', ['link'], { encoding: 'utf8' }).stdout, /xdp/)
})
