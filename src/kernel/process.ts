// Processes as /proc shows them: what attaching to one needs to know, and why one cannot be traced.

import { openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { ProcessError } from '../errors/process-error.ts'
import { readPrivileges } from './privileges.ts'

/** One process or thread at one moment. */
export interface ProcessStatus {
  /** the id asked for: of a process, or of one of its threads */
  readonly pid: number
  /** the process that a thread belongs to (`Tgid`); equal to `pid` for a process */
  readonly tgid: number
  readonly parentPid: number
  /** at most 15 bytes, as set by exec or prctl(PR_SET_NAME); any byte but NUL may be in it */
  readonly comm: string
  /** `R` running, `S` sleeping, `T` stopped, `t` stopped by a tracer, `Z` ended and not yet waited for … */
  readonly state: string
  readonly realUid: number
  readonly effectiveUid: number
  /** its ids from our pid namespace inwards to its own (`NSpid`); more than one entry: it is in a container */
  readonly namespacePids: readonly number[]
  readonly threadCount: number
  /** who ptraces it, 0 for nobody */
  readonly tracerPid: number
  readonly kernelThread: boolean
  /** clock ticks since boot at which it started: with `pid`, what tells it from a later process of the same id */
  readonly startTicks: number
}

/**
 * Reads what /proc says of a process or thread; undefined when there is none (any more), or none that this
 * process is allowed to see.
 */
export function readProcess(pid: number): ProcessStatus | undefined {
  const stat = readProc(pid, 'stat')
  const status = readProc(pid, 'status')
  return stat === undefined || status === undefined ? undefined : parseProcess(pid, stat, status)
}

/**
 * /proc/PID/stat and /proc/PID/status (proc_pid_stat(5), proc_pid_status(5)) in one; undefined when either lacks
 * what every kernel prints.
 */
export function parseProcess(pid: number, stat: string, status: string): ProcessStatus | undefined {
  // The name stands in parentheses and may hold parentheses, blanks and newlines: the last one closes it.
  const open = stat.indexOf('(')
  const close = stat.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const fields = stat.slice(close + 2).split(' ') // fields[0] is field 3 of the manual, the state
  const numbers = (key: string) =>
    (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number)
  const uids = numbers('Uid')
  const tgid = numbers('Tgid')[0]
  if (fields.length < 20 || uids.length < 2 || tgid === undefined) return undefined
  const namespacePids = numbers('NSpid')
  return {
    pid,
    tgid,
    parentPid: Number(fields[1]),
    comm: stat.slice(open + 1, close),
    state: fields[0]!,
    realUid: uids[0]!,
    effectiveUid: uids[1]!,
    namespacePids: namespacePids.length > 0 ? namespacePids : [pid],
    threadCount: Number(fields[17]),
    tracerPid: numbers('TracerPid')[0] ?? 0,
    kernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    startTicks: Number(fields[19]),
  }
}

/** include/linux/sched.h; shown in field 9 of stat on every kernel, where `Kthread:` of status is new in 6.10 */
const PF_KTHREAD = 0x00200000

/**
 * The status of a process that this one may trace. The rule is ptrace's: one's own processes, or any with
 * CAP_SYS_PTRACE; what a tracer prints comes out of the other's memory and files.
 *
 * @throws ProcessError `PROCESS_ID`, `PROCESS_GONE`, `PROCESS_FOREIGN`, `PROCESS_KERNEL_THREAD`
 */
export function requireTraceable(pid: number): ProcessStatus {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid > PID_MAX)
    throw new ProcessError('PROCESS_ID', pid, `${pid} is not a process id (1 to ${PID_MAX})`)
  const found = readProcess(pid)
  if (found === undefined) throw existsUnseen(pid) ? foreign(pid, '') : gone(pid, 'there is no such process')
  if (found.state === 'Z' || found.state === 'X') throw gone(pid, 'it has ended')
  if (found.kernelThread)
    throw new ProcessError(
      'PROCESS_KERNEL_THREAD',
      pid,
      `cannot trace process ${pid} (${found.comm}): it is a thread of the kernel and makes no system calls`,
    )
  const euid = process.geteuid?.()
  const own = found.realUid === euid && found.effectiveUid === euid
  if (!own && !readPrivileges().capabilities.has('CAP_SYS_PTRACE'))
    throw foreign(pid, ` (${found.comm}, user ${found.effectiveUid})`)
  return found
}

/** Ids of the threads of a process, itself among them, ascending; empty when it is gone. */
export function threadIds(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** Whether a process or thread has ended, waited for or not. */
export function hasEnded(tid: number): boolean {
  try {
    process.kill(tid, 0) // takes threads as well
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  if (!isProcOfOwnNamespace()) return false
  const stat = readProc(tid, 'stat') ?? ''
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}

/** The path of the program a process runs (` (deleted)` at the end if it was unlinked); undefined when unknown. */
export function processExe(pid: number): string | undefined {
  return readProcLink(pid, 'exe')
}

/** What a descriptor of a thread refers to (-100, AT_FDCWD: its working directory); undefined when it is closed. */
export function descriptorTarget(tid: number, fd: number): string | undefined {
  return readProcLink(tid, fd === -100 ? 'cwd' : `fd/${fd}`)
}

/**
 * The call a thread is blocked in, from /proc/PID/task/TID/syscall: `0 0x3 0x7f… … SP PC`, `running`, or `-1 SP PC`
 * when it is stopped outside of a call; undefined then, and when it is not ours to see.
 */
export function blockedCall(tgid: number, tid: number): { nr: number; args: bigint[] } | undefined {
  const words = readProc(tgid, `task/${tid}/syscall`)?.trim().split(' ') ?? []
  if (words.length !== 9 || !/^\d+$/.test(words[0]!)) return undefined
  return { nr: Number(words[0]), args: words.slice(1, 7).map(BigInt) }
}

/** The working directory of a process; undefined when it is gone or not ours to see. */
export function processCwd(pid: number): string | undefined {
  return readProcLink(pid, 'cwd')
}

/**
 * Whether the ids this process sees are the ones the kernel's `bpf_get_current_pid_tgid` gives: those of the
 * initial pid namespace. In another (a container) a program must use `bpf_get_ns_current_pid_tgid`.
 */
export function isInitialPidNamespace(): boolean {
  return readlinkSync('/proc/self/ns/pid') === `pid:[${PROC_PID_INIT_INO}]`
}

/** Our pid namespace as bpf_get_ns_current_pid_tgid wants it named; undefined in the initial one. */
export function ownPidNamespace(): { readonly dev: bigint; readonly ino: bigint } | undefined {
  if (isInitialPidNamespace()) return undefined
  const { dev, ino } = statSync('/proc/self/ns/pid', { bigint: true })
  return { dev, ino }
}

/** Whether /proc shows the ids of our own pid namespace: `unshare --pid` without `--mount-proc` leaves another's. */
export function isProcOfOwnNamespace(): boolean {
  return readlinkSync('/proc/self') === `${process.pid}`
}

/**
 * A descriptor of /proc/PID, or of /proc/PID/task/TID, for the caller to close: what stands for that process or
 * thread in the kernel. Undefined when there is none.
 */
export function openProcessFolder(pid: number | 'self', tid?: number): number | undefined {
  try {
    return openSync(tid === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${tid}`, 'r')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** include/linux/proc_ns.h */
const PROC_PID_INIT_INO = 0xeffffffc

/** PID_MAX_LIMIT of a 64-bit kernel (include/linux/threads.h) */
const PID_MAX = 4 * 1024 * 1024

function gone(pid: number, why: string): ProcessError {
  return new ProcessError('PROCESS_GONE', pid, `cannot trace process ${pid}: ${why}`)
}

function foreign(pid: number, who: string): ProcessError {
  const what = `cannot trace process ${pid}${who}: it belongs to another user`
  return new ProcessError('PROCESS_FOREIGN', pid, `${what}: run as root or with CAP_SYS_PTRACE`)
}

/** With `hidepid` /proc shows nothing of others' processes, but a signal that is none still tells that one exists. */
function existsUnseen(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

function readProcLink(pid: number, link: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${link}`)
  } catch {
    return undefined
  }
}

/** No directory (ENOENT), or it went away between open and read (ESRCH); EACCES with `hidepid=1`. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
}
