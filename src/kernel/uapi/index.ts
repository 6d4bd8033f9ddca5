// What the kernel's headers say: numbers of system calls, values of constants.
export { type Constants, constantFamily, type FamilyName, namedConstant } from './constants.ts'
export { type Machine, machineOf } from './machine.ts'
export { hardwareEvents, softwareEvents } from './perf-events.ts'
export { ABI_COMPAT, ABI_NATIVE, syscallNames, syscallNumber, tracedSyscallNumber } from './syscall-names.ts'
