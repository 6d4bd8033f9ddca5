// Starting a program so that it finds what it would find if whoever called us had started it: Node ignores SIGPIPE
// and SIGXFSZ, resets other dispositions, marks inherited descriptors close-on-exec and raises RLIMIT_NOFILE; a
// child made by node:child_process inherits some of that. This one inherits what is asked for, and nothing else.

import { allocate, cString, LITTLE_ENDIAN, type Memory, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'
import {
  getResourceLimit,
  overrideSignalAction,
  type ResourceLimit,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
  setResourceLimit,
} from './process.ts'

/** NSIG - 1: signals are 1 … 64, 32 and 33 being the C library's own */
const SIGNAL_MAX = 64
const SIGSET_BYTES = 128

const POSIX_SPAWN_SETPGROUP = 2
const POSIX_SPAWN_SETSIGDEF = 4
const POSIX_SPAWN_SETSIGMASK = 8

export interface SpawnOptions {
  /** the file to run: no search in PATH, no shell for a script without `#!` (-ENOEXEC) */
  readonly path: string | Uint8Array
  readonly argv: readonly (string | Uint8Array)[]
  /** "NAME=value" each, as in /proc/self/environ */
  readonly env: readonly (string | Uint8Array)[]
  readonly cwd?: string | Uint8Array
  /** descriptors the child has under the same numbers; 0, 1 and 2 unless told */
  readonly keepFds?: readonly number[]
  /** descriptors closed in the child although they are inheritable */
  readonly closeFds?: readonly number[]
  /** signals the child ignores; every other one starts with its default action */
  readonly ignoredSignals?: readonly number[]
  /** signals the child blocks; none unless told */
  readonly blockedSignals?: readonly number[]
  /** process group: 0 for a new one, a number for an existing one; ours unless told */
  readonly pgroup?: number
  /** soft limit of open files for the child (Node has raised ours to the hard limit) */
  readonly softNofile?: number
  /** limit of locked memory for the child, where ours was lifted to load programs */
  readonly memlock?: ResourceLimit
}

/**
 * The child's pid, or -errno: of execve (ENOENT, EACCES, ENOEXEC …), chdir (ENOENT) or clone (EAGAIN). When this
 * returns a pid the program has replaced the child: its execve has succeeded.
 */
export const spawnProcess = (options: SpawnOptions): number => {
  const path = cString(options.path)
  const cwd = options.cwd === undefined ? undefined : cString(options.cwd)
  const argv = stringArray(options.argv)
  const envp = stringArray(options.env)
  const ignored = options.ignoredSignals ?? []
  const signalDefault = signalSet(allSignals().filter(signal => !ignored.includes(signal)))
  const signalMask = signalSet(options.blockedSignals ?? [])
  const restore = [
    ...ignored.map(signal => overrideSignalAction(signal, 'ignore')),
    options.softNofile === undefined ? () => {} : overrideSoftNofile(options.softNofile),
    options.memlock === undefined ? () => {} : overrideMemlock(options.memlock),
  ]
  const pid = linux().spawn({
    path: linux().address(path),
    argv: argv.address,
    envp: envp.address,
    cwd: cwd === undefined ? 0 : linux().address(cwd),
    keepFds: options.keepFds ?? [0, 1, 2],
    closeFds: options.closeFds ?? [],
    flags:
      POSIX_SPAWN_SETSIGDEF |
      POSIX_SPAWN_SETSIGMASK |
      (options.pgroup === undefined ? 0 : POSIX_SPAWN_SETPGROUP),
    signalDefault: signalDefault.address,
    signalMask: signalMask.address,
    pgroup: options.pgroup ?? 0,
  })
  for (const undo of restore) undo()
  keepAlive(path, cwd, argv, envp, signalDefault, signalMask)
  return pid
}

const allSignals = (): number[] => Array.from({ length: SIGNAL_MAX }, (_, i) => i + 1)

/** char *[]: the pointers with their NULL first, the strings behind them, in one block. */
const stringArray = (strings: readonly (string | Uint8Array)[]): Memory => {
  const encoded = strings.map(cString)
  const pointers = (encoded.length + 1) * 8
  const memory = allocate(encoded.reduce((sum, s) => sum + s.length, pointers))
  let at = pointers
  for (const [i, s] of encoded.entries()) {
    setU64(memory.data, i * 8, memory.address + at)
    memory.bytes.set(s, at)
    at += s.length
  }
  return memory
}

/** sigset_t: signal n is bit n - 1 of an array of unsigned long */
const signalSet = (signals: readonly number[]): Memory => {
  const memory = allocate(SIGSET_BYTES)
  for (const signal of signals) {
    const byte = (signal - 1) >> 3
    memory.bytes[LITTLE_ENDIAN ? byte : byte ^ 7]! |= 1 << ((signal - 1) & 7)
  }
  return memory
}

const overrideMemlock = (limit: ResourceLimit): (() => void) => {
  const before = getResourceLimit(0, RLIMIT_MEMLOCK)
  if (typeof before === 'number') return () => {}
  setResourceLimit(0, RLIMIT_MEMLOCK, limit)
  return () => {
    // raising it again takes CAP_SYS_RESOURCE, as lifting it did
    setResourceLimit(0, RLIMIT_MEMLOCK, before)
  }
}

const overrideSoftNofile = (soft: number): (() => void) => {
  const before = getResourceLimit(0, RLIMIT_NOFILE)
  if (typeof before === 'number' || soft > before.hard) return () => {}
  setResourceLimit(0, RLIMIT_NOFILE, { soft, hard: before.hard })
  return () => {
    setResourceLimit(0, RLIMIT_NOFILE, before)
  }
}
