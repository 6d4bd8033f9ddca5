// System calls by machine and ABI: number to name, name to number.

import type { Machine } from './machine.ts'
import { SYSCALLS_AARCH64, SYSCALLS_I386, SYSCALLS_X86_64 } from './syscalls.generated.ts'

/** The ABI of the machine itself, and that of 32-bit programs on it. */
export const ABI_NATIVE = 0
export const ABI_COMPAT = 1

/**
 * Names by number; '' is a hole. `abi` is one of the above.
 * arm64's 32-bit programs use arm's numbers, for which there is no table: the list is empty then.
 */
export function syscallNames(machine: Machine, abi: number): readonly string[] {
  if (abi !== ABI_COMPAT) return machine === 'x86_64' ? x86() : arm()
  return machine === 'x86_64' ? i386() : []
}

const x86 = lazyNames(SYSCALLS_X86_64)
const i386 = lazyNames(SYSCALLS_I386)
const arm = lazyNames(SYSCALLS_AARCH64)

/** The tables are text until first asked for: a program that starts reads only its own machine's. */
function lazyNames(table: string): () => readonly string[] {
  let names: readonly string[] | undefined
  return () =>
    (names ??= table
      .trim()
      .split(/\s+/)
      .map(name => (name === '-' ? '' : name)))
}

/** The number of a call, or undefined when this machine and ABI have none of that name. */
export function syscallNumber(machine: Machine, abi: number, name: string): number | undefined {
  const nr = name === '' ? -1 : syscallNames(machine, abi).indexOf(name)
  return nr === -1 ? undefined : nr
}

/** Functions of the kernel that have another name than the call they are: SYSCALL_DEFINE in fs/stat.c, kernel/sys.c … */
const FUNCTIONS: Readonly<Record<string, string>> = {
  stat: 'newstat',
  fstat: 'newfstat',
  lstat: 'newlstat',
  uname: 'newuname',
  sendfile: 'sendfile64',
  umount2: 'umount',
}

/**
 * The number of the native call whose tracepoints are `sys_enter_NAME` and `sys_exit_NAME`. They are called after the
 * kernel's function, so that `newstat` is stat(2), and `stat` one that 64-bit programs cannot call: undefined.
 */
export function tracedSyscallNumber(machine: Machine, name: string): number | undefined {
  if (Object.hasOwn(FUNCTIONS, name)) return undefined
  const call = Object.keys(FUNCTIONS).find(key => FUNCTIONS[key] === name)
  return syscallNumber(machine, ABI_NATIVE, call ?? name)
}
