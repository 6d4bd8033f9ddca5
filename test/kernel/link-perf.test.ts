// Programs on perf events: samples of a clock, counts of faults and switches, memory touched.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { features, hasFeature, onlineCpus } from '../../src/kernel/index.ts'
import { attachPerfEvent, type PerfEventOptions } from '../../src/link/index.ts'
import { allocate, BPF_PROG_TYPE_PERF_EVENT } from '../../src/sys/index.ts'
import { assertGone, countEventsOf } from './kernel-programs.ts'

const CPU_CLOCK = { kind: 'named', name: 'cpu-clock' } as const
const hasLink = hasFeature(features.perfEventLink)
const NO_PERF_LINK = 'perf event links are new in 5.15'

/** A process that keeps a CPU busy until the test is over. */
async function busy<T>(use: (child: ChildProcess) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' })
  try {
    return await use(child)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

const profile = (what: string, options: PerfEventOptions, skip: string | false = false) =>
  test(`a profile of ${what}`, { skip }, () =>
    busy(async child => {
      using program = countEventsOf(child.pid!, BPF_PROG_TYPE_PERF_EVENT, options.cookie !== undefined)
      using link = attachPerfEvent(program, CPU_CLOCK, options)
      for (let i = 0; program.count() < 5n && i < 200; i++) await sleep(50)
      assert.ok(program.count() >= 5n, `${program.count()} samples in 10 s of computing`)
      if (options.cookie !== undefined) assert.equal(program.cookie(), options.cookie)
      const { id } = link.info() ?? {}
      const ids = id === undefined ? [] : [['link', id] as const]
      link.close()
      const after = program.count()
      await sleep(100)
      assert.equal(program.count(), after, 'samples after closing')
      await assertGone(ids)
    }),
  )

profile('all CPUs', { rate: { frequencyHz: 99 } })
profile('all CPUs by ioctl', { rate: { frequencyHz: 99 }, mode: 'ioctl' })
profile(
  'all CPUs by period, with a cookie',
  { rate: { period: 1_000_000 }, cookie: 0xbeen },
  !hasLink && NO_PERF_LINK,
)

test('one CPU has one event, and a link without siblings says what it is', {
  skip: !hasLink && NO_PERF_LINK,
}, () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_PERF_EVENT)
  using one = attachPerfEvent(program, CPU_CLOCK, { cpus: [onlineCpus()[0]!], rate: { period: 10_000_000 } })
  using all = attachPerfEvent(program, CPU_CLOCK)
  assert.equal(one.linkFds.length, 1)
  assert.equal(all.linkFds.length, onlineCpus().length)
  const info = one.info()!
  assert.equal(info.progId, program.id)
  if (info.kind === 'perf_event') assert.equal(info.config, 0n)
})

test('a process alone', () =>
  busy(async child => {
    using program = countEventsOf(child.pid!, BPF_PROG_TYPE_PERF_EVENT)
    using _link = attachPerfEvent(program, { kind: 'named', name: 'task-clock' }, { pid: child.pid! })
    for (let i = 0; program.count() < 5n && i < 200; i++) await sleep(50)
    assert.ok(program.count() >= 5n)
  }))

test('page faults of a process', async () => {
  const child = spawn('sh', ['-c', 'read line; exec true'], { stdio: ['pipe', 'ignore', 'inherit'] })
  using program = countEventsOf(child.pid!, BPF_PROG_TYPE_PERF_EVENT)
  using _link = attachPerfEvent(
    program,
    { kind: 'named', name: 'faults' },
    { rate: { period: 1 }, pid: child.pid! },
  )
  child.stdin.end('go\n')
  await once(child, 'exit')
  assert.ok(program.count() > 10n)
})

test('a watchpoint counts writes to memory of ours', t => {
  const memory = allocate(8)
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_PERF_EVENT)
  const watch = { kind: 'breakpoint', address: BigInt(memory.address), lengthBytes: 8, access: 'w' } as const
  try {
    using _link = attachPerfEvent(program, watch, { pid: process.pid })
    for (let i = 0; i < 10; i++) memory.data.setUint32(0, i)
    assert.ok(program.count() >= 10n) // a write may be made byte by byte
  } catch (error) {
    if (!/ENOENT|EOPNOTSUPP|ENODEV/.test((error as Error).message)) throw error
    t.skip('this machine has no breakpoint registers')
  }
})

test('refusals say what to do', () => {
  using program = countEventsOf(process.pid, BPF_PROG_TYPE_PERF_EVENT)
  const attach = (options: PerfEventOptions) => () => attachPerfEvent(program, CPU_CLOCK, options)
  assert.throws(attach({ cpus: [4000] }), /perf event cpu-clock: .*(CPU 4000 is not online|EINVAL)/)
  assert.throws(attach({ pid: 0x3ffffff }), /ESRCH.*no such process/)
  assert.throws(attach({ rate: { frequencyHz: 1e9 } }), /perf_event_max_sample_rate/)
})
