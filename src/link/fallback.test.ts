// Older ways to attach, and failures half way, on a Linux that answers what the test says.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { errno } from '../errors/index.ts'
import { parseProbeEvents, TraceFs } from '../kernel/index.ts'
import {
  BPF_CGROUP_INET_EGRESS,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_UPDATE_ELEM,
  BPF_PROG_ATTACH,
  BPF_PROG_DETACH,
  type Linux,
  withLinux,
} from '../sys/index.ts'
import { packAnchor } from './anchor.ts'
import { attachCgroup } from './cgroup.ts'
import { closeLinks } from './close-links.ts'
import { attachKprobe } from './kprobe.ts'
import { Link } from './link.ts'
import { attachLirc } from './lirc.ts'
import { attachPerfEvent } from './perf-event.ts'
import { attachSockmap } from './sockmap.ts'
import { attachTracing } from './tracing.ts'
import { attachUprobe } from './uprobe.ts'
import { attachUsdt } from './usdt.ts'

const PROGRAM = { fd: 50, name: 'program' }
const COMMANDS: Readonly<Record<number, string>> = {
  [BPF_LINK_CREATE]: 'create link',
  [BPF_PROG_ATTACH]: 'attach',
  [BPF_PROG_DETACH]: 'detach',
  [BPF_MAP_CREATE]: 'create map',
  [BPF_MAP_UPDATE_ELEM]: 'update map',
}
const MAKING: readonly number[] = [BPF_LINK_CREATE, BPF_MAP_CREATE]

/** Runs `use` on a Linux that hands out descriptors from 100 on; `answer` may give another result for a call. */
function calls(answer: (call: string, nth: number) => number | undefined, use: () => void): string[] {
  const made: string[] = []
  let nextFd = 100
  const call = (name: string, fallback: () => number) => {
    const nth = made.filter(each => each.split(' ')[0] === name.split(' ')[0]).length
    made.push(name)
    return answer(name, nth) ?? fallback()
  }
  const newFd = () => nextFd++
  const fake: Partial<Linux> = {
    address: () => 4096,
    bpf: cmd => call(COMMANDS[cmd] ?? `command ${cmd}`, MAKING.includes(cmd) ? newFd : () => 0),
    perfEventOpen: (_attr, pid, cpu) => call(`open ${pid} ${cpu}`, newFd),
    ioctl: fd => call(`ioctl ${fd}`, () => 0),
    fcntl: fd => call(`dup ${fd}`, newFd),
    openat: () => call('openat', newFd),
    close: fd => call(`close ${fd}`, () => 0),
    closeAtOnce: fds => {
      made.push(`close ${fds.join(' ')}`)
    },
    pipe2: () => 0,
    prlimit: () => -errno.EPERM,
    rtSigaction: () => 0,
    spawn: ({ keepFds }) => call(`spawn ${keepFds.join(' ')}`, () => 4000),
  }
  withLinux(fake as Linux, use)
  return made
}

const always = () => undefined

test('an event that cannot be opened on one CPU closes those of the others', () => {
  const cpus = { cpus: [0, 1, 2], mode: 'link' } as const
  const made = calls(
    (call, nth) => (call.startsWith('open ') && nth === 2 ? -errno.EMFILE : undefined),
    () => {
      assert.throws(() => attachPerfEvent(PROGRAM, { kind: 'named', name: 'cpu-clock' }, cpus), {
        code: 'EMFILE',
      })
    },
  )
  assert.deepEqual(made, ['open -1 0', 'open -1 1', 'open -1 2', 'close 100', 'close 101'])
})

test('a link that cannot be made on one CPU closes those of the others and all events', () => {
  const cpus = { cpus: [0, 1], mode: 'link' } as const
  const made = calls(
    (call, nth) => (call === 'create link' && nth === 1 ? -errno.EINVAL : undefined),
    () => {
      assert.throws(
        () => attachPerfEvent(PROGRAM, { kind: 'named', name: 'cpu-clock' }, cpus),
        /must be of type BPF_PROG_TYPE_PERF_EVENT/,
      )
    },
  )
  assert.deepEqual(
    made.filter(call => call.startsWith('close')),
    ['close 102', 'close 100', 'close 101'],
  )
})

test('a USDT probe is attached to all locations or to none', () => {
  const probe = { path: '/bin/x', name: 'a:b', locations: [{ offset: 1 }, { offset: 2 }] }
  const made = calls(
    (call, nth) => (call.startsWith('open ') && nth === 1 ? -errno.EINVAL : undefined),
    () => {
      assert.throws(() => attachUsdt(PROGRAM, probe), { code: 'EINVAL' })
    },
  )
  assert.ok(made.includes('close 100'))
})

test('a sockmap without links takes the program by itself and gives it back', () => {
  const map = { fd: 7, name: 'sockets' }
  const made = calls(
    call => (call === 'create link' ? -errno.EINVAL : undefined),
    () => {
      const link = attachSockmap(PROGRAM, map, 'msg_verdict')
      assert.equal(link.kind, 'attachment')
      link.update({ fd: 51, name: 'next' })
      link.close()
      link.close()
    },
  )
  assert.deepEqual(made, [
    ...['create link', 'attach', 'dup 7', 'dup 50'],
    ...['attach', 'close 101', 'dup 51'],
    ...['detach', 'close 102', 'close 100'],
  ])
})

test('a sockmap that refuses for another reason is not asked twice', () => {
  const made = calls(
    call => (call === 'create link' ? -errno.EBUSY : undefined),
    () => {
      assert.throws(() => attachSockmap(PROGRAM, { fd: 7, name: 'm' }, 'msg_verdict'), { code: 'EBUSY' })
    },
  )
  assert.deepEqual(made, ['create link'])
})

test('a control group by BPF_PROG_ATTACH detaches when closed', () => {
  const made = calls(always, () => {
    attachCgroup(PROGRAM, '/group', BPF_CGROUP_INET_EGRESS, { mode: 'attach' }).close()
  })
  assert.deepEqual(made, [
    ...['openat', 'attach', 'dup 100', 'dup 50', 'close 100'],
    ...['detach', 'close 102', 'close 101'],
  ])
})

test('a tracing cookie needs the attach type', () => {
  assert.throws(() => attachTracing(PROGRAM, { cookie: 1n }), { code: 'LINK_USE' })
})

test('many events are left to a process that has them before ours are closed', () => {
  const made = calls(always, () => {
    closeLinks([1, 2, 3, 4].map(n => new Link('a', { links: [n], events: [10 + n] })))
  })
  assert.deepEqual(made, [
    'close 1 2 3 4',
    'spawn 11 12 13 14 0',
    ...['close 11', 'close 12', 'close 13', 'close 14', 'close 0', 'close 0'],
  ])
})

test('a few events of tracepoints are left to the kernel by a map, others are closed', () => {
  const made = calls(always, () => {
    closeLinks([
      new Link('tracepoint a:b', { links: [1], events: [11], lingers: true }),
      new Link('event cpu-clock', { links: [2], events: [12] }),
    ])
  })
  assert.deepEqual(made, ['close 1 2', 'create map', 'update map', 'close 11', 'close 100', 'close 12'])
})

/** A tracefs in a directory: files that can be written, and the id of every entry. */
function madeUpTraceFs(use: (tracefs: TraceFs, read: (file: string) => string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'beetrace-tracefs-'))
  try {
    mkdirSync(join(root, 'events'))
    for (const kind of ['kprobe', 'uprobe'])
      writeFileSync(join(root, `${kind}_events`), 'p:beetrace/k_4194303_1_0 gone\np:other/x y\n')
    class Made extends TraceFs {
      override tracepointId() {
        return 900
      }
    }
    use(new Made(root), file => readFileSync(join(root, file), 'latin1'))
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('a kprobe through tracefs makes an entry, removes it and those of dead processes', () => {
  madeUpTraceFs((tracefs, read) => {
    calls(always, () => {
      const place = { name: 'vfs_read', offset: 16 }
      using link = attachKprobe(PROGRAM, place, { through: 'tracefs', mode: 'link', isReturn: true, tracefs })
      assert.equal(link.kind, 'bpf_link')
      assert.match(
        read('kprobe_events'),
        /\nr:beetrace\/k_\d+_\d+_\d+ vfs_read\+0x10\n-:beetrace\/k_4194303_1_0\n$/,
      )
    })
    const [, ours] = parseProbeEvents(read('kprobe_events'))
    assert.ok(read('kprobe_events').endsWith(`-:beetrace/${ours}\n`))
    assert.equal(read('kprobe_events').includes('-:other'), false)
  })
})

test('a uprobe through tracefs that cannot be opened leaves no entry', () => {
  madeUpTraceFs((tracefs, read) => {
    calls(
      call => (call.startsWith('open ') ? -errno.EACCES : undefined),
      () => {
        const place = { path: '/bin/sh', offset: 0x1230, refCtrOffset: 0x40 }
        assert.throws(() => attachUprobe(PROGRAM, place, { through: 'tracefs', tracefs }), {
          code: 'EACCES',
        })
      },
    )
    assert.match(
      read('uprobe_events'),
      /p:beetrace\/(u_\S+) \/bin\/sh:0x1230\(0x40\)\n(-:.*\n)*-:beetrace\/\1\n$/,
    )
  })
})

const anchored = (
  what: string,
  anchor: Parameters<typeof packAnchor>[0]['anchor'],
  flags: number,
  relative: number,
) =>
  test(`anchor ${what}`, () => {
    const packed = packAnchor(anchor === undefined ? {} : { anchor })
    assert.deepEqual([packed.flags, packed.options.relative], [flags, relative])
  })

anchored('none', undefined, 0, 0)
anchored('first', 'first', 8, 0)
anchored('last', 'last', 16, 0)
anchored('before a program', { before: PROGRAM }, 8, 50)
anchored('after a link', { after: new Link('x', { links: [7] }) }, 16 | 0x2000, 7)
anchored('before a program by id', { before: { programId: 3 } }, 8 | 32, 3)
anchored('after a link by id', { after: { linkId: 4 } }, 16 | 32 | 0x2000, 4)

test('a decoder of a remote control is taken off when its link is closed', () => {
  assert.deepEqual(
    calls(
      () => undefined,
      () => attachLirc(PROGRAM, '/dev/lirc0').close(),
    ),
    ['openat', 'attach', 'dup 50', 'detach', 'close 101', 'close 100'],
  )
  const refused = calls(
    call => (call === 'attach' ? -errno.EINVAL : undefined),
    () =>
      assert.throws(
        () => attachLirc(PROGRAM, 7),
        /attach program "program" to lirc device at descriptor 7: .*CONFIG_BPF_LIRC_MODE2/,
      ),
  )
  assert.deepEqual(refused, ['dup 7', 'attach', 'close 100'])
  const missing = () => attachLirc(PROGRAM, '/dev/lirc9')
  calls(
    () => -errno.ENOENT,
    () => assert.throws(missing, /open lirc device \/dev\/lirc9: .*ENOENT/),
  )
})
