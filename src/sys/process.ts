// Processes: wait for them, signal them, and end this one the way a traced program ended.

import { allocate, cString, getU64, LITTLE_ENDIAN, setU64 } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

const PTRACE_DETACH = 17
const PTRACE_SEIZE = 0x4206
const PTRACE_O_EXITKILL = 0x100000
const PR_SET_NAME = 15
const P_PID = 1
const P_PIDFD = 3
const WNOHANG = 1
const WEXITED = 4
const RLIMIT_CORE = 4
export const RLIMIT_NOFILE = 7
export const RLIMIT_MEMLOCK = 8
const SIG_UNBLOCK = 1
/** struct sigaction of the kernel: handler, flags, restorer (not on riscv64, where it is shorter), mask */
const SIGACTION_BYTES = 32
const SIGSET_BYTES = 8
const SIGINFO_BYTES = 128

/** A descriptor that is readable once the process has ended (close-on-exec), or -errno. Linux 5.3. */
export const pidfdOpen = (pid: number): number => linux().pidfdOpen(pid, 0)

export const pidfdSendSignal = (pidfd: number, signal: number): number =>
  linux().pidfdSendSignal(pidfd, signal)

export const killProcess = (pid: number, signal: number): number => linux().kill(pid, signal)

export const killThread = (tgid: number, tid: number, signal: number): number =>
  linux().tgkill(tgid, tid, signal)

/**
 * Binds the life of a stopped process to ours: it dies with us, even of SIGKILL. Undone by `releaseProcess`, from the
 * same thread. -errno where the kernel or a policy forbids it. ptrace(2), PTRACE_O_EXITKILL.
 */
export const bindProcess = (pid: number): number => linux().ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL)

/** Undoes `bindProcess`: the process stays stopped. */
export const releaseProcess = (pid: number): number => linux().ptrace(PTRACE_DETACH, pid, 0, 0)

/** Names this process (its first thread) in `comm`; at most 15 bytes count. prctl(2), PR_SET_NAME. */
export const setProcessName = (name: string): void => {
  const text = cString(name)
  linux().prctl(PR_SET_NAME, linux().address(text), 0, 0, 0)
  keepAlive(text)
}

/** How a child ended. */
export interface ChildExit {
  readonly pid: number
  /** exit status, when it exited by itself */
  readonly exitCode?: number
  /** signal number, when one killed it */
  readonly signal?: number
  readonly coreDumped?: boolean
}

/**
 * Reaps a child that has ended: `undefined` while it runs, -errno (ECHILD: not ours, or reaped) on failure. Never
 * blocks.
 */
export const waitChild = (
  which: { readonly pid: number } | { readonly pidfd: number },
): ChildExit | undefined | number => {
  const info = allocate(SIGINFO_BYTES)
  const [idType, id] = 'pid' in which ? [P_PID, which.pid] : [P_PIDFD, which.pidfd]
  const result = linux().waitid(idType, id, info.address, WEXITED | WNOHANG)
  keepAlive(info)
  if (result < 0) return result
  // siginfo_t of SIGCHLD on 64-bit: 8 si_code, 16 si_pid, 20 si_uid, 24 si_status; all 0 when nothing ended
  const pid = info.data.getInt32(16, LITTLE_ENDIAN)
  if (pid === 0) return undefined
  const status = info.data.getInt32(24, LITTLE_ENDIAN)
  switch (info.data.getInt32(8, LITTLE_ENDIAN)) {
    case 1: // CLD_EXITED
      return { pid, exitCode: status }
    case 3: // CLD_DUMPED
      return { pid, signal: status, coreDumped: true }
    default:
      return { pid, signal: status }
  }
}

export interface ResourceLimit {
  /** Infinity for RLIM_INFINITY */
  readonly soft: number
  readonly hard: number
}

/** Reads a limit of a process (0: this one); -errno on failure. */
export const getResourceLimit = (pid: number, resource: number): ResourceLimit | number => {
  const old = allocate(16)
  const result = linux().prlimit(pid, resource, 0, old.address)
  keepAlive(old)
  if (result < 0) return result
  return { soft: readLimit(old.data, 0), hard: readLimit(old.data, 8) }
}

export const setResourceLimit = (pid: number, resource: number, limit: ResourceLimit): number => {
  const next = allocate(16)
  writeLimit(next.data, 0, limit.soft)
  writeLimit(next.data, 8, limit.hard)
  const result = linux().prlimit(pid, resource, next.address, 0)
  keepAlive(next)
  return result
}

const readLimit = (data: DataView, offset: number): number => {
  const value = getU64(data, offset)
  return value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value
}

const writeLimit = (data: DataView, offset: number, value: number): void => {
  if (value === Number.POSITIVE_INFINITY) data.setBigUint64(offset, 0xffff_ffff_ffff_ffffn, LITTLE_ENDIAN)
  else setU64(data, offset, value)
}

/** What a signal does to this process, replaced until `restore` is called. For use around a spawn. */
export const overrideSignalAction = (signal: number, action: 'default' | 'ignore'): (() => void) => {
  const old = allocate(SIGACTION_BYTES)
  const next = allocate(SIGACTION_BYTES)
  setU64(next.data, 0, action === 'ignore' ? 1 : 0)
  const changed = linux().rtSigaction(signal, next.address, old.address) === 0
  keepAlive(next)
  return () => {
    if (changed) linux().rtSigaction(signal, old.address, 0)
    keepAlive(old)
  }
}

/** Ends this process at once (exit_group): no handlers, no output flushed, no terminal modes put back by Node. */
export const exitNow = (status: number): never => {
  linux().exitGroup(status)
  throw new Error('exit_group returned')
}

/**
 * Ends this process by a signal, as a traced program ended, so that whoever waits for us sees the same. No core is
 * dumped: it would be ours. Falls back to the shell's 128 + n where the signal does not kill.
 */
export const dieBySignal = (signal: number): never => {
  setResourceLimit(0, RLIMIT_CORE, { soft: 0, hard: 0 })
  overrideSignalAction(signal, 'default')
  const set = allocate(SIGSET_BYTES)
  const bit = signal - 1
  set.bytes[LITTLE_ENDIAN ? bit >> 3 : 7 - (bit >> 3)] = 1 << (bit & 7)
  linux().rtSigprocmask(SIG_UNBLOCK, set.address, 0)
  keepAlive(set)
  // to this very thread: the signal is taken before the call returns
  linux().tgkill(process.pid, linux().gettid(), signal)
  return exitNow(128 + signal)
}

/** Effective user id. */
export const geteuid = (): number => linux().geteuid()

/** Effective capabilities as a bit mask of this thread; -errno on failure. */
export const effectiveCapabilities = (): bigint | number => {
  const header = allocate(8)
  const data = allocate(24)
  header.data.setUint32(0, 0x20080522, LITTLE_ENDIAN) // _LINUX_CAPABILITY_VERSION_3
  const result = linux().capget(header.address, data.address)
  keepAlive(header, data)
  if (result < 0) return result
  const low = BigInt(data.data.getUint32(0, LITTLE_ENDIAN))
  return low | (BigInt(data.data.getUint32(12, LITTLE_ENDIAN)) << 32n)
}
