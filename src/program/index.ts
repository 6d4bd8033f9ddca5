// Programs with a lifetime: load with the verifier's log, test-run, information, pin.

export {
  type AttachTarget,
  type AttachTargetSpec,
  attachesByBtf,
  attachesToMany,
  resolveAttachTarget,
  resolveProgramTarget,
  targetNaming,
} from './attach-target.ts'
export { instructionHash } from './instruction-hash.ts'
export { type EncodedProgram, type LoadOptions, loadPrepared, loadProgram, loadProgramAsync } from './load.ts'
export { type LoadedCode, readLoadedCode } from './loaded-code.ts'
export { type PreparedProgram, prepareProgram } from './prepare.ts'
export { enableStats, Program, type TestRun, type TestRunOptions } from './program.ts'
export {
  type LoadedFunction,
  loadedFunctions,
  loadedProgramBtf,
  withProgram,
} from './program-functions.ts'
export type { ProgramInfo } from './program-info.ts'
export { type FunctionsByBtf, traceableFunctions } from './traceable-functions.ts'
