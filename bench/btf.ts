// What a first question to the kernel's BTF costs, each round in a fresh process, where nothing is compiled yet:
// reading the file, finding a struct, laying out a member path, then what needs all type records.
// node build/bench/btf.js [BTF file]      default: the running kernel's

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fieldPath, parseBtf } from '../src/btf/index.ts'

const ROUNDS = 15
const path = process.argv[2] ?? '/sys/kernel/btf/vmlinux'

if (process.argv[3] === 'once') process.stdout.write(JSON.stringify(measure()))
else report()

/** Milliseconds of each step, in this process. */
function measure(): Record<string, number> {
  const steps: Record<string, number> = {}
  let last = performance.now()
  const step = (name: string): void => {
    const now = performance.now()
    steps[name] = now - last
    last = performance.now()
  }
  const bytes = readFileSync(path)
  step('read the file')
  const btf = parseBtf(bytes)
  step('open')
  const task = btf.get('task_struct', 'struct')
  step('find task_struct')
  fieldPath(btf, task, 'mm.arg_start')
  step('lay out mm.arg_start')
  btf.func('vfs_read')
  step('find vfs_read')
  void btf.typeCount
  step('index the rest')
  btf.find('no_such_name')
  step('a name that is not there')
  return steps
}

function report(): void {
  const rounds = Array.from({ length: ROUNDS }, (): Record<string, number> => {
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), path, 'once'], {
      encoding: 'utf8',
    })
    if (child.status !== 0) throw new Error(`a round failed: ${child.stderr}`)
    return JSON.parse(child.stdout)
  })
  const line = (name: string, values: number[]): void => {
    values.sort((a, b) => a - b)
    const cells = [values[0]!, values[values.length >> 1]!, values.at(-1)!].map(ms =>
      ms.toFixed(2).padStart(8),
    )
    process.stdout.write(`${name.padEnd(26)}${cells.join('')}\n`)
  }
  process.stdout.write(`${path}, ${ROUNDS} fresh processes, ms\n${''.padEnd(26)}     min  median     max\n`)
  for (const name of Object.keys(rounds[0]!))
    line(
      name,
      rounds.map(r => r[name]!),
    )
  const budgeted = ['open', 'find task_struct', 'lay out mm.arg_start']
  line(
    'open + find + lay out',
    rounds.map(r => budgeted.reduce((sum, name) => sum + r[name]!, 0)),
  )
}
