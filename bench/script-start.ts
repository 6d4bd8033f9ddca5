// From start to exit of short scripts, and the memory it takes, next to bpftrace:
// `PEER="…" node build/bench/script-start.js [rounds]`.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch, show, spread, table } from './measure.ts'
import { bee, peer, requirePeer } from './script-peer.ts'

const roundCount = Number(process.argv[2] ?? 7)

/** Thirteen probes and fourteen maps; ends itself at once. */
const LONG = readFileSync(join(import.meta.dirname, '../../bench/scripts/forty-lines.bt'), 'utf8')

const scripts: Readonly<Record<string, string>> = {
  'begin { exit(); }': 'BEGIN { exit(); }',
  'one tracepoint':
    'tracepoint:syscalls:sys_enter_nanosleep { @[comm] = count(); } interval:ms:1 { exit(); }',
  '40 lines, 13 probes, 14 maps': LONG,
  'sys_enter_* (all)': 'tracepoint:syscalls:sys_enter_* { @[probe] = count(); } interval:ms:1 { exit(); }',
}

interface Run {
  readonly wallMs: number
  readonly cpuMs: number
  readonly rssMiB: number
}

/** `time` says what a process and its children took in all. */
function run(command: readonly string[], script: string, cache?: string): Run {
  const start = process.hrtime.bigint()
  const result = spawnSync('/usr/bin/env', ['time', '-f', '%U %S %M', ...command, '-q', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, ...(cache === undefined ? {} : { XDG_CACHE_HOME: cache }) },
  })
  const wallMs = Number(process.hrtime.bigint() - start) / 1e6
  if (result.status !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}`)
  const [user, system, kib] = result.stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return { wallMs, cpuMs: (user! + system!) * 1000, rssMiB: kib! / 1024 }
}

/** Runs after which our compiled code is kept, and no more of it looked for (bin/start.cjs). */
const WARM_UP = 6

/** The kernel takes perf events down after their process has ended, and lets the next reader of formats wait meanwhile. */
const settled = () => new Promise(resolve => setTimeout(resolve, 700))

console.log(requirePeer())
const rows: string[][] = [
  ['script', 'bee ms', 'bpftrace ms', 'ratio', 'bee CPU ms', 'bpftrace CPU ms', 'bee MiB', 'bpftrace MiB'],
]
for (const [name, script] of Object.entries(scripts)) {
  const count = name.startsWith('sys_enter') ? Math.min(2, roundCount) : roundCount
  const ours: Run[] = []
  const theirs: Run[] = []
  const cache = mkdtempSync(join(scratch, 'cache-'))
  for (let i = 0; i < WARM_UP; i++) run(bee, script, cache)
  await settled()
  for (let i = 0; i < count; i++) {
    ours.push(run(bee, script, cache))
    await settled()
    theirs.push(run(peer, script))
    await settled()
  }
  const of = (runs: Run[], what: keyof Run) => spread(runs.map(r => r[what]))
  const ratio = of(ours, 'wallMs').median / of(theirs, 'wallMs').median
  rows.push([
    name,
    show(of(ours, 'wallMs'), 0),
    show(of(theirs, 'wallMs'), 0),
    ratio.toFixed(3),
    show(of(ours, 'cpuMs'), 0),
    show(of(theirs, 'cpuMs'), 0),
    of(ours, 'rssMiB').max.toFixed(0),
    of(theirs, 'rssMiB').max.toFixed(0),
  ])
}
console.log(table(rows))
