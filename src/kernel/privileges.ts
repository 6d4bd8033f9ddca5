// What this process may do: its capabilities and the system's switches for BPF, perf and lockdown.

import { readFileSync } from 'node:fs'
import { PrivilegeError } from '../errors/privilege-error.ts'
import { type Capability, missingCapabilities, parseCapabilityMask } from './capability.ts'

/** The state of this process and of the system's switches at one moment. */
export interface Privileges {
  /** effective user id */
  readonly euid: number
  /** effective capabilities */
  readonly capabilities: ReadonlySet<Capability>
  /** whether capabilities count system-wide; in a user namespace of a container bpf(2) ignores them */
  readonly initialUserNamespace: boolean
  /** `kernel.unprivileged_bpf_disabled`: 0 allowed, 1 forbidden until reboot, 2 forbidden; undefined: no bpf(2) */
  readonly unprivilegedBpfDisabled: number | undefined
  /** `kernel.perf_event_paranoid`: -1 everything to everyone … 3 (Debian) nothing; undefined: no perf events */
  readonly perfEventParanoid: number | undefined
  /** the kernel's lockdown; undefined when unknown (not built in, or securityfs not mounted) */
  readonly lockdown: Lockdown | undefined
}

export type Lockdown = 'none' | 'integrity' | 'confidentiality'

/** Reads the privileges of this process as they are now; a few small files. */
export function readPrivileges(): Privileges {
  return {
    ...readHeld(),
    unprivilegedBpfDisabled: readNumber('/proc/sys/kernel/unprivileged_bpf_disabled'),
    perfEventParanoid: readNumber('/proc/sys/kernel/perf_event_paranoid'),
    lockdown: parseLockdown(read('/sys/kernel/security/lockdown') ?? ''),
  }
}

/** What the process holds, without the system's switches. */
export type HeldPrivileges = Pick<Privileges, 'euid' | 'capabilities' | 'initialUserNamespace'>

function readHeld(): HeldPrivileges {
  return {
    euid: process.geteuid?.() ?? -1,
    capabilities: parseCapabilityMask(
      /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0',
    ),
    initialUserNamespace: isWholeIdMap(read('/proc/self/uid_map') ?? ''),
  }
}

/** What tracing needs: creating maps and programs, and reading kernel memory and perf events. */
export const TRACING_CAPABILITIES: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON']

/**
 * Asks, before anything else fails less clearly, whether this process can do what it wants.
 *
 * @param action what is wanted, to follow "cannot": `trace system calls`
 * @throws PrivilegeError naming the missing capabilities and how to run instead
 */
export function checkPrivileges(
  action: string,
  needed: readonly Capability[] = TRACING_CAPABILITIES,
  privileges: HeldPrivileges = readHeld(),
): void {
  const missing = missingCapabilities(privileges.capabilities, needed)
  if (missing.length > 0) throw new PrivilegeError(action, missing, howToGet(missing, privileges))
  if (!privileges.initialUserNamespace)
    throw new PrivilegeError(
      action,
      needed,
      'the capabilities of this user namespace do not count for the kernel; ' +
        'run outside of it, or in a container that shares the host user namespace',
    )
}

/**
 * What to make of a refusal for lack of privilege (EPERM) when nothing of what is `needed` is missing; undefined when something
 * is.
 */
export function whyForbidden(
  needed: readonly Capability[],
  privileges: Pick<Privileges, 'capabilities' | 'initialUserNamespace' | 'lockdown'> = readPrivileges(),
): string | undefined {
  const { capabilities, initialUserNamespace, lockdown } = privileges
  if (!initialUserNamespace || missingCapabilities(capabilities, needed).length > 0) return undefined
  const locked = lockdown === undefined || lockdown === 'none' ? '' : `lockdown (${lockdown}), `
  return `this process has ${needed.join(' and ')}: the machine forbids it to everybody, by ${locked}a security module or seccomp`
}

/** The next step for a person at a shell. Root without a capability had it taken away by a container. */
function howToGet(missing: readonly Capability[], { euid }: HeldPrivileges): string {
  const names = missing.map(cap => cap.slice(4))
  if (euid === 0)
    return `root was deprived of it, as containers do; start the container with ${names.map(n => `--cap-add ${n}`).join(' ')} or --privileged`
  const flags = missing.map(cap => cap.toLowerCase()).join(',')
  return `run as root (sudo), or allow it for good with \`sudo setcap ${flags}+ep ${process.execPath}\``
}

/** The map of the initial user namespace covers all ids: `0 0 4294967295`. */
export function isWholeIdMap(text: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(text)
}

/** `none [integrity] confidentiality`: the one in brackets is on. */
export function parseLockdown(text: string): Lockdown | undefined {
  const mode = /\[(none|integrity|confidentiality)\]/.exec(text)?.[1]
  return mode as Lockdown | undefined
}

function readNumber(path: string): number | undefined {
  const text = read(path)?.trim()
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // Not built into this kernel, not mounted or not for us to see: the answer is "unknown".
    if (['ENOENT', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
