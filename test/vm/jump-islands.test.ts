// Programs whose jumps do not reach by 16 bits do the same after they were made to, both ways.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/asm/index.ts'
import { runProgram } from './index.ts'

function execute(insns: readonly asm.Insn[]): number {
  return Number(runProgram(insns, { budget: 10_000_000 }).r0)
}

const steps = (count: number) => Array.from({ length: count }, () => asm.aluImm('add', 0, 1))

test('far jumps, taken and not', () => {
  const program = (first: asm.Insn, gap: number) => [
    asm.movImm(0, 0),
    asm.movImm(1, 5),
    first,
    ...steps(gap),
    asm.withLabel(asm.exit(), 'far'),
  ]
  for (const gap of [0x7fff, 0x8000, 0x11000]) {
    for (const longJumps of [false, true]) {
      const run = (first: asm.Insn) => execute(asm.resolveLabels(program(first, gap), { longJumps }))
      assert.equal(run(asm.jumpIfImm('set', 1, 1, 'far')), 0, 'taken')
      assert.equal(run(asm.jumpIfImm('set', 1, 2, 'far')), gap, 'not taken: the islands are stepped over')
      assert.equal(run(asm.jumpIfImm('eq', 1, 5, 'far')), 0)
      assert.equal(run(asm.jumpIf32Imm('gt', 1, 5, 'far')), gap)
    }
  }
})

test('islands backwards, shared by jumps to the same label', () => {
  const program = [
    asm.movImm(0, 0),
    asm.movImm(1, 0),
    asm.jump('start'),
    asm.withLabel(asm.exit(), 'out'),
    asm.withLabel(asm.movImm(2, 0), 'start'),
    ...steps(0x9000),
    asm.jumpIfImm('eq', 1, 1, 'out'),
    asm.jumpIfImm('eq', 1, 2, 'out'),
    asm.aluImm('add', 1, 1),
    asm.jump('start'),
  ]
  const resolved = asm.resolveLabels(program)
  assert.equal(execute(resolved), 0x9000 * 2)
  // One island for the two jumps to `out`, one for the jump to `start`, each with a jump over it.
  assert.equal(resolved.length, program.length + 4)
})

test('an island behind an instruction that does not run on needs no jump over it', () => {
  const exits = Array.from({ length: 0x9000 }, () => asm.exit())
  const program = [asm.jumpIfImm('eq', 1, 0, 'far'), ...exits, asm.withLabel(asm.exit(), 'far')]
  assert.equal(asm.resolveLabels(program).length, program.length + 1)
})
