// Random programs mean the same in the reference evaluation, compiled plainly, and compiled with everything on.
// BEETRACE_FUZZ_SEED repeats one program, BEETRACE_FUZZ_COUNT tries more of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../src/ir/index.ts'
import { Vm } from '../vm/index.ts'
import { evaluate } from './evaluate.ts'
import { maps, randomProgram, STATE_BYTES } from './random-program.ts'

const INPUTS = [
  [0n, 0n],
  [1n, 0xffffffffffffffffn],
  [0x123456789abcdef0n, 0x80000000n],
] as const

function check(seed: number, size: number): void {
  const p = randomProgram(seed, size)
  const functions = new Map(p.functions.map(f => [f.name, f]))
  const compiled = [
    { options: { optimize: false }, insns: compile(p, { optimize: false }).insns },
    { options: { optimize: true }, insns: compile(p).insns },
    { options: { optimize: true, cpu: 'v4' }, insns: compile(p, { cpu: 'v4' }).insns },
  ]
  for (const input of INPUTS) {
    const ctx = new Uint8Array(new BigUint64Array(input).buffer)
    const state = new Uint8Array(STATE_BYTES)
    const expected = evaluate(p.functions[0]!, { functions, ctx, values: { state }, helpers: {} })
    for (const { options, insns } of compiled) {
      const vm = new Vm({ maps })
      const { r0 } = vm.run(insns, { ctx: ctx.slice() })
      const where = `seed ${seed}, size ${size}, ${JSON.stringify(options)}`
      assert.equal(r0, expected, where)
      assert.deepEqual(vm.map('state').lookup(new Uint8Array(4))!.bytes, state, where)
    }
  }
}

test('random programs', () => {
  const one = process.env.BEETRACE_FUZZ_SEED
  const first = one === undefined ? Date.now() % 0x7fffffff : Number(one)
  const count = one === undefined ? Number(process.env.BEETRACE_FUZZ_COUNT ?? 60) : 1
  for (let i = 0; i < count; i++) {
    const seed = first + i
    const size = Number(process.env.BEETRACE_FUZZ_SIZE ?? 5 + (seed % 40))
    try {
      check(seed, size)
    } catch (error) {
      if (error instanceof Error && !error.message.includes('seed'))
        error.message += ` (seed ${seed}, size ${size})`
      throw error
    }
  }
})
