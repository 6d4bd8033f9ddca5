// Attached programs see what a process of this test does, and leave nothing behind.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import { test } from 'node:test'
import { features, hasFeature, openBpfFs, openTraceFs } from '../../src/kernel/index.ts'
import { attachRawTracepoint, attachTracepoint, closeLinks, type Link } from '../../src/link/index.ts'
import {
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACEPOINT,
} from '../../src/sys/index.ts'
import { assertGone, type CountingProgram, countEventsOf, exists } from './kernel-programs.ts'

const COOKIE = 0xbee_0000_0001_c0den
const NO_PERF_LINK = 'perf event links are new in 5.15'

const attach = (
  what: string,
  type: number,
  attachTo: (program: CountingProgram) => Link,
  { cookie = false, skip = false as string | false } = {},
) =>
  test(`${what} sees the events of a process, and only of it`, { skip }, async () => {
    // The shell waits for a line before it does anything that is counted.
    const child = spawn('sh', ['-c', 'read line; : < /dev/null; exit 0'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    try {
      using program = countEventsOf(child.pid!, type, cookie)
      using nobody = countEventsOf(0x3ffffff, type)
      using link = attachTo(program)
      using otherLink = attachTo(nobody)
      child.stdin!.end('go\n')
      await once(child, 'exit')
      assert.ok(program.count() > 0n, 'no event seen')
      assert.equal(nobody.count(), 0n)
      if (cookie) assert.equal(program.cookie(), COOKIE)
      link.close()
      otherLink.close()
      assert.equal(link.fd, -1)
      link.close() // twice is harmless
    } finally {
      child.kill('SIGKILL')
    }
  })

attach('a raw tracepoint', BPF_PROG_TYPE_RAW_TRACEPOINT, p => attachRawTracepoint(p, 'sys_enter'))
attach('a tracepoint by ioctl', BPF_PROG_TYPE_TRACEPOINT, p =>
  attachTracepoint(p, 'raw_syscalls', 'sys_exit', { mode: 'ioctl' }),
)
attach('a tracepoint the best way', BPF_PROG_TYPE_TRACEPOINT, p =>
  attachTracepoint(p, 'sched', 'sched_process_exit'),
)
attach(
  'a tracepoint by link',
  BPF_PROG_TYPE_TRACEPOINT,
  p => attachTracepoint(p, 'raw_syscalls', 'sys_enter', { mode: 'link' }),
  { skip: !hasFeature(features.perfEventLink) && NO_PERF_LINK },
)
attach(
  'a system call tracepoint with a cookie',
  BPF_PROG_TYPE_TRACEPOINT,
  p => attachTracepoint(p, 'syscalls', 'sys_enter_openat', { cookie: COOKIE }),
  { cookie: true, skip: !hasFeature(features.perfEventLink) && NO_PERF_LINK },
)
attach(
  'a raw tracepoint with a cookie',
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  p => attachRawTracepoint(p, 'sys_enter', { cookie: COOKIE }),
  {
    cookie: true,
    skip: !hasFeature(features.rawTracepointCookie) && 'cookies of raw tracepoints are new in 6.10',
  },
)

test('links say what they are, and nothing is left after closing', async () => {
  const raw = countEventsOf(process.pid, BPF_PROG_TYPE_RAW_TRACEPOINT)
  const plain = countEventsOf(process.pid, BPF_PROG_TYPE_TRACEPOINT)
  const rawLink = attachRawTracepoint(raw, 'sched_process_exec')
  const link = attachTracepoint(plain, 'sched', 'sched_process_exec')
  const rawInfo = rawLink.info()!
  const info = link.info()
  assert.deepEqual(
    { type: rawInfo.type, progId: rawInfo.progId },
    { type: BPF_LINK_TYPE_RAW_TRACEPOINT, progId: raw.id },
  )
  assert.equal(link.kind, hasFeature(features.perfEventLink) ? 'bpf_link' : 'perf_event')
  if (info !== undefined) {
    assert.deepEqual(
      { type: info.type, progId: info.progId },
      { type: BPF_LINK_TYPE_PERF_EVENT, progId: plain.id },
    )
  }
  // The program outlives its own descriptor while it is attached.
  raw[Symbol.dispose]()
  plain[Symbol.dispose]()
  assert.ok(exists('prog', raw.id))
  assert.ok(exists('prog', plain.id))
  for (const each of [rawLink, link]) each.close()
  assert.throws(() => rawLink.info(), { code: /^EBADFD?$/ })
  await assertGone([
    ['link', rawInfo.id],
    ...(info ? ([['link', info.id]] as const) : []),
    ['prog', raw.id],
    ['prog', plain.id],
  ])
})

test('many links closed at once are gone when that returns', async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_TRACEPOINT)
  const tracefs = openTraceFs()
  const links = ['kill', 'getpid', 'gettid', 'tkill', 'tgkill', 'getppid']
    .map(name => `sys_enter_${name}`)
    .map(event => attachTracepoint(program, 'syscalls', event, { tracefs }))
  process.kill(process.pid, 0)
  assert.ok(program.count() >= 1n)
  const ids = links.flatMap(link => link.info()?.id ?? [])
  closeLinks(links)
  const seen = program.count()
  process.kill(process.pid, 0)
  assert.equal(program.count(), seen, 'a program ran after it was taken off')
  await assertGone(ids.map(id => ['link', id] as const))
})

test('a pinned link stays until its file goes', async () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_RAW_TRACEPOINT)
  using link = attachRawTracepoint(program, 'sched_process_exec')
  const { id } = link.info()!
  const path = `${openBpfFs()}/beetrace_test_${process.pid}`
  try {
    link.pin(path)
    link.close()
    assert.ok(existsSync(path))
    assert.ok(exists('link', id))
  } finally {
    if (existsSync(path)) unlinkSync(path)
  }
  await assertGone([['link', id]])
})

test('a link cannot be pinned outside of a BPF file system, and says so', () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_RAW_TRACEPOINT)
  using link = attachRawTracepoint(program, 'sched_process_exec')
  assert.throws(() => link.pin(`/tmp/beetrace_test_${process.pid}`), /must be on a BPF file system/)
  using plain = countEventsOf(process.pid, BPF_PROG_TYPE_TRACEPOINT)
  using event = attachTracepoint(plain, 'sched', 'sched_process_exec', { mode: 'ioctl' })
  assert.equal(event.info(), undefined)
  assert.throws(() => event.pin(`${openBpfFs()}/beetrace_test_${process.pid}`), { code: 'NOT_SUPPORTED' })
})

test('a killed process leaves nothing attached', async () => {
  const holder = spawn(process.execPath, [new URL('./hold-links.js', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const held = await firstLine(holder)
    const { links, programs } = JSON.parse(held) as { links: number[]; programs: number[] }
    const objects = [...links.map(id => ['link', id] as const), ...programs.map(id => ['prog', id] as const)]
    for (const [kind, id] of objects) assert.ok(exists(kind, id), `${kind} ${id} should be there`)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await assertGone(objects)
  } finally {
    holder.kill('SIGKILL')
  }
})

test('refusals name the tracepoint and the next step', () => {
  using raw = countEventsOf(process.pid, BPF_PROG_TYPE_RAW_TRACEPOINT)
  using plain = countEventsOf(process.pid, BPF_PROG_TYPE_TRACEPOINT)
  assert.throws(
    () => attachRawTracepoint(raw, 'sched_swich'),
    /raw tracepoint sched_swich: .*did you mean sched_switch/,
  )
  assert.throws(() => attachRawTracepoint(raw, 'sys_enter_openat'), /sys_enter and sys_exit/)
  assert.throws(
    () => attachRawTracepoint(plain, 'sched_switch'),
    /must be of type BPF_PROG_TYPE_RAW_TRACEPOINT/,
  )
  assert.throws(
    () => attachTracepoint(raw, 'sched', 'sched_switch'),
    /must be of type BPF_PROG_TYPE_TRACEPOINT/,
  )
  assert.throws(() => attachTracepoint(plain, 'sched', 'sched_swich'), {
    code: 'TRACEPOINT_UNKNOWN',
    message: /sched:sched_swich: did you mean sched:sched_switch/,
  })
  assert.throws(
    () => attachTracepoint(plain, 'syscall', 'sys_enter_openat'),
    /did you mean syscalls:sys_enter_openat\?/,
  )
  assert.throws(() => attachTracepoint(plain, '../events/sched', 'sched_switch'), {
    code: 'TRACEPOINT_UNKNOWN',
  })
})

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text
}
