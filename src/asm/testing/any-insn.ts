// For tests: a fast-check arbitrary over every legal form of instruction, with resolved operands.
import fc from 'fast-check'
import {
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
} from '../../sys/bpf-constants.generated.ts'
import * as asm from '../index.ts'

const reg = fc.integer({ min: 0, max: 10 })
const off = fc.integer({ min: -0x8000, max: 0x7fff })
const imm = fc.oneof(
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  fc.constantFrom(0, 1, -1, -0x80000000, 0x7fffffff),
)
const imm64 = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 1n, 1n << 63n, 0xffffffffn),
)
const aluOp = fc.constantFrom(...(Object.keys(asm.aluOps) as asm.AluOp[]))
const cond = fc.constantFrom(...(Object.keys(asm.jumpConds) as asm.JumpCond[]))
const atomicOp = fc.constantFrom(...(Object.keys(asm.atomicOps) as asm.AtomicOp[]))
const size = fc.constantFrom<asm.MemSize>(1, 2, 4, 8)
const wordSize = fc.constantFrom<4 | 8>(4, 8)
const bits = fc.constantFrom<16 | 32 | 64>(16, 32, 64)

/** A jump with its offset filled in by hand: builders make jumps to labels only. */
function resolved(insn: asm.Insn, distance: { off?: number; imm?: number }): asm.Insn {
  const { ref: _, ...rest } = insn
  return { ...rest, ...distance }
}

/** A 64-bit load of what `src` says, of which only the first half is used unless `both`. */
const pseudoWide = (src: number, both: boolean) =>
  fc
    .tuple(reg, imm64)
    .map(([dst, value]): asm.Insn => ({ ...asm.ldImm64(dst, both ? value : value & 0xffffffffn), src }))

/** Every form of instruction the instruction set has, v1 to v4. */
export const anyInsn: fc.Arbitrary<asm.Insn> = fc.oneof(
  fc.tuple(reg, reg).map(([d, s]) => asm.movReg(d, s)),
  fc.tuple(reg, imm).map(([d, i]) => asm.movImm(d, i)),
  fc.tuple(reg, reg).map(([d, s]) => asm.mov32Reg(d, s)),
  fc.tuple(reg, imm).map(([d, i]) => asm.mov32Imm(d, i)),
  fc.tuple(aluOp, reg, reg).map(([op, d, s]) => asm.aluReg(op, d, s)),
  fc.tuple(aluOp, reg, imm).map(([op, d, i]) => asm.aluImm(op, d, i)),
  fc.tuple(aluOp, reg, reg).map(([op, d, s]) => asm.alu32Reg(op, d, s)),
  fc.tuple(aluOp, reg, imm).map(([op, d, i]) => asm.alu32Imm(op, d, i)),
  reg.map(asm.neg),
  reg.map(asm.neg32),
  fc.tuple(reg, reg, fc.constantFrom<8 | 16 | 32>(8, 16, 32)).map(([d, s, b]) => asm.movsx(d, s, b)),
  fc.tuple(reg, reg, fc.constantFrom<8 | 16>(8, 16)).map(([d, s, b]) => asm.movsx32(d, s, b)),
  fc.tuple(reg, bits).map(([d, b]) => asm.toLe(d, b)),
  fc.tuple(reg, bits).map(([d, b]) => asm.toBe(d, b)),
  fc.tuple(reg, bits).map(([d, b]) => asm.bswap(d, b)),
  fc
    .tuple(reg, reg, fc.nat(0xffff), fc.nat(0xffff))
    .map(([d, s, to, from]) => asm.addrSpaceCast(d, s, to, from)),
  fc.tuple(size, reg, reg, off).map(([z, d, s, o]) => asm.load(z, d, s, o)),
  fc
    .tuple(fc.constantFrom<1 | 2 | 4>(1, 2, 4), reg, reg, off)
    .map(([z, d, s, o]) => asm.loadSigned(z, d, s, o)),
  fc.tuple(size, reg, off, reg).map(([z, d, o, s]) => asm.store(z, d, o, s)),
  fc.tuple(size, reg, off, imm).map(([z, d, o, i]) => asm.storeImm(z, d, o, i)),
  fc.tuple(atomicOp, wordSize, reg, off, reg).map(([op, z, d, o, s]) => asm.atomic(op, z, d, o, s)),
  fc.tuple(atomicOp, wordSize, reg, off, reg).map(([op, z, d, o, s]) => asm.atomicFetch(op, z, d, o, s)),
  fc.tuple(wordSize, reg, off, reg).map(([z, d, o, s]) => asm.atomicXchg(z, d, o, s)),
  fc.tuple(wordSize, reg, off, reg).map(([z, d, o, s]) => asm.atomicCmpxchg(z, d, o, s)),
  fc.tuple(size, reg, reg, off).map(([z, d, s, o]) => asm.loadAcquire(z, d, s, o)),
  fc.tuple(size, reg, off, reg).map(([z, d, o, s]) => asm.storeRelease(z, d, o, s)),
  fc.tuple(fc.constantFrom<1 | 2 | 4>(1, 2, 4), imm).map(([z, i]) => asm.ldAbs(z, i)),
  fc.tuple(fc.constantFrom<1 | 2 | 4>(1, 2, 4), reg, imm).map(([z, s, i]) => asm.ldInd(z, s, i)),
  ...[BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_IDX, BPF_PSEUDO_FUNC].map(src => pseudoWide(src, false)),
  ...[0, BPF_PSEUDO_MAP_VALUE, BPF_PSEUDO_MAP_IDX_VALUE, BPF_PSEUDO_BTF_ID].map(src => pseudoWide(src, true)),
  off.map(o => resolved(asm.jump(''), { off: o })),
  imm.map(i => resolved(asm.jumpLong(''), { imm: i })),
  off.map(o => resolved(asm.mayGoto(''), { off: o })),
  reg.map((dst): asm.Insn => ({ code: 0x0d, dst, src: 0, off: 0, imm: 0 })),
  fc.tuple(cond, reg, reg, off).map(([c, d, s, o]) => resolved(asm.jumpIfReg(c, d, s, ''), { off: o })),
  fc.tuple(cond, reg, imm, off).map(([c, d, i, o]) => resolved(asm.jumpIfImm(c, d, i, ''), { off: o })),
  fc.tuple(cond, reg, reg, off).map(([c, d, s, o]) => resolved(asm.jumpIf32Reg(c, d, s, ''), { off: o })),
  fc.tuple(cond, reg, imm, off).map(([c, d, i, o]) => resolved(asm.jumpIf32Imm(c, d, i, ''), { off: o })),
  fc.nat(300).map(asm.call),
  imm.map(i => resolved(asm.callSubprog(''), { imm: i })),
  fc.tuple(fc.nat(), fc.nat(100)).map(([i, o]) => resolved(asm.callKfunc(''), { imm: i, off: o })),
  fc.constant(asm.exit()),
)

const name = fc.oneof(
  fc.constantFrom(
    'out',
    'loop_1',
    '.L2',
    'r1',
    'pc',
    'map',
    'exit',
    'bpf_loop',
    'll',
    'kfunc',
    'a name',
    '"',
    ';//',
    '-',
    ':',
    '*',
    ']',
    '0',
    '',
  ),
  fc.string(),
)

/** Instructions with operands by name. */
export const anyInsnWithRef: fc.Arbitrary<asm.Insn> = fc.oneof(
  name.map(asm.jump),
  name.map(asm.jumpLong),
  name.map(asm.mayGoto),
  fc.tuple(cond, reg, reg, name).map(([c, d, s, n]) => asm.jumpIfReg(c, d, s, n)),
  fc.tuple(cond, reg, imm, name).map(([c, d, i, n]) => asm.jumpIf32Imm(c, d, i, n)),
  name.map(asm.callSubprog),
  name.map(asm.callKfunc),
  fc.tuple(reg, name).map(([d, n]) => asm.ldMap(d, n)),
  fc.tuple(reg, name, imm).map(([d, n, o]) => asm.ldMapValue(d, n, o)),
  fc.tuple(reg, name).map(([d, n]) => asm.ldFuncAddress(d, n)),
  fc.tuple(reg, name).map(([d, n]) => asm.ldKsym(d, n)),
)

/** Any instruction, with any labels before it. */
export const anyLabelledInsn: fc.Arbitrary<asm.Insn> = fc
  .tuple(fc.oneof(anyInsn, anyInsnWithRef), fc.array(name, { maxLength: 2 }))
  .map(([insn, labels]) => (labels.length === 0 ? insn : asm.withLabel(insn, ...labels)))
