// Kprobes on functions behind kill(2), which JavaScript calls as often as it likes.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  features,
  hasFeature,
  openTraceFs,
  parseProbeEvents,
  readKernelSymbols,
  readProbeEvents,
  readTraceableFunctions,
  staleProbeEvents,
} from '../../src/kernel/index.ts'
import {
  attachKprobe,
  attachKprobeMulti,
  type KprobeOptions,
  type KprobePlace,
  type Link,
} from '../../src/link/index.ts'
import {
  BPF_PROG_TYPE_KPROBE,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
} from '../../src/sys/index.ts'
import { assertGone, type CountingProgram, countEventsOf } from './kernel-programs.ts'

const COOKIE = 0xbee_0000_0003_c0den
const PREFIX = { x64: '__x64_', arm64: '__arm64_', riscv64: '__riscv_' }[process.arch as string] ?? ''
const KILL = `${PREFIX}sys_kill`
const noKprobes = !hasFeature(features.kprobe) && 'this kernel was built without kprobes'

const callKill = (times: number) => {
  for (let i = 0; i < times; i++) process.kill(process.pid, 0)
}

async function counts(program: CountingProgram, attach: () => Link, cookie: bigint, perCall = 1n) {
  using link = attach()
  callKill(10)
  assert.equal(program.count(), 10n * perCall)
  assert.equal(program.cookie(), cookie)
  const { id } = link.info() ?? {}
  const ids = id === undefined ? [] : [['link', id] as const]
  link.close()
  callKill(10)
  assert.equal(program.count(), 10n * perCall, 'events after closing')
  await assertGone(ids)
}

const single = (what: string, place: () => KprobePlace, options: KprobeOptions, skip = noKprobes) =>
  test(`a kprobe ${what}`, { skip }, async () => {
    const { cookie = 0n } = options
    using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, cookie !== 0n)
    await counts(program, () => attachKprobe(program, place(), options), cookie)
  })

const noLink = noKprobes || (!hasFeature(features.perfEventLink) && 'perf event links are new in 5.15')
const byName = () => ({ name: KILL })
single('the best way', byName, {})
single('of returns', byName, { isReturn: true })
single('by ioctl', byName, { mode: 'ioctl' })
single('with a cookie', byName, { cookie: COOKIE }, noLink)
single('by address', () => ({ address: readKernelSymbols().lookup(KILL)[0]!.address }), {})
single('through tracefs', byName, { through: 'tracefs' })
single('of returns through tracefs, by ioctl', byName, { through: 'tracefs', mode: 'ioctl', isReturn: true })

test('nothing of ours is left in kprobe_events', { skip: noKprobes }, () => {
  assert.deepEqual(parseProbeEvents(readProbeEvents(openTraceFs(), 'kprobe')), [])
})

test('entries of a killed process are found and cleared away', { skip: noKprobes }, async () => {
  const kernel = new URL('../../src/kernel/index.js', import.meta.url).href
  const leaves = `import { addProbeEvent, openTraceFs } from '${kernel}'
    console.log(addProbeEvent(openTraceFs(), 'kprobe', '${KILL}', false))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', leaves], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let name = ''
  child.stdout.on('data', text => {
    name += text
  })
  await once(child, 'close')
  const tracefs = openTraceFs()
  assert.deepEqual(staleProbeEvents(tracefs, 'kprobe'), [name.trim()])
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE)
  using link = attachKprobe(program, { name: KILL }, { through: 'tracefs' })
  const ours = parseProbeEvents(readProbeEvents(tracefs, 'kprobe'))
  assert.equal(ours.length, 1)
  assert.notEqual(ours[0], name.trim())
  link.close()
  assert.deepEqual(parseProbeEvents(readProbeEvents(tracefs, 'kprobe')), [])
})

const noMulti = !hasFeature(features.kprobeMulti) && 'no kprobe_multi (new in 5.18, needs CONFIG_FPROBE)'
const multi = (what: string, at: 'entry' | 'return') =>
  test(`kprobe_multi ${what}`, { skip: noMulti }, async () => {
    using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, true, BPF_TRACE_KPROBE_MULTI)
    const places = { names: [`${PREFIX}sys_tgkill`, KILL, KILL], cookies: [1n, COOKIE, 2n] }
    await counts(program, () => attachKprobeMulti(program, places, { at }), COOKIE)
  })
multi('with cookies', 'entry')
multi('of returns', 'return')

test('kprobe_multi by address', { skip: noMulti }, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, false, BPF_TRACE_KPROBE_MULTI)
  const { address } = readKernelSymbols().lookup(KILL)[0]!
  await counts(program, () => attachKprobeMulti(program, { addresses: [address] }), 0n)
})

test('kprobe_multi by a pattern', { skip: noMulti }, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, false, BPF_TRACE_KPROBE_MULTI)
  const functions = readTraceableFunctions().match(`${PREFIX}sys_*kill`)
  assert.ok(functions.length >= 2)
  await counts(program, () => attachKprobeMulti(program, { names: functions.map(f => f.name) }), 0n)
})

test('kprobe session runs at both ends', {
  skip: noMulti || (!hasFeature(features.kprobeSession) && 'kprobe sessions are new in 6.10'),
}, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, true, BPF_TRACE_KPROBE_SESSION)
  const places = { names: [KILL], cookies: [COOKIE] }
  await counts(program, () => attachKprobeMulti(program, places, { at: 'session' }), COOKIE, 2n)
})

test('functions that can be traced are listed', { skip: noKprobes }, () => {
  const functions = readTraceableFunctions()
  assert.ok(functions.has(KILL))
  assert.ok(functions.match('vfs_*').length > 20)
})

test('refusals say what to do', { skip: noKprobes }, () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE)
  assert.throws(
    () => attachKprobe(program, { name: 'no_such_function' }),
    /kprobe no_such_function: .*no function of this name/,
  )
  assert.throws(() => attachKprobe(program, { name: 'no_such_function' }, { through: 'tracefs' }), {
    code: 'PROBE_EVENT',
  })
})
