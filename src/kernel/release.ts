// The version of a kernel: parsed from `uname -r`, compared part by part.

import { release } from 'node:os'
import { BeetraceError } from '../errors/errors.ts'

/** A kernel version. `text` is what was parsed, the distribution's suffix included. */
export interface KernelRelease {
  readonly major: number
  readonly minor: number
  readonly patch: number
  readonly text: string
}

/**
 * The running kernel's release, from uname(2). A personality of UNAME26 or a container runtime can lie here,
 * so nothing is decided by version where a probe can ask the kernel; the version serves messages.
 */
export function kernelRelease(): KernelRelease {
  return parseRelease(release())
}

/**
 * `6.1.0-28-amd64`, `5.10`, `7.2-rc3` → numbers; a missing minor or patch is 0.
 * @throws BeetraceError `KERNEL_RELEASE` when the text does not start with a number
 */
export function parseRelease(text: string): KernelRelease {
  const m = /^(\d{1,5})(?:\.(\d{1,5}))?(?:\.(\d{1,5}))?(?!\d)/.exec(text)
  if (m === null)
    throw new BeetraceError('KERNEL_RELEASE', `kernel release "${text}" does not start with a version`)
  return { major: Number(m[1]), minor: Number(m[2] ?? 0), patch: Number(m[3] ?? 0), text }
}

/** Negative when `a` is older than `b`, 0 when equal, positive when newer; suffixes do not count. */
export function compareReleases(a: KernelRelease, b: KernelRelease): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/** Whether `kernel` is `version` (`"5.15"`) or newer. */
export function isAtLeast(kernel: KernelRelease, version: string): boolean {
  return compareReleases(kernel, parseRelease(version)) >= 0
}
