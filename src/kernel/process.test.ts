// Processes: hostile names, threads, ended and foreign ones. Every process looked at is this one or its child.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  hasEnded,
  parseProcess,
  processCwd,
  processExe,
  readProcess,
  requireTraceable,
  threadIds,
} from './process.ts'

const stat = (comm: string, flags: number) =>
  `77 (${comm}) S 76 77 76 34817 77 ${flags} 1022 0 0 0 3 1 0 0 20 0 5 0 3364 8687616 1302 18446744073709551615 1`
const status =
  'Name:\tx\nTgid:\t70\nPid:\t77\nPPid:\t76\nTracerPid:\t9\nUid:\t1000\t0\t1000\t1000\nNSpid:\t77\t5\n'

const comm = (name: string) =>
  test(`comm ${JSON.stringify(name)}`, () =>
    assert.equal(parseProcess(77, stat(name, 0), status)?.comm, name))
for (const name of ['cat', 'a b', ') S 1 (', '((', '', 'x)\nUid:\t0'] as const) comm(name)

test('every field', () => {
  assert.deepEqual(parseProcess(77, stat('kworker/0:1', 0x04208060), status), {
    pid: 77,
    tgid: 70,
    parentPid: 76,
    comm: 'kworker/0:1',
    state: 'S',
    realUid: 1000,
    effectiveUid: 0,
    namespacePids: [77, 5],
    threadCount: 5,
    tracerPid: 9,
    kernelThread: true,
    startTicks: 3364,
  })
})

test('damaged files give nothing', () => {
  for (const [a, b] of [
    ['', ''],
    [stat('x', 0), ''],
    ['77 (x', status],
    ['77 (x) S 1', status],
  ] as const)
    assert.equal(parseProcess(77, a, b), undefined)
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => void parseProcess(1, a, b)))
})

const needsProc = { skip: process.platform !== 'linux' && 'needs /proc' }

test('who has ended, and who has not', needsProc, () => {
  assert.equal(hasEnded(process.pid), false)
  assert.ok(threadIds(process.pid).every(tid => !hasEnded(tid)))
  assert.equal(hasEnded(spawnSync('true').pid), true)
})

test('who has ended without being waited for', needsProc, () => {
  // we wait for our children only when this function has returned
  const child = spawn('true')
  for (const deadline = Date.now() + 10_000; !hasEnded(child.pid!); ) assert.ok(Date.now() < deadline)
  assert.equal(readProcess(child.pid!)?.state, 'Z')
})

test('this process', needsProc, () => {
  const self = requireTraceable(process.pid)
  assert.equal(self.tgid, process.pid)
  assert.equal(self.parentPid, process.ppid)
  assert.equal(self.kernelThread, false)
  const threads = threadIds(process.pid)
  assert.ok(threads.includes(process.pid))
  assert.equal(readProcess(threads.at(-1)!)?.tgid, process.pid)
  assert.equal(processCwd(process.pid), process.cwd())
  assert.ok(processExe(process.pid)?.includes('node'))
})

for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 31])
  test(`no process id: ${pid}`, () => assert.throws(() => requireTraceable(pid), { code: 'PROCESS_ID' }))

test('an ended process', needsProc, async () => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  assert.throws(() => requireTraceable(child.pid!), {
    code: 'PROCESS_GONE',
    message: `cannot trace process ${child.pid}: there is no such process`,
  })
  assert.deepEqual(threadIds(child.pid!), [])
  assert.equal(processExe(child.pid!), undefined)
})

test('a process of another user', {
  skip: process.geteuid?.() !== 0 && 'needs root to become another user',
}, async () => {
  const other = spawn('sleep', ['60'], { uid: 65534, gid: 65534, stdio: 'ignore' })
  try {
    assert.equal(requireTraceable(other.pid!).effectiveUid, 65534)
    // The modules are loaded as root: the clone may stand where nobody else may read.
    const probe = `import { requireTraceable } from '${new URL('./process.js', import.meta.url)}'
      process.setgroups([]); process.setgid(65534); process.setuid(65534)
      try { requireTraceable(${process.pid}); console.log('traceable') } catch (e) { console.log(e.code, e.message) }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', probe])
    let out = ''
    child.stdout.on('data', data => (out += data))
    child.stderr.on('data', data => (out += data))
    await once(child, 'close')
    assert.match(
      out,
      /^PROCESS_FOREIGN cannot trace process \d+ \(.*, user 0\): it belongs to another user: run as root/,
    )
  } finally {
    other.kill('SIGKILL')
  }
})
