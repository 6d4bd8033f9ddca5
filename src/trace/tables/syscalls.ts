// System calls by machine and ABI: number to name, name to number, and the C declarations of the arguments.
import { ABI_COMPAT } from '../record.ts'
import {
  SYSCALL_ARGUMENTS,
  SYSCALL_ARGUMENTS_AARCH64,
  SYSCALL_ARGUMENTS_I386,
} from './arguments.generated.ts'
import { SYSCALLS_AARCH64, SYSCALLS_I386, SYSCALLS_X86_64 } from './syscalls.generated.ts'

/** The kernel's own word for the machine, as `uname -m` says it. */
export type Machine = 'x86_64' | 'aarch64'

export interface SyscallArgument {
  readonly name: string
  /** C type without attributes: `const char *`, `unsigned int` */
  readonly type: string
}

/**
 * Names by number; '' is a hole. `abi` is an ABI_* of record.ts.
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

/** Names and C types of a call's arguments; undefined when no source declares them (calls never implemented). */
export function syscallArguments(
  machine: Machine,
  abi: number,
  name: string,
): readonly SyscallArgument[] | undefined {
  const special = abi === ABI_COMPAT ? SYSCALL_ARGUMENTS_I386 : SYSCALL_ARGUMENTS_AARCH64
  const own = abi === ABI_COMPAT || machine === 'aarch64'
  const list = (own ? declaration(special, name) : undefined) ?? declaration(SYSCALL_ARGUMENTS, name)
  if (list === undefined) return undefined
  return list === '' ? [] : list.split(', ').map(parseArgument)
}

/** What stands in the parentheses behind `name` at the start of a line. */
function declaration(table: string, name: string): string | undefined {
  const at = table.indexOf(`\n${name}(`)
  return at === -1 ? undefined : table.slice(at + name.length + 2, table.indexOf(')\n', at))
}

function parseArgument(declaration: string): SyscallArgument {
  const end = Math.max(declaration.lastIndexOf(' '), declaration.lastIndexOf('*')) + 1
  return { name: declaration.slice(end), type: declaration.slice(0, end).trimEnd() }
}
