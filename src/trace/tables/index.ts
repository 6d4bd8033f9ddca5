// Tables of the syscall tracer: arguments and errors, generated from kernel headers and tracefs, beside what the kernel
// floor knows of the same headers.
export {
  type Constants,
  constantFamily,
  type FamilyName,
  type Machine,
  syscallNames,
  syscallNumber,
} from '../../kernel/uapi/index.ts'
export { type Errno, errnoOf, isRestart } from './errors.ts'
export { type SyscallArgument, syscallArguments } from './syscalls.ts'
