// From a raw result to an exception, where failure is not expected.

import { SyscallError, type SyscallErrorOptions } from '../errors/index.ts'

/**
 * `result` itself, unless it is an error: then throws SyscallError.
 * @param syscall the call's name: "bpf(BPF_MAP_CREATE)"
 * @param action what it was for, as the user would say it: `create map "events"`
 */
export const checkSyscall = (
  result: number,
  syscall: string,
  action: string,
  options?: SyscallErrorOptions,
): number => {
  if (result < 0) throw new SyscallError(syscall, -result, action, options)
  return result
}
