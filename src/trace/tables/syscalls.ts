// The C declarations of system calls' arguments, by machine and ABI.
import type { Machine } from '../../kernel/uapi/machine.ts'
import { ABI_COMPAT } from '../record.ts'
import {
  SYSCALL_ARGUMENTS,
  SYSCALL_ARGUMENTS_AARCH64,
  SYSCALL_ARGUMENTS_I386,
} from './arguments.generated.ts'

export interface SyscallArgument {
  readonly name: string
  /** C type without attributes: `const char *`, `unsigned int` */
  readonly type: string
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
