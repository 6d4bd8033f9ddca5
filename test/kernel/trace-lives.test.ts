// Processes that end, multiply and replace themselves while they are traced, and a tracer that ends before they do.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BpfMap } from '../../src/map/index.ts'
import { bpfGetFdById, closeFd } from '../../src/sys/index.ts'
import { THREAD_BYTES, THREAD_RECORD } from '../../src/trace/kernel/layout.ts'
import { OFFSET_TID } from '../../src/trace/record.ts'
import { SLOW } from '../slow.ts'

const beetrace = resolve('bin/beetrace.cjs')
const scratch = mkdtempSync(join(tmpdir(), 'beetrace-lives-'))
after(() => rmSync(scratch, { recursive: true }))

/** On an emulated CPU, where time is short, a fiftieth of the processes. */
const many = (count: number) => (SLOW === 1 ? count : Math.ceil(count / 50))

/** Runs beetrace with its trace in a file; the lines. */
function traced(args: readonly string[], status = 0): string[] {
  const file = join(scratch, 'trace')
  const run = spawnSync(process.execPath, [beetrace, '-o', file, ...args], { encoding: 'utf8' })
  assert.doesNotMatch(run.stderr, /lost|not traced|should not/)
  assert.equal(run.status, status, run.stderr)
  return readFileSync(file, 'utf8').trim().split('\n')
}

const count = (lines: readonly string[], wanted: RegExp) => lines.filter(line => wanted.test(line)).length

test('short-lived children, every one from its first call to its exit', () => {
  const children = many(10_000)
  // a subshell is a fork without an exec
  const lines = traced([
    '-f',
    '-e',
    'exit_group',
    'sh',
    '-c',
    `i=0; while [ $i -lt ${children} ]; do (exit 7); i=$((i+1)); done`,
  ])
  assert.equal(count(lines, /^\d+ +exit_group\(7\) += \?$/), children)
  assert.equal(count(lines, /^\d+ +\+\+\+ exited with 7 \+\+\+$/), children)
  assert.equal(
    new Set(lines.filter(line => line.includes('exit_group(7)')).map(line => line.split(' ')[0])).size,
    children,
  )
})

// 7.x runs programs at raw tracepoints preemptibly, and skips them for whoever comes in between
test('processes that take the processors from one another, every call of each', () => {
  const [jobs, children] = [8, many(400)]
  const job = `i=0; while [ $i -lt ${children} ]; do (: </dev/zero; exit 7); i=$((i+1)); done; exit 0`
  const starts = Array.from({ length: jobs }, () => `(${job}) &`).join(' ')
  const lines = traced(['-f', 'sh', '-c', `${starts} wait`])
  assert.equal(count(lines, /^\d+ +exit_group\(7\) += \?$/), jobs * children)
  assert.equal(count(lines, /^\d+ +openat\(AT_FDCWD, "\/dev\/zero", O_RDONLY\) += \d+$/), jobs * children)
  assert.equal(count(lines, /^\d+ +\+\+\+ exited with 7 \+\+\+$/), jobs * children)
})

/** Python's threads are real ones. */
const python = spawnSync('python3', ['-c', '']).status === 0
const noPython = !python && 'no python3 to make threads with'
/** How many threads there are is nothing to a kernel. */
const noThreads = noPython || (SLOW > 1 && 'asked of one kernel only: python is slow on an emulated CPU')

test('500 threads, in one process', { skip: noThreads }, () => {
  const threads = many(500)
  const script = `import threading, os
ready = threading.Barrier(${threads} + 1)
def run():
    ready.wait()
    os.sched_get_priority_max(0)
all = [threading.Thread(target=run) for _ in range(${threads})]
[t.start() for t in all]
ready.wait()
[t.join() for t in all]`
  const lines = traced(['-e', 'sched_get_priority_max', 'python3', '-c', script])
  assert.equal(count(lines, /sched_get_priority_max\(\w+\) += 0$/), threads)
  assert.equal(count(lines, /\+\+\+ exited with 0 \+\+\+$/), threads + 1)
})

test('500 threads, attached to', { skip: noThreads }, async () => {
  const threads = many(500)
  const script = `import threading, sys
go = threading.Event()
all = [threading.Thread(target=go.wait) for _ in range(${threads})]
[t.start() for t in all]
print('ready', flush=True)
sys.stdin.read()
go.set()
[t.join() for t in all]`
  const target = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise(resolve => target.stdout.once('data', resolve))
  const file = join(scratch, 'attached')
  const tracer = spawn(process.execPath, [beetrace, '-e', 'none', '-o', file, '-p', `${target.pid}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = await new Promise(resolve => tracer.stderr.once('data', data => resolve(String(data))))
  assert.equal(said, `beetrace: process ${target.pid} attached with ${threads + 1} threads\n`)
  target.stdin.end()
  await new Promise(resolve => tracer.once('exit', resolve))
  assert.equal(count(readFileSync(file, 'utf8').split('\n'), /\+\+\+ exited with 0 \+\+\+$/), threads + 1)
})

test('a program that executes itself again and again', () => {
  const times = many(200)
  const script = `if [ $1 -gt 0 ]; then exec sh "$0" $(($1-1)); fi; exit 5`
  const file = join(scratch, 'again.sh')
  writeFileSync(file, script)
  const lines = traced(['-s', '200', '-e', 'execve', 'sh', file, `${times}`], 5)
  assert.equal(count(lines, /^execve\("[^"]*sh", \["sh", "[^"]*again\.sh", "\d+"\], .*\) = 0$/), times + 1)
  assert.equal(count(lines, /^\+\+\+ exited with 5 \+\+\+$/), 1)
})

test('execve by a thread that is not the first', { skip: noPython }, () => {
  const script = `import threading, os
threading.Thread(target=lambda: os.execv('/bin/sh', ['sh', '-c', 'exit 6'])).start()
threading.Event().wait()`
  const lines = traced(['-f', '-e', 'execve,exit_group', 'python3', '-c', script], 6)
  const superseded = lines.findIndex(line =>
    /^\d+ +\+\+\+ superseded by execve in pid \d+ \+\+\+$/.test(line),
  )
  const [, leader, thread] = /^(\d+) .* pid (\d+)/.exec(lines[superseded] ?? '') ?? []
  assert.ok(leader !== thread, lines.join('\n'))
  const rest = lines.slice(superseded + 1)
  assert.ok(
    rest.every(line => line.startsWith(`${leader} `)),
    lines.join('\n'),
  )
  assert.match(rest[0]!, /execve\("\/bin\/sh", \["sh", "-c", "exit 6"\], .*\) = 0$/)
  assert.match(rest.at(-1)!, /\+\+\+ exited with 6 \+\+\+$/)
})

test('a process that ends just when it is attached to', async () => {
  for (let i = 0; i < 5; i++) {
    const target = spawn('sleep', [`${i * 0.05}`])
    const file = join(scratch, 'ending')
    const run = spawnSync(process.execPath, [beetrace, '-o', file, '-p', `${target.pid}`], {
      encoding: 'utf8',
    })
    if (run.status === 0) assert.match(run.stderr, /^beetrace: process \d+ attached\n$/)
    else
      assert.match(
        run.stderr,
        /^beetrace: cannot trace process \d+: (it has ended|there is no such process)\n$/,
      )
  }
})

const endOf = (child: ChildProcess) =>
  new Promise<NodeJS.Signals | null>(resolve => child.once('exit', (_, signal) => resolve(signal)))

/** A command of beetrace that counts, and how far it has come. */
async function countingUnderTrace(): Promise<{ tracer: ChildProcess; counted: () => number; pid: number }> {
  const file = join(scratch, `count-${Math.random()}`)
  const script = `echo $$ >${file}.pid; while :; do echo >>${file}; sleep 0.02; done`
  const tracer = spawn(process.execPath, [beetrace, '-f', '-o', '/dev/null', 'sh', '-c', script], {
    stdio: 'ignore',
  })
  const counted = () => (existsSync(file) ? statSync(file).size : 0)
  while (counted() < 3) await sleep(20)
  return { tracer, counted, pid: Number(readFileSync(`${file}.pid`, 'utf8')) }
}

interface Held {
  readonly kind: 'prog' | 'link'
  readonly id: number
}

/** Programs and links that a process holds. */
function heldBy(pid: number): Held[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd): Held[] => {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
    const link = /^link_id:\s*(\d+)/m.exec(info)
    const prog = /^prog_id:\s*(\d+)/m.exec(info)
    if (link !== null) return [{ kind: 'link', id: Number(link[1]) }]
    return prog === null ? [] : [{ kind: 'prog', id: Number(prog[1]) }]
  })
}

function exists({ kind, id }: Held): boolean {
  const fd = bpfGetFdById(kind, id)
  if (fd >= 0) closeFd(fd)
  return fd >= 0
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} ends the tracer, nothing stays attached, and the command runs on`, async () => {
    const { tracer, counted, pid } = await countingUnderTrace()
    try {
      const held = heldBy(tracer.pid!)
      assert.ok(held.filter(({ kind }) => kind === 'prog').length >= 7, JSON.stringify(held))
      assert.ok(held.every(exists))
      tracer.kill(signal)
      assert.equal(await endOf(tracer), signal)
      // the kernel frees them a moment later
      for (let i = 0; i < 100 * SLOW && held.some(exists); i++) await sleep(20)
      assert.deepEqual(held.filter(exists), [])
      const before = counted()
      while (counted() < before + 3) await sleep(20)
    } finally {
      process.kill(pid, 'SIGKILL')
    }
  })
}

test('a thread whose end went unnoticed is not waited for', async () => {
  const { tracer, pid } = await countingUnderTrace()
  try {
    const maps = readdirSync(`/proc/${tracer.pid}/fdinfo`).flatMap(fd => {
      const info = readFileSync(`/proc/${tracer.pid}/fdinfo/${fd}`, 'utf8')
      return [...info.matchAll(/^map_id:\s*(\d+)/gm)].map(([, id]) => BpfMap.openById(Number(id)))
    })
    const threads = maps.find(({ name }) => name === 'threads')!
    const ended = spawnSync('true').pid
    const entry = new DataView(new ArrayBuffer(THREAD_BYTES))
    entry.setUint32(THREAD_RECORD + OFFSET_TID, ended, true)
    threads.update(new Uint8Array(Uint32Array.of(ended).buffer), new Uint8Array(entry.buffer))
    for (const map of maps) map.close()
  } finally {
    process.kill(pid, 'SIGKILL')
  }
  const impatience = setTimeout(() => tracer.kill('SIGTERM'), 10_000 * SLOW)
  assert.equal(await endOf(tracer), 'SIGKILL')
  clearTimeout(impatience)
})

test('a reader that goes away ends the trace, not the command', () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do : </dev/null; i=$((i+1)); done; echo done'
  const command = `"$@" -e openat sh -c '${script}' 2>&1 >${scratch}/out | head -n 1`
  const run = spawnSync('sh', ['-c', command, 'sh', process.execPath, beetrace], { encoding: 'utf8' })
  assert.match(run.stdout, /^openat\(/)
  assert.equal(run.stderr, '')
  assert.equal(readFileSync(`${scratch}/out`, 'utf8'), 'done\n')
})

test('the command finds the limit on locked memory that we were given, which kernels before 5.11 have us lift', () => {
  const words = [
    process.execPath,
    beetrace,
    '-o',
    join(scratch, 'trace'),
    'sh',
    '-c',
    'ulimit -Sl; ulimit -Hl',
  ]
  const run = spawnSync('sh', ['-c', 'ulimit -l 64; exec "$@"', 'sh', ...words], { encoding: 'utf8' })
  assert.equal(run.stdout, '64\n64\n', run.stderr)
})
