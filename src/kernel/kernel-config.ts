// The configuration that the running kernel was built with.

import { readFileSync } from 'node:fs'
import { release, version } from 'node:os'
import { gunzipSync } from 'node:zlib'
import { kernelRelease } from './release.ts'

/** No kernel's configuration is larger; a compressed file can promise anything. */
const CONFIG_BYTES_MAX = 16 << 20

/** Text of lines `CONFIG_X=y`: from /proc/config.gz, else from /boot; undefined where there is neither. */
export function readKernelConfig(): string | undefined {
  try {
    return gunzipSync(readFileSync('/proc/config.gz'), { maxOutputLength: CONFIG_BYTES_MAX }).toString(
      'latin1',
    )
  } catch {
    // built without CONFIG_IKCONFIG_PROC
  }
  for (const path of [`/boot/config-${release()}`, `/lib/modules/${release()}/config`]) {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      // another distribution's way
    }
  }
  return undefined
}

/**
 * LINUX_VERSION_CODE: version << 16 | patch level << 8 | sublevel. Debian's release has no sublevel, which its version does, and
 * Ubuntu's is in a file of its own.
 */
export function linuxVersionCode(): number {
  const { major, minor, patch } = exactVersion()
  return (major << 16) | (minor << 8) | Math.min(patch, 255)
}

function exactVersion(): { major: number; minor: number; patch: number } {
  const debian = /Debian (\d+)\.(\d+)\.(\d+)/.exec(version())
  const ubuntu = debian === null ? /(\d+)\.(\d+)\.(\d+)\s*$/.exec(versionSignature()) : null
  const found = debian ?? ubuntu
  if (found === null) return kernelRelease()
  return { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3]) }
}

function versionSignature(): string {
  try {
    return readFileSync('/proc/version_signature', 'latin1')
  } catch {
    return ''
  }
}
