// From launch to the traced program's first instruction, next to `node -e 0`, strace and the bare program:
// `node build/bench/trace-start.js [rounds]`. The program prints CLOCK_MONOTONIC when its main starts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { compilePeer, rounds, show, spread, table } from './measure.ts'

const load = compilePeer('load')
const beetrace = join(import.meta.dirname, '../../bin/beetrace')
const roundCount = Number(process.argv[2] ?? 11)

/** ms until the program's main when run through `prefix`; process.hrtime is CLOCK_MONOTONIC too. */
const untilMain =
  (...prefix: string[]) =>
  () => {
    const [program, ...args] = [...prefix, load, 'now', '-']
    const start = process.hrtime.bigint()
    const result = spawnSync(program!, args, { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
    return Number(BigInt(result.stdout.trim().split('\n').at(-1)!) - start) / 1e6
  }
/** ms from launch to the end. */
const whole =
  (program: string, ...args: string[]) =>
  () => {
    const start = process.hrtime.bigint()
    spawnSync(program, args)
    return Number(process.hrtime.bigint() - start) / 1e6
  }

const results = rounds(roundCount, {
  bare: untilMain(),
  'strace -o': untilMain('strace', '-f', '-o', '/dev/null'),
  'beetrace -o': untilMain(beetrace, '-f', '-o', '/dev/null'),
  'node -e 0, whole': whole(process.execPath, '-e', '0'),
  'beetrace true, whole': whole(beetrace, '-o', '/dev/null', 'true'),
  'strace true, whole': whole('strace', '-o', '/dev/null', 'true'),
})
const rows = Object.entries(results).map(([name, values]) => [name, `${show(spread(values))} ms`])
console.log(table([['from launch to main of the traced program', 'median (min–max)'], ...rows]))
const floor = spread(results['node -e 0, whole']).median
console.log(`above node -e 0: ${(spread(results['beetrace -o']).median - floor).toFixed(1)} ms`)
