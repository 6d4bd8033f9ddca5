// Programs with a lifetime: load with the verifier's log, test-run, information, pin.

export {
  type AttachTarget,
  type AttachTargetSpec,
  attachesByBtf,
  resolveAttachTarget,
  resolveProgramTarget,
} from './attach-target.ts'
export { type LoadOptions, loadProgram } from './load.ts'
export { enableStats, Program, type TestRun, type TestRunOptions } from './program.ts'
export type { ProgramInfo } from './program-info.ts'
