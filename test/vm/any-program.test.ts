// The random programs run in the interpreter at every level, and their digest sees what they do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyProgram, instructionLevels } from './any-program.ts'
import { runProgram } from './index.ts'

test('property: random programs end, and hardly two with the same result', () => {
  for (const level of instructionLevels) {
    const programs = fc.sample(anyProgram(level), 50)
    const results = new Set(programs.map(program => runProgram(program('low')).r0))
    assert.ok(results.size > 45, `${level}: ${results.size} results of ${programs.length} programs`)
  }
})
