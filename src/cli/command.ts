// Finds the program a command names, the way execvp(3) and a shell do, before anything is spawned: so the
// traced program makes one execve, and a wrong name is reported without a trace around it.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { BeetraceError, errnoName } from '../errors/index.ts'

/** A command that cannot be run. `exitStatus` is what a shell would exit with: 127 not found, 126 not executable. */
export class CommandError extends BeetraceError {
  readonly exitStatus: number
  constructor(message: string, exitStatus: number) {
    super('COMMAND', message)
    this.exitStatus = exitStatus
  }
}

/**
 * The path to execute for `command`: itself when it has a slash, else the first executable of that name in the
 * directories of `path` (empty parts mean the current directory). Throws CommandError.
 */
export function findExecutable(command: string, path: string | undefined): string {
  if (command === '') throw new CommandError('the command is empty; name a program to run', 127)
  if (command.includes('/')) {
    const why = refusal(command)
    if (why === undefined) return command
    throw new CommandError(`cannot run '${command}': ${why.text}`, why.exitStatus)
  }
  let found: { file: string; why: Refusal } | undefined
  for (const dir of (path ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter)) {
    const file = join(dir === '' ? '.' : dir, command)
    const why = refusal(file)
    if (why === undefined) return dir === '' ? `./${command}` : file
    if (why.exitStatus === 126) found ??= { file, why }
  }
  if (found) throw new CommandError(`cannot run '${found.file}': ${found.why.text}`, 126)
  throw new CommandError(`cannot find '${command}' in PATH`, 127)
}

interface Refusal {
  readonly text: string
  readonly exitStatus: number
}

function refusal(file: string): Refusal | undefined {
  try {
    const stat = statSync(file)
    if (stat.isDirectory()) return { text: 'it is a directory', exitStatus: 126 }
    accessSync(file, constants.X_OK)
    return undefined
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EACCES') return { text: 'permission denied (is it executable? chmod +x)', exitStatus: 126 }
    if (code === 'ENOENT' || code === 'ENOTDIR') return { text: 'no such file', exitStatus: 127 }
    return { text: String(code ?? error), exitStatus: 126 }
  }
}

const SPAWN_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'its interpreter or loader does not exist (ENOENT)',
  ENOEXEC: 'it is neither a program of this machine nor a script that starts with #! (ENOEXEC)',
  EACCES: 'permission denied (EACCES)',
  E2BIG: 'the arguments are too long (E2BIG)',
  ETXTBSY: 'somebody is writing to it (ETXTBSY)',
}

/** Why a file that looked executable was refused by execve. */
export function spawnFailure(path: string, errnoNumber: number): CommandError {
  const name = errnoName(errnoNumber)
  return new CommandError(
    `cannot run '${path}': ${SPAWN_FAILURES[name] ?? name}`,
    name === 'ENOENT' ? 127 : 126,
  )
}
