// For tests: random programs that every verifier accepts and that end with a digest of all they computed, so that
// two executions can be compared by one number.
import fc from 'fast-check'
import * as asm from '../../src/asm/index.ts'

/** What a kernel's instruction set has: `v3` 5.10, `atomics` 5.12, `v4` 6.6, `ordered` (load-acquire) 6.15. */
export const instructionLevels = ['v3', 'atomics', 'v4', 'ordered'] as const
export type InstructionLevel = (typeof instructionLevels)[number]

/** One instruction of every level above the first: a kernel that loads it has the level. */
export const levelProbes: Readonly<Record<InstructionLevel, asm.Insn>> = {
  v3: asm.alu32Imm('add', 0, 1),
  atomics: asm.atomicFetch('add', 8, 10, -8, 0),
  v4: asm.movsx(0, 0, 8),
  ordered: asm.loadAcquire(8, 0, 10, -8),
}

const STACK_WORDS = 4
const reg = fc.integer({ min: 0, max: 9 })
const imm = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  fc.constantFrom(0, 1, -1, 2, 31, 32, 63, 0x7fffffff, -0x80000000),
)
const imm64 = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 1n, (1n << 64n) - 1n, 1n << 63n, 0x80000000n, 0xffffffffn, 0x7fffffffn),
)
const size = fc.constantFrom<asm.MemSize>(1, 2, 4, 8)
const wordSize = fc.constantFrom<4 | 8>(4, 8)
const bits = fc.constantFrom<16 | 32 | 64>(16, 32, 64)
const cond = fc.constantFrom(...(Object.keys(asm.jumpConds) as asm.JumpCond[]))
const atomicOp = fc.constantFrom(...(Object.keys(asm.atomicOps) as asm.AtomicOp[]))

/** An offset of the stack words that the program fills first, aligned to the size of the access. */
const slot = (bytes: number) => fc.integer({ min: 1, max: (STACK_WORDS * 8) / bytes }).map(n => -n * bytes)

/**
 * Straight-line code with jumps forward, over all of r0-r9 and a few stack words, which hold random numbers first.
 * The program returns the lower 32 bits of the digest, or with `half: 'high'` the upper.
 */
export function anyProgram(level: InstructionLevel): fc.Arbitrary<(half: 'low' | 'high') => asm.Insn[]> {
  const first = fc.tuple(
    fc.array(imm64, { minLength: 10, maxLength: 10 }),
    fc.array(imm, { minLength: STACK_WORDS, maxLength: STACK_WORDS }),
  )
  const body = fc.array(anyStep(level), { maxLength: 40 })
  return fc.tuple(first, body).map(([[regs, words], steps]) => half => [
    ...words.map((word, i) => asm.storeImm(8, 10, -8 * (i + 1), word)),
    ...regs.map((value, i) => asm.ldImm64(i, value)),
    ...steps.flatMap((step, i) => step(`step ${i}`)),
    ...digest(half),
  ])
}

/** r0 = a number that depends on every register and stack word. */
function digest(half: 'low' | 'high'): asm.Insn[] {
  const mix = [asm.aluImm('mul', 0, 0x01000193)]
  const insns: asm.Insn[] = []
  for (let r = 1; r < 10; r++) insns.push(...mix, asm.aluReg('xor', 0, r))
  for (let word = 1; word <= STACK_WORDS; word++)
    insns.push(...mix, asm.load(8, 1, 10, -8 * word), asm.aluReg('xor', 0, 1))
  if (half === 'high') insns.push(asm.aluImm('rsh', 0, 32))
  return [...insns, asm.exit()]
}

/** A step is an instruction, or a conditional jump over a few; it gets a name of its own for its label. */
type Step = (name: string) => asm.Insn[]

function anyStep(level: InstructionLevel): fc.Arbitrary<Step> {
  const has = (needed: InstructionLevel) =>
    instructionLevels.indexOf(level) >= instructionLevels.indexOf(needed)
  const single = fc.oneof(
    ...plainInsns(has('v4')),
    ...(has('atomics') ? fetchingAtomics : []),
    ...(has('v4') ? v4Insns : []),
    ...(has('ordered') ? orderedInsns : []),
  )
  const skip = fc.tuple(anyJump, fc.array(single, { minLength: 1, maxLength: 3 })).map(
    ([jump, skipped]): Step =>
      name => [jump(name), ...skipped, asm.withLabel(asm.movReg(0, 0), name)],
  )
  return fc.oneof(
    {
      weight: 5,
      arbitrary: single.map(
        (insn): Step =>
          () => [insn],
      ),
    },
    { weight: 1, arbitrary: skip },
  )
}

const anyJump = fc.oneof(
  fc.tuple(cond, reg, reg).map(
    ([c, d, s]) =>
      (label: string) =>
        asm.jumpIfReg(c, d, s, label),
  ),
  fc.tuple(cond, reg, imm).map(
    ([c, d, i]) =>
      (label: string) =>
        asm.jumpIfImm(c, d, i, label),
  ),
  fc.tuple(cond, reg, reg).map(
    ([c, d, s]) =>
      (label: string) =>
        asm.jumpIf32Reg(c, d, s, label),
  ),
  fc.tuple(cond, reg, imm).map(
    ([c, d, i]) =>
      (label: string) =>
        asm.jumpIf32Imm(c, d, i, label),
  ),
)

/** The verifier refuses division by a constant zero and constant shifts by the width or more. */
function allowedImm(op: asm.AluOp, value: number, width: number): number {
  if (/sh$/.test(op)) return (value >>> 0) % width
  return /div|mod/.test(op) && value === 0 ? 1 : value
}

function plainInsns(signedDivision: boolean): fc.Arbitrary<asm.Insn>[] {
  const ops = (Object.keys(asm.aluOps) as asm.AluOp[]).filter(op => signedDivision || !/^s(div|mod)/.test(op))
  const aluOp = fc.constantFrom(...ops)
  return [
    fc.tuple(aluOp, reg, reg).map(([op, d, s]) => asm.aluReg(op, d, s)),
    fc.tuple(aluOp, reg, reg).map(([op, d, s]) => asm.alu32Reg(op, d, s)),
    fc.tuple(aluOp, reg, imm).map(([op, d, i]) => asm.aluImm(op, d, allowedImm(op, i, 64))),
    fc.tuple(aluOp, reg, imm).map(([op, d, i]) => asm.alu32Imm(op, d, allowedImm(op, i, 32))),
    fc.tuple(reg, reg).map(([d, s]) => asm.movReg(d, s)),
    fc.tuple(reg, reg).map(([d, s]) => asm.mov32Reg(d, s)),
    fc.tuple(reg, imm).map(([d, i]) => asm.movImm(d, i)),
    fc.tuple(reg, imm).map(([d, i]) => asm.mov32Imm(d, i)),
    reg.map(asm.neg),
    reg.map(asm.neg32),
    fc.tuple(reg, bits).map(([d, b]) => asm.toBe(d, b)),
    fc.tuple(reg, bits).map(([d, b]) => asm.toLe(d, b)),
    size.chain(z => fc.tuple(reg, slot(z)).map(([d, o]) => asm.load(z, d, 10, o))),
    size.chain(z => fc.tuple(reg, slot(z)).map(([s, o]) => asm.store(z, 10, o, s))),
    size.chain(z => fc.tuple(imm, slot(z)).map(([i, o]) => asm.storeImm(z, 10, o, i))),
    wordSize.chain(z => fc.tuple(reg, slot(z)).map(([s, o]) => asm.atomic('add', z, 10, o, s))),
  ]
}

const fetchingAtomics: fc.Arbitrary<asm.Insn>[] = [
  wordSize.chain(z => fc.tuple(atomicOp, reg, slot(z)).map(([op, s, o]) => asm.atomic(op, z, 10, o, s))),
  wordSize.chain(z => fc.tuple(atomicOp, reg, slot(z)).map(([op, s, o]) => asm.atomicFetch(op, z, 10, o, s))),
  wordSize.chain(z => fc.tuple(reg, slot(z)).map(([s, o]) => asm.atomicXchg(z, 10, o, s))),
  wordSize.chain(z => fc.tuple(reg, slot(z)).map(([s, o]) => asm.atomicCmpxchg(z, 10, o, s))),
]

const v4Insns: fc.Arbitrary<asm.Insn>[] = [
  fc.tuple(reg, reg, fc.constantFrom<8 | 16 | 32>(8, 16, 32)).map(([d, s, b]) => asm.movsx(d, s, b)),
  fc.tuple(reg, reg, fc.constantFrom<8 | 16>(8, 16)).map(([d, s, b]) => asm.movsx32(d, s, b)),
  fc.tuple(reg, bits).map(([d, b]) => asm.bswap(d, b)),
  fc
    .constantFrom<1 | 2 | 4>(1, 2, 4)
    .chain(z => fc.tuple(reg, slot(z)).map(([d, o]) => asm.loadSigned(z, d, 10, o))),
]

const orderedInsns: fc.Arbitrary<asm.Insn>[] = [
  size.chain(z => fc.tuple(reg, slot(z)).map(([d, o]) => asm.loadAcquire(z, d, 10, o))),
  size.chain(z => fc.tuple(reg, slot(z)).map(([s, o]) => asm.storeRelease(z, 10, o, s))),
]
