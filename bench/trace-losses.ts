// What a trace loses and takes with default settings: `node build/bench/trace-losses.js [rounds]`.
// Each workload runs on a machine that is otherwise free, and beside as many busy loops as there are processors.
// Records lost must be 0. Memory is the tracer's own (anonymous) and the ring, which the kernel counts twice in the
// resident size because it is mapped twice in a row. CPU is the tracer's from start to end, by line, next to strace's.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compilePeer, scratch, show, spread, table } from './measure.ts'

const load = compilePeer('load')
const beetrace = join(import.meta.dirname, '../../bin/beetrace')
const roundCount = Number(process.argv[2] ?? 3)
const traceFile = join(scratch, 'trace.out')

const workloads: Record<string, string[]> = {
  'getppid 1,000,000': ['getppid', '1000000'],
  '4 threads, getppid 4 × 250,000': ['threads', '4', '250000'],
  'find /usr': ['run', 'find', '/usr', '-name', 'nothing'],
  '4 jobs × 1,000 forks': ['forks', '4', '1000'],
}

interface Run {
  readonly calls: number
  readonly lost: number
  readonly peakMb: number
  readonly ownMb: number
  readonly cpuUsPerCall: number
}

/** Runs a tracer to its end, looking at its memory and CPU every few milliseconds. */
async function run(prefix: readonly string[], args: readonly string[]): Promise<Run> {
  const [program, ...rest] = [...prefix, load, ...args]
  const child = spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', text => {
    said += text
  })
  const [peak, own, ticks] = [[0], [0], [0]]
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
      const kb = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0)
      peak.push(kb('VmHWM'))
      own.push(kb('RssAnon'))
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
      ticks.push(Number(stat[11]) + Number(stat[12]))
    } catch {
      // ended
    }
  }, 5)
  await new Promise(resolve => child.on('close', resolve))
  clearInterval(look)
  const calls = countCalls()
  return {
    calls,
    lost: Number(/(\d+) records lost/.exec(said)?.[1] ?? 0),
    peakMb: Math.max(...peak) / 1024,
    ownMb: Math.max(...own) / 1024,
    cpuUsPerCall: (Math.max(...ticks) * 10_000) / calls,
  }
}

function countCalls(): number {
  const text = readFileSync(traceFile)
  let lines = 0
  for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) lines++
  return lines
}

/** Keeps every processor busy while `work` runs. */
async function besideBusyLoops<T>(work: () => Promise<T>): Promise<T> {
  const loops: ChildProcess[] = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  )
  try {
    return await work()
  } finally {
    for (const loop of loops) loop.kill('SIGKILL')
  }
}

const rows = [['workload: median (min–max)', 'lines', 'lost', 'peak MB', 'own MB', 'CPU µs a line', 'strace']]
for (const [name, args] of Object.entries(workloads)) {
  const trace = () => run([beetrace, '-f', '-o', traceFile], args)
  for (const busy of [false, true]) {
    const runs: Run[] = []
    for (let round = 0; round < roundCount; round++)
      runs.push(busy ? await besideBusyLoops(trace) : await trace())
    // its cost a call is the same however many there are
    const small = args.map(arg => (arg === '1000000' || arg === '250000' ? '25000' : arg))
    const strace = busy ? undefined : await run(['strace', '-f', '-o', traceFile], small)
    const of = (key: keyof Run) => spread(runs.map(r => r[key]))
    rows.push([
      busy ? `${name}, processors busy` : name,
      String(of('calls').median),
      show(of('lost'), 0),
      of('peakMb').max.toFixed(0),
      of('ownMb').max.toFixed(0),
      show(of('cpuUsPerCall'), 2),
      strace === undefined ? '' : strace.cpuUsPerCall.toFixed(1),
    ])
  }
}
console.log(table(rows))
