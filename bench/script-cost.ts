// What a script costs the kernel for each event (BPF run-time statistics), next to bpftrace:
// `PEER="…" node build/bench/script-cost.js [rounds] [filter]`. Each script watches one process of ours.

import { spawn, spawnSync } from 'node:child_process'
import { compilePeer, show, spread, table } from './measure.ts'
import { bee, peer, requirePeer } from './script-peer.ts'

const roundCount = Number(process.argv[2] ?? 5)
const filter = new RegExp(process.argv[3] ?? '.')
const EVENTS = 100_000
const load = compilePeer('events')

interface Case {
  readonly name: string
  /** PID stands for the watched process */
  readonly script: string
  /** what `events` does 100,000 times */
  readonly action: 'getppid' | 'open' | 'read' | 'call'
  /** programs whose cost makes up an event's; one unless told */
  readonly programs?: number
}

const ENTER = 'tracepoint:syscalls:sys_enter_getppid'
const cases: readonly Case[] = [
  { name: 'predicate false', script: `${ENTER} /pid == 1/ { @ = count(); }`, action: 'getppid' },
  { name: '@[comm] = count()', script: `${ENTER} /pid == PID/ { @[comm] = count(); }`, action: 'getppid' },
  {
    name: 'latency hist by tid',
    script:
      'tracepoint:syscalls:sys_enter_read /pid == PID/ { @s[tid] = nsecs; } tracepoint:syscalls:sys_exit_read /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s, tid); }',
    action: 'read',
    programs: 2,
  },
  {
    name: 'str() filter, printf not taken',
    script:
      'tracepoint:syscalls:sys_enter_openat /pid == PID/ { if (str(args.filename) == "/nowhere") { printf("%s\\n", str(args.filename)); } }',
    action: 'open',
  },
  {
    name: '/comm == "…"/ @ = count()',
    script: `${ENTER} /comm == "events"/ { @ = count(); }`,
    action: 'getppid',
  },
  {
    name: 'lhist',
    script: 'tracepoint:syscalls:sys_enter_read /pid == PID/ { @ = lhist(args.count, 0, 1000, 10); }',
    action: 'read',
  },
  {
    name: 'sum avg stats min max',
    script:
      'tracepoint:syscalls:sys_enter_read /pid == PID/ { @a = sum(args.count); @b = avg(args.count); @c = stats(args.count); @d = min(args.count); @e = max(args.count); }',
    action: 'read',
  },
  {
    name: '@[kstack] = count()',
    script: `${ENTER} /pid == PID/ { @[kstack] = count(); }`,
    action: 'getppid',
  },
  {
    name: '@[ustack] = count()',
    script: `${ENTER} /pid == PID/ { @[ustack] = count(); }`,
    action: 'getppid',
  },
  {
    name: 'if/else, arithmetic, maps',
    script:
      'tracepoint:syscalls:sys_enter_read /pid == PID/ { $x = args.count * 3 + 7; if ($x % 2 == 0) { @even[$x] = count(); } else if ($x > 1000) { @big = sum($x); } else { @odd[$x, tid] = count(); } @n = count(); @last = $x / 3; }',
    action: 'read',
  },
  {
    name: '@[pid, fd, count] = count()',
    script: 'tracepoint:syscalls:sys_enter_read /pid == PID/ { @[pid, args.fd, args.count] = count(); }',
    action: 'read',
  },
  {
    name: '@[str(path)] = hist()',
    script: 'tracepoint:syscalls:sys_enter_openat /pid == PID/ { @[str(args.filename)] = hist(args.flags); }',
    action: 'open',
  },
  {
    name: 'printf each event',
    script:
      'tracepoint:syscalls:sys_enter_read /pid == PID/ { printf("%d %d %s\\n", pid, args.count, comm); }',
    action: 'read',
  },
  {
    name: 'uprobe @[arg1] = count()',
    script: `uprobe:${load}:probed /pid == PID/ { @[arg1] = count(); }`,
    action: 'call',
  },
]

interface Stats {
  readonly runs: number
  readonly ns: number
}

/** Cost of one event: that of the script's own programs while `events` ran, divided by the events. */
async function cost(command: readonly string[], { script, action, programs = 1 }: Case): Promise<number> {
  const target = spawn(load, [action, String(EVENTS)], { stdio: ['pipe', 'ignore', 'inherit'] })
  const before = new Set(loaded().keys())
  const text = script.replaceAll('PID', String(target.pid))
  const tracer = spawn(command[0]!, [...command.slice(1), '-q', '-o', '/dev/null', '-e', text], {
    env: { ...process.env, __BPFTRACE_NOTIFY_PROBES_ATTACHED: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await attached(tracer.stdout)
  const own = [...loaded()].filter(([id]) => !before.has(id)).map(([id]) => id)
  target.stdin.end('go\n')
  await new Promise(resolve => target.on('exit', resolve))
  const after = loaded()
  const busiest = own
    .map(id => after.get(id))
    .filter((stats): stats is Stats => stats !== undefined && stats.runs >= EVENTS / 2)
    .sort((a, b) => b.runs - a.runs)
    .slice(0, programs)
  tracer.kill('SIGINT')
  await new Promise(resolve => tracer.on('exit', resolve))
  if (busiest.length < programs) throw new Error(`${command.join(' ')} saw no events: ${script}`)
  return busiest.reduce((sum, { ns, runs }) => sum + ns / runs, 0)
}

function attached(stdout: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout.on('data', chunk => {
      if (String(chunk).includes('PROBES_ATTACHED')) setTimeout(resolve, 50)
    })
    stdout.on('end', () => reject(new Error('the tracer ended before it had attached')))
  })
}

function loaded(): Map<number, Stats> {
  const listed = spawnSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' })
  const programs = JSON.parse(listed.stdout) as { id: number; run_time_ns?: number; run_cnt?: number }[]
  return new Map(programs.map(p => [p.id, { ns: p.run_time_ns ?? 0, runs: p.run_cnt ?? 0 }]))
}

console.log(requirePeer())
const enabled = spawnSync('sysctl', ['-n', 'kernel.bpf_stats_enabled'], { encoding: 'utf8' }).stdout.trim()
spawnSync('sysctl', ['-qw', 'kernel.bpf_stats_enabled=1'])
const rows: string[][] = [['ns an event', 'bee', 'bpftrace', 'ratio']]
let product = 1
let count = 0
try {
  for (const each of cases.filter(({ name }) => filter.test(name))) {
    const ours: number[] = []
    const theirs: number[] = []
    for (let i = 0; i < roundCount; i++) {
      ours.push(await cost(bee, each))
      theirs.push(await cost(peer, each))
    }
    const ratio = spread(ours).median / spread(theirs).median
    product *= ratio
    count++
    rows.push([each.name, show(spread(ours), 0), show(spread(theirs), 0), ratio.toFixed(2)])
    console.log(rows.at(-1)!.join('  '))
  }
} finally {
  spawnSync('sysctl', ['-qw', `kernel.bpf_stats_enabled=${enabled}`])
}
rows.push(['geometric mean', '', '', (product ** (1 / count)).toFixed(2)])
console.log(`\n${table(rows)}`)
