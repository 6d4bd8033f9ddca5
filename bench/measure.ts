// Shared by the benchmarks: run commands side by side in interleaved rounds, and show figures with their spread.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environBytes, spawnProcess, waitChild } from '../src/sys/index.ts'

// Node parses all certificates named there at its start, for longer than all the rest of it: that would be no figure of ours.
delete process.env.NODE_EXTRA_CA_CERTS

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
  return { min: sorted[0]!, median: at(0.5), max: sorted.at(-1)! }
}

/** `12.3 (11.9–14.0)`: median, with the smallest and the largest. */
export function show(s: Spread, digits = 1): string {
  return `${s.median.toFixed(digits)} (${s.min.toFixed(digits)}–${s.max.toFixed(digits)})`
}

/** Runs each variant once a round, in turn, so that a busy moment hits all of them. */
export function rounds<V extends string>(
  count: number,
  variants: Readonly<Record<V, () => number>>,
): Record<V, number[]> {
  const names = Object.keys(variants) as V[]
  const results = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<V, number[]>
  for (let round = 0; round < count; round++) for (const name of names) results[name].push(variants[name]())
  return results
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(row =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    )
    .join('\n')
}

export const scratch = mkdtempSync(join(tmpdir(), 'beetrace-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true }))

/** Compiles a C peer of bench/peers with optimisation; returns the program's path. */
export function compilePeer(name: string, ...libraries: string[]): string {
  const program = join(scratch, name)
  const source = join(import.meta.dirname, '../../bench/peers', `${name}.c`)
  const made = spawnSync('cc', ['-O2', '-pthread', source, '-o', program, ...libraries], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`cannot compile ${source}: ${made.stderr || made.error}`)
  return program
}

/** Starts a process that inherits the given descriptors; the line of JSON that it prints is the result. */
export function startWithFds<T>(
  path: string,
  argv: readonly (string | number)[],
  keepFds: readonly number[],
): () => Promise<T> {
  const out = join(scratch, `out-${Math.random()}`)
  const words = [path, ...argv].map(word => `'${word}'`).join(' ')
  const pid = spawnProcess({
    path: '/bin/sh',
    argv: ['sh', '-c', `exec ${words} >${out}`],
    env: environBytes(),
    keepFds: [0, 1, 2, ...keepFds],
  })
  return async () => {
    for (;;) {
      const exit = waitChild({ pid })
      if (exit === undefined) await new Promise(resolve => setTimeout(resolve, 5))
      else if (typeof exit !== 'number' && exit.exitCode === 0) break
      else throw new Error(`${words}: ${JSON.stringify(exit)}`)
    }
    return JSON.parse(readFileSync(out, 'utf8')) as T
  }
}
