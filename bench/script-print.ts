// How many lines a second a script prints without loss, what a line costs, and whether what arrived and what was
// reported lost make up what was produced, next to bpftrace: `PEER="…" node build/bench/script-print.js [rounds]`.
// One probe prints lines of 32 bytes into a file while `events` makes events at a given rate.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compilePeer, scratch, show, spread, table } from './measure.ts'
import { bee, peer, requirePeer } from './script-peer.ts'

const roundCount = Number(process.argv[2] ?? 3)
const load = compilePeer('events')
/** Of /proc/PID/stat, in seconds. */
const TICK_S = 0.01

interface Case {
  readonly name: string
  readonly events: number
  /** a second; as fast as it can when absent */
  readonly rate?: number
  /** milliseconds from the last event to Ctrl-C; negative: from the first one */
  readonly stopAfterMs: number
}

const cases: readonly Case[] = [
  { name: '200,000/s', events: 400_000, rate: 200_000, stopAfterMs: 1000 },
  { name: '400,000/s', events: 800_000, rate: 400_000, stopAfterMs: 1000 },
  { name: 'unpaced', events: 800_000, stopAfterMs: 1500 },
  { name: 'unpaced, Ctrl-C at its end', events: 800_000, stopAfterMs: 0 },
  { name: 'unpaced, Ctrl-C amid', events: 4_000_000, stopAfterMs: -700 },
]

interface Outcome {
  readonly produced: number
  readonly arrived: number
  readonly lost: number
  readonly cpuUs: number
}

async function run(command: readonly string[], { events, rate, stopAfterMs }: Case): Promise<Outcome> {
  const target = spawn(load, ['getppid', String(events), ...(rate === undefined ? [] : [String(rate)])], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const file = join(scratch, `lines-${process.hrtime.bigint()}`)
  const script = `tracepoint:syscalls:sys_enter_getppid /pid == ${target.pid}/ { @ = count(); printf("%-7d 012345678901234567890\\n", pid); }`
  const tracer = spawn(command[0]!, [...command.slice(1), '-q', '-o', file, '-e', script], {
    env: { ...process.env, __BPFTRACE_NOTIFY_PROBES_ATTACHED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  tracer.stderr.on('data', chunk => {
    errors += chunk
  })
  await attached(tracer)
  const before = cpuSeconds(tracer.pid!)
  target.stdin.end('go\n')
  const gone = new Promise(resolve => target.on('exit', resolve))
  await (stopAfterMs < 0 ? delay(-stopAfterMs) : gone)
  if (stopAfterMs > 0) await delay(stopAfterMs)
  const cpuUs = (cpuSeconds(tracer.pid!) - before) * 1e6
  tracer.kill('SIGINT')
  await new Promise(resolve => tracer.on('close', resolve))
  target.kill('SIGKILL')
  const text = readFileSync(file, 'latin1')
  rmSync(file)
  const all = `${text}\n${errors}`
  const counted = Number(/^@: (\d+)$/m.exec(text)?.[1])
  const arrived = text.match(/ 012345678901234567890$/gm)?.length ?? 0
  const total = /Total lost event count: (\d+)/.exec(all)?.[1]
  const reported = [...all.matchAll(/^Lost (\d+) events/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
  return { produced: stopAfterMs < 0 ? counted : events, arrived, lost: Number(total ?? reported), cpuUs }
}

function attached({ stdout }: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout!.on('data', chunk => {
      if (String(chunk).includes('PROBES_ATTACHED')) setTimeout(resolve, 50)
    })
    stdout!.on('end', () => reject(new Error('the tracer ended before it had attached')))
  })
}

/** User and system time of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_S
}

const delay = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

console.log(requirePeer())
const rows: string[][] = [['offered', 'who', 'lost %', 'reported short by', 'CPU µs a line']]
for (const each of cases) {
  const outcomes: Record<'bee' | 'bpftrace', Outcome[]> = { bee: [], bpftrace: [] }
  for (let i = 0; i < roundCount; i++) {
    outcomes.bee.push(await run(bee, each))
    outcomes.bpftrace.push(await run(peer, each))
  }
  for (const [who, all] of Object.entries(outcomes)) {
    const short = all.map(({ produced, arrived, lost }) => produced - arrived - lost)
    rows.push([
      each.name,
      who,
      show(spread(all.map(({ produced, arrived }) => (1 - arrived / produced) * 100))),
      short.join(' '),
      each.stopAfterMs > 0 ? show(spread(all.map(({ cpuUs, arrived }) => cpuUs / arrived)), 2) : '',
    ])
    console.log(rows.at(-1)!.join('  '))
  }
}
console.log(`\n${table(rows)}`)
