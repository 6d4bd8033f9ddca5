// Uprobes on kill(3) of our own C library, which JavaScript calls as often as it likes.

import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import {
  features,
  hasFeature,
  openTraceFs,
  parseProbeEvents,
  readProbeEvents,
} from '../../src/kernel/index.ts'
import { attachUprobe, attachUprobeMulti, type Link, type UprobeOptions } from '../../src/link/index.ts'
import {
  BPF_PROG_TYPE_KPROBE,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
} from '../../src/sys/index.ts'
import { assertGone, type CountingProgram, countEventsOf } from './kernel-programs.ts'
import { functionOffset, libcPath } from './own-libc.ts'
import { since } from './since.ts'

const COOKIE = 0xbee_0000_0002_c0den
const path = libcPath()
const kill = functionOffset(path, 'kill')
const raise = functionOffset(path, 'tgkill')

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

const single = (what: string, options: UprobeOptions, skip: string | false = false) =>
  test(`a uprobe ${what}`, { skip }, async () => {
    const { cookie = 0n } = options
    using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, cookie !== 0n)
    await counts(program, () => attachUprobe(program, { path, offset: kill }, options), cookie)
  })

const noLink = !hasFeature(features.perfEventLink) && 'perf event links are new in 5.15'
single('the best way', {})
single('on one process', { pid: process.pid })
single('of returns', { isReturn: true })
single('of returns on one process, by ioctl', { isReturn: true, pid: process.pid, mode: 'ioctl' })
single('with a cookie', { cookie: COOKIE }, noLink)
single('through tracefs', { through: 'tracefs' })
single('of returns through tracefs, by ioctl', { through: 'tracefs', mode: 'ioctl', isReturn: true })

test('nothing of ours is left in uprobe_events', () => {
  assert.deepEqual(parseProbeEvents(readProbeEvents(openTraceFs(), 'uprobe')), [])
})

test('a uprobe on another process sees nothing of ours', () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE)
  using _link = attachUprobe(program, { path, offset: kill }, { pid: process.ppid })
  callKill(3)
  assert.equal(program.count(), 0n)
})

const noMulti = !hasFeature(features.uprobeMulti) && 'uprobe_multi is new in 6.6'
const multi = (what: string, options: NonNullable<Parameters<typeof attachUprobeMulti>[2]>) =>
  test(`uprobe_multi ${what}`, { skip: noMulti }, async () => {
    using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, true, BPF_TRACE_UPROBE_MULTI)
    const places = { path, offsets: [raise, kill], cookies: [1n, COOKIE] }
    await counts(program, () => attachUprobeMulti(program, places, options), COOKIE)
  })
multi('with cookies', {})
multi('of returns on one process', { at: 'return', pid: process.pid })

test('uprobe_multi finds the file by its descriptor', {
  skip: noMulti || (!hasFeature(features.uprobeMultiPathFd) && since('7.2', 'a descriptor for uprobe_multi')),
}, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, true, BPF_TRACE_UPROBE_MULTI)
  const fd = openSync(path, 'r')
  try {
    const places = { path: 'our C library', fd, offsets: [kill], cookies: [COOKIE] }
    await counts(program, () => attachUprobeMulti(program, places), COOKIE)
    const bad = { path: 'nothing', fd: 1_000_000, offsets: [kill] }
    assert.throws(() => attachUprobeMulti(program, bad), /1 places in nothing.*EBADF/)
  } finally {
    closeSync(fd)
  }
})

test('uprobe session runs at both ends', {
  skip: !hasFeature(features.uprobeSession) && 'uprobe sessions are new in 6.13',
}, async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, true, BPF_TRACE_UPROBE_SESSION)
  const places = { path, offsets: [kill], cookies: [COOKIE] }
  await counts(program, () => attachUprobeMulti(program, places, { at: 'session' }), COOKIE, 2n)
})

test('what uprobe links say of themselves', { skip: noMulti }, () => {
  using plain = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE)
  using many = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE, false, BPF_TRACE_UPROBE_MULTI)
  using one = attachUprobe(plain, { path, offset: kill }, { isReturn: true })
  using both = attachUprobeMulti(many, { path, offsets: [kill, raise] }, { pid: process.pid })
  const { kind, progId } = one.info()!
  assert.deepEqual([kind, progId], ['uretprobe', plain.id])
  const info = both.info()!
  if (info.kind !== 'uprobe_multi') assert.fail(info.kind)
  // details of uprobe_multi are new in 6.8
  if (info.count > 0) assert.deepEqual([info.count, info.pid, info.path], [2, process.pid, path])
})

test('refusals say what to do', () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_KPROBE)
  const attach = (place: { path: string; offset: number }) => () => attachUprobe(program, place)
  assert.throws(attach({ path: '/no/such/file', offset: 0 }), /uprobe \/no\/such\/file\+0x0: .*no such file/)
  assert.throws(attach({ path: '/', offset: 0 }), /EINVAL.*regular file/)
})
