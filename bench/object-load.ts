// What loading a compiled object costs, each round in a fresh process, where nothing is compiled yet: reading it, and handing it to
// the kernel. CPU time counts beside the wall: it says more where other work shares the machine.
// node build/bench/object-load.js [OBJECT.bpf.o]      needs root

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openObject } from '../src/object/index.ts'

const ROUNDS = 11
const path = process.argv[2] ?? 'test/object/fixtures/sample.bpf.o'

if (process.argv[3] === 'once') process.stdout.write(JSON.stringify(measure()))
else report()

/** Milliseconds of each step in this process, and its peak memory in MiB. */
function measure(): Record<string, number> {
  const steps: Record<string, number> = {}
  const step = <T>(name: string, work: () => T): T => {
    const [before, cpu] = [performance.now(), process.cpuUsage()]
    const result = work()
    const used = process.cpuUsage(cpu)
    steps[`${name}, ms`] = performance.now() - before
    steps[`${name}, CPU ms`] = (used.user + used.system) / 1000
    return result
  }
  const object = step('open', () => openObject(path))
  step('load', () => object.load())
  step('close', () => object.close())
  steps['peak, MiB'] = process.resourceUsage().maxRSS / 1024
  return steps
}

function report(): void {
  const rounds: Record<string, number>[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), path, 'once'])
    if (stdout.length === 0) throw new Error(stderr.toString())
    rounds.push(JSON.parse(stdout.toString()))
  }
  for (const name of Object.keys(rounds[0]!)) {
    const sorted = rounds.map(round => round[name]!).sort((a, b) => a - b)
    const shown = [sorted[0]!, sorted[ROUNDS >> 1]!].map(value => value.toFixed(1).padStart(8))
    console.log(`${name.padEnd(16)} least ${shown[0]}   median ${shown[1]}`)
  }
}
