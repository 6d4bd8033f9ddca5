// A BPF interpreter for tests: programs run anywhere, without a kernel and without root.
export { Fault, VmError } from './fault.ts'
export type { HelperMachine, MachineFacts, VmHelper } from './helper-functions.ts'
export { createMap, type VmMap } from './maps.ts'
export { Memory, type Region, type Space } from './memory.ts'
export { Ring } from './ring.ts'
export { type RunOptions, type RunResult, runProgram, Vm, type VmOptions } from './vm.ts'
