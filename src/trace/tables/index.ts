// Tables of the syscall tracer: calls, arguments, errors and constants, generated from kernel headers and tracefs.
export { type Constants, constantFamily, type FamilyName } from './constants.ts'
export { type Errno, errnoOf, isRestart } from './errors.ts'
export {
  type Machine,
  type SyscallArgument,
  syscallArguments,
  syscallNames,
  syscallNumber,
} from './syscalls.ts'
