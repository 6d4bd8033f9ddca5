// Scripts attach what they say, count what happened, and leave nothing attached, however they end.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { linkIds } from '../../src/link/index.ts'
import { MachineKernelFacts } from '../../src/script/run/kernel-facts.ts'
import { SLOW } from '../slow.ts'
import { bee, sleep, Workload } from './bee.ts'
import { libcPath } from './own-libc.ts'
import { since } from './since.ts'

const kernel = new MachineKernelFacts()
const skip = process.getuid?.() === 0 ? false : 'tracing needs root'
const needs = (feature: 'kprobe' | 'fentry' | 'iter') =>
  skip || (kernel.has(feature) ? false : `this kernel has no ${feature}`)

/** Counts by probe of `@[probe] = count()`. */
const countsOf = (stdout: string): Map<string, number> =>
  new Map([...stdout.matchAll(/^@\[(.*)\]: (\d+)$/gm)].map(([, name, count]) => [name!, Number(count)]))

const BODY = `
  for (let i = 0; i < 7; i++) call('accept', -1, 0, 0)
  for (let i = 0; i < 5; i++) call('getppid')
  for (let i = 0; i < 3; i++) fs.statSync('/proc/self/stat')
  for (let i = 0; i < 2; i++) call('uname', 1)`

test('a wildcard over all system calls counts each as a probe of its own does', { skip }, async () => {
  const run = async (script: string) => {
    using workload = await Workload.start(BODY)
    const { stdout, stderr, status } = await bee(['-e', script, '-p', `${workload.pid}`], {
      then: () => workload.run(),
      until: /./,
    })
    assert.equal(status, 0, stderr)
    return { stdout, stderr }
  }
  const all = await run('tracepoint:syscalls:sys_e* { @[probe] = count(); }')
  const [, probes] = /^Attached (\d+) probes$/m.exec(all.stderr)!
  assert.ok(Number(probes) > 600, `${probes} probes`)
  const counted = countsOf(all.stdout)
  // newuname is uname(2): tracepoints are called after the functions of the kernel
  for (const [call, count] of [
    ['accept', 7],
    ['getppid', 5],
    ['newuname', 2],
  ] as const) {
    assert.equal(counted.get(`tracepoint:syscalls:sys_enter_${call}`), count, call)
    assert.equal(counted.get(`tracepoint:syscalls:sys_exit_${call}`), count, call)
  }
  const single = await run(
    't:syscalls:sys_enter_getppid,t:syscalls:sys_exit_getppid,t:syscalls:sys_enter_newuname { @[probe] = count(); }',
  )
  for (const [probe, count] of countsOf(single.stdout)) assert.equal(counted.get(probe), count, probe)
})

test('all results of calls in one program', { skip }, async () => {
  using workload = await Workload.start(BODY)
  const script =
    't:syscalls:sys_exit_* /args.ret == -9/ { @[probe] = count(); @nr[args.__syscall_nr] = count(); }'
  const { stdout, stderr } = await bee(['-e', script, '-p', `${workload.pid}`], {
    then: () => workload.run(),
    until: /./,
  })
  assert.equal(countsOf(stdout).get('tracepoint:syscalls:sys_exit_accept'), 7, stderr)
  assert.match(stdout, /^@nr\[\d+\]: 7$/m)
})

test('a wildcard is attached and taken off in no time', { skip }, async () => {
  const startMs = performance.now()
  const { status, stderr } = await bee([
    '-e',
    'tracepoint:syscalls:sys_enter_* { @[probe] = count(); } interval:ms:1 { exit(); }',
  ])
  assert.equal(status, 0)
  assert.match(stderr, /^Attached 3\d\d probes$/m)
  // 29 s with an event for each; the limit leaves room for a busy machine
  assert.ok(performance.now() - startMs < 10_000 * SLOW)
})

test('a process is sampled in all its threads, those to come included', { skip }, async () => {
  // the worker runs before we attach, the main thread does nothing
  using workload = await Workload.start(`
    const { Worker } = require('node:worker_threads')
    const busy = 'for (let end = Date.now() + 1500; Date.now() < end; ) ;'
    await new Promise(done => new Worker(busy, { eval: true }).on('exit', done))`)
  const script = `profile:ms:1 { @[tid == pid] = count(); } software:cpu-clock:1000000 { @s[tid == pid] = count(); }`
  const { stdout, stderr } = await bee(['-e', script, '-p', `${workload.pid}`], {
    then: () => workload.run(),
    until: /./,
  })
  for (const map of ['@', '@s']) {
    const [, samples] = new RegExp(`^${map}\\[(?:0|false)\\]: (\\d+)$`, 'm').exec(stdout) ?? []
    assert.ok(Number(samples) > 50, `${stdout}${stderr}`)
  }
})

/** Runs something and asserts that no link is left that was not there. Others may make links meanwhile: a second look decides. */
async function leavesNothing(run: () => Promise<unknown>): Promise<void> {
  const before = new Set(linkIds())
  await run()
  const left = () => [...linkIds()].filter(id => !before.has(id))
  const deadline = Date.now() + 5000 * SLOW
  let ids = left()
  while (ids.length > 0 && Date.now() < deadline) {
    await sleep(100)
    const now = new Set(left())
    ids = ids.filter(id => now.has(id))
  }
  assert.deepEqual(ids, [])
}

const MIXED = `uprobe:${libcPath()}:getppid, uretprobe:${libcPath()}:getppid { @ = count(); }
  t:syscalls:sys_enter_getppid { @t = count(); } rawtracepoint:sched_switch /pid == 0/ { @r = count(); }
  profile:hz:9 { @p = count(); } interval:s:1 { @i = count(); }`

test('nothing is left attached after Ctrl-C, after the end of its process, after a failure', {
  skip,
}, async () => {
  await leavesNothing(() => bee(['-e', MIXED], { then: () => undefined }))
  await leavesNothing(async () => {
    using workload = await Workload.start("call('getppid')")
    const { status, stdout } = await bee(['-e', MIXED, '-p', `${workload.pid}`], {
      then: () => workload.run(),
    })
    assert.equal(status, 0)
    assert.match(stdout, /^@: 2$/m)
  })
  await leavesNothing(async () => {
    const { status, stderr } = await bee([
      '-e',
      `${MIXED} hardware:cache-misses:1 { } watchpoint:0x1:8:w { }`,
    ])
    assert.equal(status, 1)
    assert.match(stderr, /ERROR: Unable to attach probe: (hardware|watchpoint):/)
  })
})

test('the end of a killed target ends the script, which prints its maps', { skip }, async () => {
  const target = spawn('sleep', ['1000'])
  const timer = setTimeout(() => target.kill('SIGKILL'), 1500 * SLOW)
  const { stdout, status } = await bee([
    '-e',
    'BEGIN { @a = 1; } t:syscalls:sys_enter_getppid { @b = 1; }',
    '-p',
    `${target.pid}`,
  ])
  clearTimeout(timer)
  assert.equal(status, 0)
  assert.match(stdout, /^@a: 1$/m)
})

test('the command ends with a script that is killed', { skip }, async () => {
  const child = spawn(
    process.execPath,
    ['bin/bee.cjs', '-q', '-e', 'begin { printf("%d\\n", cpid); } interval:1s { }', '-c', 'sleep 1000'],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, __BPFTRACE_NOTIFY_PROBES_ATTACHED: '1' } },
  )
  let stdout = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  for (const deadline = Date.now() + 20_000 * SLOW; !/^\d+$/m.test(stdout) && Date.now() < deadline; )
    await sleep(20)
  const pid = Number(/^(\d+)$/m.exec(stdout)?.[1])
  assert.ok(pid > 0, stdout)
  child.kill('SIGKILL')
  const state = () => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]![0]
    } catch {
      return 'gone'
    }
  }
  for (const deadline = Date.now() + 10_000 * SLOW; !['gone', 'Z', 'X'].includes(state()!); ) {
    assert.ok(Date.now() < deadline, `it is in state ${state()}`)
    await sleep(20)
  }
})

// ---- what cannot be

const refused = (name: string, script: string, expected: RegExp, args: readonly string[] = []): void => {
  test(`refused: ${name}`, { skip }, async () => {
    await leavesNothing(async () => {
      const { stderr, status } = await bee(['-e', script, ...args])
      assert.match(stderr, expected)
      assert.notEqual(status, 0)
    })
  })
}

refused(
  'an unknown tracepoint',
  't:syscalls:sys_enter_raed { }',
  /stdin:1:1-26: ERROR: No matches for tracepoint syscalls:sys_enter_raed\.\n(.*\n)*HINT: did you mean .*sys_enter_read/,
)
refused(
  'an unknown function of a program',
  `u:${libcPath()}:mallok { }`,
  /No matches for uprobe .*:mallok\.\n(.*\n)*HINT: did you mean .*malloc/,
)
refused(
  'an unknown program',
  'u:/no/such:f { }',
  /uprobe target file '\/no\/such' does not exist or is not executable/,
)
refused(
  'an unknown raw tracepoint',
  'rt:sched_swich { }',
  /No matches for rawtracepoint sched_swich\.\n(.*\n)*HINT: did you mean .*sched_switch/,
)
refused(
  'an unknown iterator',
  'iter:tsk { }',
  /iter tsk not available for your kernel version\.\n(.*\n)*HINT: did you mean task/,
)
refused(
  'an offset outside of a function',
  `u:${libcPath()}:malloc+1000000 { }`,
  /Offset outside the function bounds \('malloc' size is \d+\)/,
)
refused('an address that is no code', `u:${libcPath()}:1 { }`, /Could not resolve address: .*:0x1/)
refused(
  'too many probes',
  'config = { max_probes = 100 } t:syscalls:* { }',
  /Can't attach to \d+ probes because it exceeds the current limit of 100 probes/,
)
refused('a filter that matches nothing', 't:syscalls:sys_enter_read { }', /No probes to attach/, [
  '--probe-filter',
  'nothing',
])
refused('a process that is gone', 't:syscalls:sys_enter_read { }', /process 4194303/, ['-p', '4194303'])

test('probes that are missing may be left out', { skip }, async () => {
  const { stderr, status } = await bee([
    '-e',
    'config = { missing_probes = "warn" } t:no:such { } t:syscalls:sys_enter_getppid { } BEGIN { exit(); }',
  ])
  assert.equal(status, 0)
  assert.match(stderr, /WARNING: No matches for tracepoint no:such\. Skipping\./)
  assert.match(stderr, /Attached 2 probes/)
})

test('without privileges', { skip }, async () => {
  const child = spawn(process.execPath, ['bin/bee.cjs', '-e', 'BEGIN { exit(); }'], {
    uid: 65534,
    gid: 65534,
  })
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const status = await new Promise(done => child.on('close', done))
  assert.equal(status, 1)
  assert.match(stderr, /run as root|CAP_BPF/)
})

test('without privileges, what there is to list is listed', { skip }, async () => {
  const list = async (pattern: string) => {
    const child = spawn(process.execPath, ['bin/bee.cjs', '-l', pattern], { uid: 65534, gid: 65534 })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        text += chunk
      })
    }
    return { status: await new Promise(done => child.on('close', done)), text }
  }
  const found = await list('software:*')
  assert.equal(found.status, 0)
  assert.match(found.text, /^software:page-faults:$/m)
  const functions = await list('kprobe:vfs_read')
  assert.match(functions.text, /^kprobe:vfs_read$/m)
  assert.match(functions.text, /without privileges .* Run as root to know/)
  const closed = await list('tracepoint:sched:*')
  assert.match(closed.text, /^ERROR: cannot read tracepoints/m)
  assert.equal(closed.status, 1)
})

test('a wildcard may find nothing where another attach point does', { skip }, async () => {
  const both = await bee(['-e', 't:syscalls:sys_enter_getppid, t:syscalls:nonsense* { } BEGIN { exit(); }'])
  assert.equal(both.status, 0, both.stderr)
  const alone = await bee(['-e', 't:syscalls:nonsense* { }'])
  assert.match(
    alone.stderr,
    /No matches for tracepoint syscalls:nonsense\*\.\n(.*\n)*.*Probe has no valid attach points/,
  )
})

// ---- functions of the kernel

const runs = (
  feature: 'kprobe' | 'fentry' | 'iter',
  script: string,
  body: string,
  ...expected: RegExp[]
): void => {
  const noFunc = /\bfunc\b/.test(script) && since('5.15', '`func` (bpf_get_func_ip)')
  test(`runs: ${script}`, { skip: needs(feature) || noFunc }, async () => {
    using workload = await Workload.start(body)
    const own = script.replaceAll('PID', `${workload.pid}`)
    const { stdout, stderr, status } = await bee(['-e', own], {
      then: () => workload.run(),
      until: expected[0]!,
    })
    for (const pattern of expected) assert.match(stdout, pattern, stderr)
    assert.equal(status, 0, stderr)
  })
}

const READ = "fs.readFileSync('/proc/self/stat')"
runs(
  'kprobe',
  'k:vfs_read /pid == PID/ { printf("%s %s %d\\n", probe, func, arg2 > 0); }',
  READ,
  /^kprobe:vfs_read vfs_read 1$/m,
)
runs(
  'kprobe',
  'kr:vfs_read /pid == PID && (int64)retval > 0/ { printf("%s some\\n", probe); }',
  READ,
  /^kretprobe:vfs_read some$/m,
)
runs(
  'kprobe',
  'k:vfs_read, k:vfs_statx /pid == PID/ { @[probe] = count(); }',
  READ,
  /^@\[kprobe:vfs_read\]: \d+$/m,
)
runs(
  'kprobe',
  'k:vfs_r* /pid == PID/ { @[probe, func] = count(); }',
  READ,
  /^@\[kprobe:vfs_read, vfs_read\]: \d+$/m,
)
// after the first instruction: of four bytes where kernels are built for indirect branch tracking, else of five
runs(
  'kprobe',
  `k:vfs_read+${since('5.18', 'IBT') ? 5 : 4} { @ = count(); } interval:s:30 { exit(); }`,
  READ,
  /^@: \d+$/m,
)
runs(
  'kprobe',
  'k:vfs_read /pid == PID/ { printf("first"); } k:vfs_read /pid == PID/ { printf(" second\\n"); }',
  READ,
  /^first second$/m,
)
runs(
  'fentry',
  'f:vfs_read /pid == PID/ { printf("%s %d\\n", probe, args.count > 0); }',
  READ,
  /^fentry:vmlinux:vfs_read 1$/m,
)
runs(
  'fentry',
  'fr:vfs_read /pid == PID/ { printf("%d of %d\\n", retval, args.count); }',
  READ,
  /^\d+ of \d+$/m,
)
runs('iter', 'iter:task { printf("%s %d\\n", ctx->task->comm, ctx->task->pid); }', '', /^node \d+$/m)
