// The instruction set: BPF instructions as plain data, and the helper functions they can call.
export type { HelperArgument, HelperArgumentKind, HelperPrototype } from './helper-prototype.ts'
export { helperPrototypes } from './helpers.generated.ts'
export type { Insn, Ref, SourceLine } from './insn.ts'
