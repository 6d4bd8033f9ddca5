// What tracing costs the traced program, next to strace: `node build/bench/trace-overhead.js [rounds [workload]]`.
// Time added to each system call = (time under the tracer - bare time) / calls, each workload timing itself from its
// first to its last instruction. The three run in turn, in each round; a ratio is strace's of a round by ours.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compilePeer, rounds, scratch, show, spread, table } from './measure.ts'

const load = compilePeer('load')
const beetrace = join(import.meta.dirname, '../../bin/beetrace')
const roundCount = Number(process.argv[2] ?? 7)
const traceFile = join(scratch, 'trace.out')

const workloads: Record<string, string[]> = {
  'getppid 50,000': ['getppid', '50000'],
  'getppid 1,000,000': ['getppid', '1000000'],
  'open/fstat/close 20,000': ['openclose', '20000'],
  '4 threads, getppid 4 × 25,000': ['threads', '4', '25000'],
  'find /usr/share': ['run', 'find', '/usr/share', '-name', 'nothing'],
  'sh -c true × 200': ['execs', '200'],
  '4 jobs × 100 forks': ['forks', '4', '100'],
}

/** strace takes 25 s a round there: once is enough. */
const SLOW = new Set(['getppid 1,000,000'])

let lost = ''
/** ns that the workload took, and of them those that it waited for a processor. */
const run = (prefix: string[], args: string[]): { ns: number; waitedNs: number } => {
  const [program, ...rest] = [...prefix, load, ...args]
  const result = spawnSync(program!, rest, { encoding: 'utf8', maxBuffer: 1 << 30 })
  if (result.status !== 0) throw new Error(`${program} ${rest.join(' ')}: ${result.stderr}`)
  if (result.stderr.includes('lost')) lost += `${args.join(' ')}: ${result.stderr}`
  const [ns, waitedNs] = result.stdout.trim().split('\n').at(-1)!.split(' ').map(Number)
  return { ns: ns!, waitedNs: waitedNs! }
}

const strace = ['strace', '-f', '-o', traceFile]
const ours = [beetrace, '-f', '-o', traceFile]
const rows = [
  [
    'workload: median (min–max)',
    'calls',
    'bare ms',
    'beetrace +ns a call',
    'of it waiting',
    'strace +ns a call',
    'strace / beetrace',
    'of the fastest',
  ],
]
for (const [name, args] of Object.entries(workloads)) {
  if (!name.includes(process.argv[3] ?? '')) continue
  const onceNs = SLOW.has(name) ? run(strace, args).ns : undefined
  const waits: number[] = []
  const times = rounds(roundCount, {
    bare: () => run([], args).ns,
    beetrace: () => {
      const { ns, waitedNs } = run(ours, args)
      waits.push(waitedNs)
      return ns
    },
    strace: () => onceNs ?? run(strace, args).ns,
  })
  run(ours, args)
  const calls = readFileSync(traceFile, 'latin1')
    .split('\n')
    .filter(line => / = /.test(line)).length
  const bare = spread(times.bare).median
  const fastest = Math.min(...times.bare)
  const added = (values: number[]) => values.map(ns => (ns - bare) / calls)
  const [mine, theirs] = [added(times.beetrace), added(times.strace)]
  rows.push([
    name,
    String(calls),
    (bare / 1e6).toFixed(1),
    show(spread(mine), 0),
    (spread(waits).median / calls).toFixed(0),
    show(spread(theirs), 0),
    show(spread(theirs.map((ns, i) => ns / mine[i]!)), 1),
    // on a machine that does other things too, the rounds that it disturbed least
    ((Math.min(...times.strace) - fastest) / (Math.min(...times.beetrace) - fastest)).toFixed(1),
  ])
}
console.log(table(rows))
console.log(lost === '' ? 'no record lost' : lost)
