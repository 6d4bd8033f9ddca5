// Attaching on a Linux that answers what the test says: which calls are made, what is closed, what is said.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errno } from '../errors/index.ts'
import type { TraceFs } from '../kernel/index.ts'
import { BPF_LINK_CREATE, BPF_OBJ_PIN, BPF_RAW_TRACEPOINT_OPEN, type Linux, withLinux } from '../sys/index.ts'
import { closeLinks } from './close-links.ts'
import { Link } from './link.ts'
import { attachRawTracepoint } from './raw-tracepoint.ts'
import { attachTracepoint } from './tracepoint.ts'

const PROGRAM = { fd: 50, name: 'on_open' }
const tracefs = { tracepointId: () => 782 } as unknown as TraceFs

const IOCTLS: Readonly<Record<number, string>> = { 9216: 'enable', 1074013192: 'set program' }
const COMMANDS: Readonly<Record<number, string>> = {
  [BPF_LINK_CREATE]: 'create link',
  [BPF_RAW_TRACEPOINT_OPEN]: 'open raw tracepoint',
  [BPF_OBJ_PIN]: 'pin',
}

/** Runs `use` on a Linux that hands out descriptors from 100 on and fails the calls named in `failures`. */
function calls(failures: Readonly<Record<string, number>>, use: () => void): string[] {
  const made: string[] = []
  let nextFd = 100
  const call = (name: string, shown = name) => {
    made.push(shown)
    return failures[name] === undefined ? nextFd++ : -failures[name]
  }
  const fake: Partial<Linux> = {
    address: () => 4096,
    bpf: cmd => call(COMMANDS[cmd] ?? `command ${cmd}`),
    perfEventOpen: () => call('open event'),
    ioctl: (fd, request) => call(IOCTLS[request] ?? `ioctl ${request}`, `${IOCTLS[request]} ${fd}`),
    close: fd => {
      made.push(`close ${fd}`)
      return 0
    },
    closeAtOnce: fds => {
      made.push(`close ${fds.join(' ')} at once`)
    },
    pipe2: () => -errno.EMFILE,
  }
  withLinux(fake as Linux, use)
  return made
}

test('a tracepoint by link keeps the link and its event', () => {
  const made = calls({}, () => {
    const link = attachTracepoint(PROGRAM, 'sched', 'sched_switch', { tracefs, mode: 'link' })
    assert.equal(link.fd, 101)
    assert.equal(link.target, 'tracepoint sched:sched_switch')
    link.close()
    link.close()
    assert.equal(link.fd, -1)
  })
  assert.deepEqual(made, ['open event', 'create link', 'close 101', 'close 100'])
})

test('a tracepoint by ioctl', () => {
  const made = calls({}, () => {
    using link = attachTracepoint(PROGRAM, 'sched', 'sched_switch', { tracefs, mode: 'ioctl' })
    assert.equal(link.info(), undefined)
  })
  assert.deepEqual(made, ['open event', 'set program 100', 'enable 100', 'close 100'])
})

const refused = (
  what: string,
  failures: Record<string, number>,
  attach: () => Link,
  message: RegExp,
  closed: string[],
) =>
  test(`refused: ${what}`, () => {
    const made = calls(failures, () => assert.throws(attach, { name: 'SyscallError', message }))
    assert.deepEqual(
      made.filter(call => call.startsWith('close')),
      closed,
    )
  })

const tracepoint = (mode: 'link' | 'ioctl') => () =>
  attachTracepoint(PROGRAM, 'sched', 'sched_switch', { tracefs, mode })
const raw = (name: string) => () => attachRawTracepoint(PROGRAM, name)

refused(
  'no event',
  { 'open event': errno.EACCES },
  tracepoint('link'),
  /attach program "on_open" to tracepoint sched:sched_switch: .*perf_event_open.*CAP_PERFMON/,
  [],
)
refused(
  'no link',
  { 'create link': errno.EINVAL },
  tracepoint('link'),
  /must be of type BPF_PROG_TYPE_TRACEPOINT/,
  ['close 100'],
)
refused(
  'attached already',
  { 'create link': errno.EEXIST },
  tracepoint('link'),
  /attached to this tracepoint already/,
  ['close 100'],
)
refused('too many', { 'set program': errno.E2BIG }, tracepoint('ioctl'), /at most 64/, ['close 100'])
refused('not enabled', { enable: errno.EINVAL }, tracepoint('ioctl'), /PERF_EVENT_IOC_ENABLE/, ['close 100'])
refused(
  'no privilege',
  { 'open raw tracepoint': errno.EPERM },
  raw('sched_switch'),
  /CAP_BPF and CAP_PERFMON/,
  [],
)
refused(
  'a system call',
  { 'open raw tracepoint': errno.ENOENT },
  raw('sys_exit_read'),
  /sys_enter and sys_exit/,
  [],
)

test('pinning off a BPF file system says where to', () => {
  const made = calls({ pin: errno.EPERM }, () => {
    using link = new Link('raw tracepoint sys_enter', { links: [7] })
    assert.throws(
      () => link.pin('/tmp/x'),
      /pin the link to raw tracepoint sys_enter as \/tmp\/x: .*BPF file system/,
    )
  })
  assert.deepEqual(made, ['pin', 'close 7'])
})

test('many links are closed side by side, programs before events, what is released last', () => {
  const made = calls({}, () => {
    const released: string[] = []
    const links = [
      new Link('a', { links: [1], events: [11] }),
      new Link('b', { links: [2, 3], events: [12, 13], release: () => released.push('b') }),
      new Link('c', { events: [14] }),
      new Link('d', { release: () => released.push('d') }),
    ]
    closeLinks(links)
    closeLinks(links)
    assert.ok(links.every(link => link.closed))
    assert.deepEqual(released, ['b', 'd'])
  })
  assert.deepEqual(made, ['close 1 2 3 at once', 'close 14', 'close 12 13 at once', 'close 11'])
})

test('events are closed here when no process can take them', () => {
  const made = calls({}, () => {
    closeLinks([1, 2, 3, 4].map(n => new Link('a', { links: [n], events: [10 + n] })))
  })
  assert.deepEqual(made, ['close 1 2 3 4 at once', 'close 11 12 13 14 at once'])
})
