// What a first question to a binary costs, each round in a fresh process, where nothing is compiled yet: opening it,
// finding a function by name, then a function by address, which sorts all of them.
// node build/bench/elf.js [BINARY FUNCTION …]      default: node's own binary and libc

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { demangle } from '../src/elf/index.ts'
import { Binary, findBinaries } from '../src/kernel/index.ts'
import { show, spread, table } from './measure.ts'

const ROUNDS = 11
const [path, name] = process.argv.slice(3)

if (process.argv[2] === 'once') process.stdout.write(JSON.stringify(measure(path!, name!)))
else report(process.argv.slice(2))

/** Milliseconds of each step, in this process. */
function measure(path: string, name: string): Record<string, number> {
  const steps: Record<string, number> = {}
  let last = performance.now()
  const step = (name: string): void => {
    const now = performance.now()
    steps[name] = now - last
    last = performance.now()
  }
  using binary = new Binary(path)
  step('open')
  binary.load()
  step('read the symbols')
  const found = binary.functionsNamed(name)
  if (found.length === 0) throw new Error(`${path} has no function ${name}`)
  step('find one by name')
  binary.functionAt(found[0]!.address)
  step('find one by address')
  binary.functionAt(found[0]!.address + 1)
  step('find another')
  const all = binary.functionsMatching(() => true)
  step('list all')
  for (const { name } of all.slice(0, 1000)) demangle(name)
  step('demangle 1000')
  return steps
}

function report(targets: string[]): void {
  const chosen =
    targets.length > 0 ? targets : [process.execPath, 'uv_run', findBinaries('libc')[0]!.path, 'malloc']
  for (let i = 0; i + 1 < chosen.length; i += 2) {
    const rounds = Array.from({ length: ROUNDS }, (): Record<string, number> => {
      const command = [fileURLToPath(import.meta.url), 'once', chosen[i]!, chosen[i + 1]!]
      const child = spawnSync(process.execPath, command, { encoding: 'utf8' })
      if (child.status !== 0) throw new Error(`a round failed: ${child.stderr}`)
      return JSON.parse(child.stdout)
    })
    const rows = Object.keys(rounds[0]!).map(step => [
      step,
      show(spread(rounds.map(round => round[step]!)), 2),
    ])
    process.stdout.write(`${chosen[i]}, ${chosen[i + 1]}, ${ROUNDS} fresh processes, ms\n${table(rows)}\n`)
  }
}
