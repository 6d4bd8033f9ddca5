// What a trace costs the processes that are not traced: `node build/bench/trace-beside.js [rounds]`.
// A loop of a million getppid runs beside `sleep`, which is traced or not. The trace's programs run for every call of
// the machine until they see whose it is.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compilePeer, scratch, show, spread, table } from './measure.ts'

const CALLS = 1_000_000
const load = compilePeer('load')
const beetrace = join(import.meta.dirname, '../../bin/beetrace')
const roundCount = Number(process.argv[2] ?? 7)
const started = join(scratch, 'started')

/** ns a call of the loop while `prefix` runs a program that sleeps; without one, alone. */
async function beside(...prefix: string[]): Promise<number> {
  if (prefix.length === 0) return loop()
  const [program, ...rest] = prefix
  const idle = spawn(program!, [...rest, 'sh', '-c', `echo $$ >${started}; exec sleep 100`], {
    stdio: 'ignore',
  })
  const ended = new Promise(resolve => idle.on('exit', resolve))
  while (!existsSync(started)) await new Promise(resolve => setTimeout(resolve, 10))
  await new Promise(resolve => setTimeout(resolve, 100))
  const ns = loop()
  // its end is the tracer's, which strace does not let itself be interrupted in
  process.kill(Number(readFileSync(started, 'utf8')), 'SIGKILL')
  await ended
  rmSync(started)
  return ns
}

function loop(): number {
  const { stdout } = spawnSync(load, ['getppid', String(CALLS)], { encoding: 'utf8' })
  return Number(stdout.split(' ')[0]) / CALLS
}

const variants = {
  alone: [],
  'beside strace': ['strace', '-f', '-o', '/dev/null'],
  'beside beetrace': [beetrace, '-f', '-o', '/dev/null'],
  'beside beetrace -c': [beetrace, '-f', '-c', '-o', '/dev/null'],
}
const results = Object.keys(variants).map(name => ({ name, ns: [] as number[] }))
for (let round = 0; round < roundCount; round++)
  for (const { name, ns } of results) ns.push(await beside(...variants[name as keyof typeof variants]))
const alone = spread(results[0]!.ns).median
console.log(
  table([
    ['untraced getppid: median (min–max)', 'ns a call', 'added'],
    ...results.map(({ name, ns }) => [
      name,
      show(spread(ns), 0),
      show(spread(ns.map(value => value - alone)), 0),
    ]),
  ]),
)
