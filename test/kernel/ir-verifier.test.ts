// Every program that ir builds from random well-formed input is accepted by the verifier of the running kernel, and
// gives there what its evaluation says. Bounded in time; the seed is in the message.
// BEETRACE_FUZZ_SEED repeats one program, BEETRACE_FUZZ_SECONDS gives it another time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VerifierError } from '../../src/errors/index.ts'
import { type CompileOptions, compileSpec } from '../../src/ir/index.ts'
import { isAtLeast, kernelRelease } from '../../src/kernel/index.ts'
import { BpfMap } from '../../src/map/index.ts'
import { Program } from '../../src/program/index.ts'
import { evaluate } from '../ir/evaluate.ts'
import { maps, randomProgram, STATE_BYTES } from '../ir/random-program.ts'

const INPUTS = [
  [0n, 0n],
  [0x123456789abcdef0n, 0xffffffff80000000n],
] as const

const variants: CompileOptions[] = [
  { optimize: false },
  { optimize: true },
  ...(isAtLeast(kernelRelease(), '6.6') ? [{ optimize: true, cpu: 'v4' } as const] : []),
]

test('random programs are accepted and compute what they should', t => {
  const one = process.env.BEETRACE_FUZZ_SEED
  const first = one === undefined ? Date.now() % 0x7fffffff : Number(one)
  const end = Date.now() + 1000 * Number(process.env.BEETRACE_FUZZ_SECONDS ?? 15)
  // Atomic operations that give the old value came with 5.12.
  const fetching = isAtLeast(kernelRelease(), '5.12')
  let count = 0
  let unwalked = 0
  do {
    const seed = first + count++
    const size = Number(process.env.BEETRACE_FUZZ_SIZE ?? 5 + (seed % 40))
    try {
      if (!check(seed, size, fetching)) unwalked++
    } catch (error) {
      t.diagnostic(`BEETRACE_FUZZ_SEED=${seed} BEETRACE_FUZZ_SIZE=${size}`)
      throw error
    }
  } while (one === undefined && Date.now() < end)
  t.diagnostic(`${count} programs from seed ${first} on, ${unwalked} too long to walk without optimisation`)
  assert.ok(unwalked <= 1 + count / 100)
})

/** False when the verifier gave up, after a million instructions, on what the optimiser would have made shorter. */
function check(seed: number, size: number, fetching: boolean): boolean {
  let isWalked = true
  const p = randomProgram(seed, size, fetching)
  const functions = new Map(p.functions.map(f => [f.name, f]))
  for (const options of variants) {
    using state = BpfMap.create(maps[0]!)
    using empty = BpfMap.create(maps[1]!)
    let program: Program
    try {
      program = Program.load(compileSpec(p, options), { maps: { state, empty } })
    } catch (error) {
      const gaveUp =
        error instanceof VerifierError && /is too large\. Processed 1000001 insn/.test(error.message)
      if (options.optimize !== false || !gaveUp) throw error
      isWalked = false
      continue
    }
    using _ = program
    for (const input of INPUTS) {
      const ctx = new Uint8Array(new BigUint64Array(input).buffer)
      const bytes = new Uint8Array(STATE_BYTES)
      const expected = evaluate(p.functions[0]!, { functions, ctx, values: { state: bytes }, helpers: {} })
      state.update(new Uint8Array(4), new Uint8Array(STATE_BYTES))
      const where = `seed ${seed}, size ${size}, ${JSON.stringify(options)}`
      assert.equal(BigInt(program.testRun({ ctx }).retval), expected, where)
      assert.deepEqual(state.lookup(new Uint8Array(4)), bytes, where)
    }
  }
  return isWalked
}
