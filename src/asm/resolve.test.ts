// Labels and references to numbers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from './index.ts'

const nops = (count: number) => Array.from({ length: count }, () => asm.movImm(0, 0))
const shape = (insns: readonly asm.Insn[]) => insns.map(insn => [insn.code, insn.off, insn.imm])

test('distances count slots, and a 64-bit load takes two', () => {
  const insns = asm.resolveLabels([
    asm.jumpIfImm('eq', 1, 0, 'out'),
    asm.ldImm64(1, 5n),
    asm.withLabel(asm.jump('back'), 'back'),
    asm.withLabel(asm.exit(), 'out', 'same'),
  ])
  assert.deepEqual(
    insns.map(insn => insn.off),
    [3, 0, -1, 0],
  )
  assert.deepEqual(insns[3]!.labels, ['out', 'same'])
  assert.ok(insns.every(insn => insn.ref === undefined))
})

test('calls and addresses of subprograms', () => {
  const insns = asm.resolveLabels([
    asm.callSubprog('sub'),
    asm.ldFuncAddress(2, 'sub'),
    asm.exit(),
    asm.withLabel(asm.ldFuncAddress(2, 'sub'), 'sub'),
    asm.exit(),
  ])
  assert.equal(insns[0]!.imm, 3)
  assert.equal(insns[1]!.imm64, 2n)
  assert.equal(insns[3]!.imm64, 0xffffffffn, 'the distance is 32 bits: the second slot stays empty')
})

test('maps and kernel symbols are left to resolveRefs', () => {
  const insns = [
    asm.ldMap(1, 'm'),
    asm.ldMapValue(2, 'm', 8),
    asm.callKfunc('f'),
    asm.ldKsym(3, 'v'),
    asm.exit(),
  ]
  assert.deepEqual(asm.resolveLabels(insns), insns)
  const resolved = asm.resolveRefs(insns, {
    map: name => (name === 'm' ? 7 : undefined),
    kfunc: () => ({ btfId: 1234, fdIndex: 2 }),
    ksym: () => ({ btfId: 99, btfFd: 5 }),
  })
  assert.deepEqual(
    resolved.map(insn => [insn.src, insn.imm64 ?? insn.imm, insn.off]),
    [
      [1, 7n, 0],
      [2, (8n << 32n) | 7n, 0],
      [2, 1234, 2],
      [3, (5n << 32n) | 99n, 0],
      [0, 0, 0],
    ],
  )
  assert.deepEqual(asm.resolveRefs(insns, {}), insns)
  assert.throws(() => asm.resolveRefs(insns, { map: () => undefined }), {
    code: 'ASM_UNRESOLVED',
    message: 'instruction 0 refers to map "m", which is not known',
  })
})

test('labels are placed once', () => {
  assert.throws(() => asm.resolveLabels([asm.jump('a')]), { code: 'ASM_LABEL', index: 0 })
  assert.throws(() => asm.resolveLabels([asm.withLabel(asm.exit(), 'a'), asm.withLabel(asm.exit(), 'a')]), {
    code: 'ASM_LABEL',
    index: 1,
  })
})

test('the longest short jumps', () => {
  const forward = [asm.jump('far'), ...nops(0x7fff), asm.withLabel(asm.exit(), 'far')]
  assert.equal(asm.resolveLabels(forward)[0]!.off, 0x7fff)
  const back = [asm.withLabel(asm.exit(), 'far'), ...nops(0x7ffe), asm.jump('far')]
  assert.equal(asm.resolveLabels(back).at(-1)!.off, -0x8000)
})

test('jumps that do not reach are made long', () => {
  const far = [...nops(0x8000), asm.withLabel(asm.exit(), 'far')]
  const first = (insn: asm.Insn, count: number) =>
    shape(asm.resolveLabels([insn, ...far], { longJumps: true }).slice(0, count))
  assert.deepEqual(first(asm.jump('far'), 1), [[0x06, 0, 0x8000]])
  assert.deepEqual(first(asm.jumpIfImm('gt', 1, 9, 'far'), 2), [
    [0xb5, 1, 9], // if r1 <= 9 goto +1
    [0x06, 0, 0x8000],
  ])
  assert.deepEqual(first(asm.jumpIf32Reg('slt', 1, 2, 'far'), 2), [
    [0x7e, 1, 0], // if w1 s>= w2 goto +1
    [0x06, 0, 0x8000],
  ])
  assert.deepEqual(first(asm.jumpIfImm('set', 1, 9, 'far'), 3), [
    [0x45, 1, 9],
    [0x05, 1, 0],
    [0x06, 0, 0x8000],
  ])
  const backwards = asm.resolveLabels(
    [asm.withLabel(asm.exit(), 'far'), ...nops(0x8000), asm.jumpIfImm('eq', 1, 9, 'far')],
    {
      longJumps: true,
    },
  )
  assert.deepEqual(shape(backwards.slice(-2)), [
    [0x55, 1, 9],
    [0x06, 0, -0x8003],
  ])
})

test('making one jump long can put another out of reach', () => {
  // The first jump just reaches; the second, inside its span, does not, and grows by one slot.
  const insns = asm.resolveLabels(
    [
      asm.jump('near'),
      asm.jumpIfImm('eq', 1, 0, 'far'),
      ...nops(0x7ffe),
      asm.withLabel(asm.movImm(0, 0), 'near'),
      ...nops(1),
      asm.withLabel(asm.exit(), 'far'),
    ],
    { longJumps: true },
  )
  assert.deepEqual(shape(insns.slice(0, 3)), [
    [0x06, 0, 0x8000],
    [0x55, 1, 0],
    [0x06, 0, 0x8000],
  ])
})

test('a program with distances in numbers does not grow', () => {
  const { ref: _, ...numeric } = asm.jump('')
  const insns = [numeric, asm.jump('far'), ...nops(0x8000), asm.withLabel(asm.exit(), 'far')]
  assert.throws(() => asm.resolveLabels(insns, { longJumps: true }), { code: 'ASM_JUMP_RANGE', index: 0 })
  assert.throws(() => asm.resolveLabels(insns), { code: 'ASM_JUMP_RANGE', index: 0 })
})
