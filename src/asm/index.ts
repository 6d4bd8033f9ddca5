// The instruction set: BPF instructions as plain data (build, resolve, encode, decode, print, parse), and the helper functions
// they can call.
export {
  addrSpaceCast,
  alu32Imm,
  alu32Reg,
  aluImm,
  aluReg,
  bswap,
  mov32Imm,
  mov32Reg,
  movImm,
  movReg,
  movsx,
  movsx32,
  neg,
  neg32,
  toBe,
  toLe,
} from './build-alu.ts'
export {
  call,
  callKfunc,
  callSubprog,
  exit,
  jump,
  jumpIf32Imm,
  jumpIf32Reg,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
  mayGoto,
  withLabel,
  withSource,
} from './build-jump.ts'
export {
  atomic,
  atomicCmpxchg,
  atomicFetch,
  atomicXchg,
  ldAbs,
  ldFuncAddress,
  ldImm64,
  ldInd,
  ldKsym,
  ldMap,
  ldMapFd,
  ldMapValue,
  ldMapValueFd,
  load,
  loadAcquire,
  loadSigned,
  store,
  storeImm,
  storeRelease,
} from './build-memory.ts'
export { decode, type Encoding, encode } from './encode.ts'
export { helperById, helperByName, helperPrototypes } from './helper.ts'
export type { HelperArgument, HelperArgumentKind, HelperPrototype } from './helper-prototype.ts'
export type { Insn, Ref, SourceLine } from './insn.ts'
export {
  type AluOp,
  type AtomicOp,
  aluOps,
  atomicOps,
  type JumpCond,
  jumpConds,
  LD_IMM64,
  type MemSize,
  memSizes,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  type Reg,
  slotCount,
} from './opcode.ts'
export { type ParseOptions, parse } from './parse.ts'
export { type PrintOptions, print, printKernel } from './print.ts'
export { type OperandNames, printKernelInsn } from './print-insn.ts'
export { type LabelOptions, resolveLabels } from './resolve-labels.ts'
export { type RefNumbers, resolveRefs } from './resolve-refs.ts'
