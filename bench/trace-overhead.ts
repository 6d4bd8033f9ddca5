// What tracing costs the traced program, next to strace, in one run: `node build/bench/trace-overhead.js [rounds]`.
// Time added to each system call = (time under the tracer - bare time) / calls, each workload timing itself.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compilePeer, rounds, scratch, show, spread, table } from './measure.ts'

const load = compilePeer('load')
const beetrace = join(import.meta.dirname, '../../dist/cli/beetrace.js')
const roundCount = Number(process.argv[2] ?? 5)
const traceFile = join(scratch, 'trace.out')

const workloads: Record<string, string[]> = {
  'getppid 50,000': ['getppid', '50000'],
  'getppid 1,000,000': ['getppid', '1000000'],
  'open/fstat/close 20,000': ['openclose', '20000'],
  '4 threads, getppid 4 × 25,000': ['threads', '4', '25000'],
  'find /usr/share': ['run', 'find', '/usr/share', '-name', 'nothing'],
  'sh -c true × 200': ['execs', '200'],
}

let lost = ''
const run = (prefix: string[], args: string[]): number => {
  const [program, ...rest] = [...prefix, load, ...args]
  const result = spawnSync(program!, rest, { encoding: 'utf8', maxBuffer: 1 << 30 })
  if (result.status !== 0) throw new Error(`${program} ${rest.join(' ')}: ${result.stderr}`)
  if (result.stderr.includes('lost')) lost += `${args.join(' ')}: ${result.stderr}`
  return Number(result.stdout.trim().split('\n').at(-1))
}

const rows = [
  ['workload', 'calls', 'bare ms', 'beetrace +ns a call', 'strace +ns a call', 'strace / beetrace'],
]
for (const [name, args] of Object.entries(workloads)) {
  const slow = args.includes('1000000') // strace takes 25 s a round there: once is enough
  const strace = ['strace', '-f', '-o', traceFile]
  const ours = [process.execPath, beetrace, '-f', '-o', traceFile]
  let straceNs: number[] = []
  if (slow) straceNs = [run(strace, args)]
  const times = slow
    ? {
        ...rounds(roundCount, { bare: () => run([], args), beetrace: () => run(ours, args) }),
        strace: straceNs,
      }
    : rounds(roundCount, {
        bare: () => run([], args),
        beetrace: () => run(ours, args),
        strace: () => run(strace, args),
      })
  run(strace, args)
  const calls = readFileSync(traceFile, 'latin1')
    .split('\n')
    .filter(line => / = /.test(line)).length
  const bare = spread(times.bare).median
  const added = (values: number[]) => spread(values.map(ns => (ns - bare) / calls))
  const [mine, theirs] = [added(times.beetrace), added(times.strace)]
  rows.push([
    name,
    String(calls),
    (bare / 1e6).toFixed(1),
    show(mine, 0),
    show(theirs, 0),
    (theirs.median / mine.median).toFixed(1),
  ])
}
console.log(table(rows))
console.log(lost === '' ? 'no record lost' : lost)
