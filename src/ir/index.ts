// The compiler's back end: a program is built with `program`, compiled with `compile`.
export { IrError, type IrErrorCode, type StackUse } from '../errors/ir-error.ts'
export type { Builder, Loop, SwitchCase, Variable } from './builder.ts'
export { type Compiled, type CompiledFunction, type CompileOptions, compile, compileSpec } from './compile.ts'
export type { Operand, Value } from './operand.ts'
export { printFunction } from './print.ts'
export { type Linkage, type Program, type ProgramOptions, program, type Signature } from './program.ts'
export {
  type Bits,
  type BoolType,
  bool,
  type IntType,
  intType,
  memoryOf,
  nullable,
  type PointerType,
  pointer,
  type Space,
  s8,
  s16,
  s32,
  s64,
  type Type,
  u8,
  u16,
  u32,
  u64,
} from './types.ts'
export { count, countPerCpu } from './vocabulary/counter.ts'
export {
  type CallbackEnd,
  elementBody,
  forEachElement,
  loopBody,
  repeatCalling,
  repeatUpTo,
} from './vocabulary/loop.ts'
export { lookup, onlyElement, remove, update } from './vocabulary/map.ts'
export { equalsBytes, sameBytes, storeBytes } from './vocabulary/memory.ts'
export { probeRead, readPath } from './vocabulary/probe-read.ts'
export { emitRecord, FORCE_WAKEUP, NO_WAKEUP, outputRecord } from './vocabulary/record.ts'
