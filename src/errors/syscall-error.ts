// A system call that failed when it should not have: which call, which errno, what it was for, what to do next.

import { errno, errnoMessage, errnoName } from './errno.ts'
import { BeetraceError } from './errors.ts'

/** Linux capabilities our calls may lack (include/uapi/linux/capability.h). */
export type CapabilityName =
  | 'CAP_BPF'
  | 'CAP_PERFMON'
  | 'CAP_NET_ADMIN'
  | 'CAP_SYS_ADMIN'
  | 'CAP_SYS_PTRACE'
  | 'CAP_SYS_RESOURCE'
  | 'CAP_KILL'

export interface SyscallErrorOptions {
  /** capabilities that would have allowed the call: named in the hint when the answer is EPERM or EACCES */
  readonly capabilities?: readonly CapabilityName[]
  /** a next step known by the caller; replaces the general hint */
  readonly hint?: string
  readonly cause?: unknown
}

/** `errno` is positive. Message: `create map "events": operation not permitted (EPERM): run as root …` */
export class SyscallError extends BeetraceError {
  /** name of the call, with its command where it has one: "bpf(BPF_MAP_CREATE)" */
  readonly syscall: string
  readonly errno: number
  readonly errnoName: string
  /** what was asked, in the caller's words: `create map "events"` */
  readonly action: string
  readonly hint: string | undefined

  constructor(syscall: string, errnoNumber: number, action: string, options: SyscallErrorOptions = {}) {
    const number = Math.abs(errnoNumber)
    const name = errnoName(number)
    const hint = options.hint ?? permissionHint(number, options.capabilities ?? [])
    const what = `${action}: ${errnoMessage(number)} (${name} from ${syscall})`
    super(name, hint === undefined ? what : `${what}: ${hint}`, { cause: options.cause })
    this.syscall = syscall
    this.errno = number
    this.errnoName = name
    this.action = action
    this.hint = hint
  }
}

/**
 * "run as root or with CAP_BPF and CAP_PERFMON", when a refusal for lack of privilege is what the number says.
 * CAP_SYS_ADMIN stands in for CAP_BPF and CAP_PERFMON, and is alone on kernels before 5.8.
 */
export const permissionHint = (
  errnoNumber: number,
  capabilities: readonly CapabilityName[],
): string | undefined => {
  if (errnoNumber !== errno.EPERM && errnoNumber !== errno.EACCES) return undefined
  if (capabilities.length === 0) return undefined
  return `run as root, or with ${capabilities.join(' and ')}`
}
