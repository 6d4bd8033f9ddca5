// Which tables a machine's system calls are looked up in.

import { NotSupportedError } from '../../errors/index.ts'

/** The kernel's own word for the machine, as `uname -m` says it. */
export type Machine = 'x86_64' | 'aarch64'

/** The tables for `process.arch`. Throws NotSupportedError where there are none. */
export function machineOf(arch: string): Machine {
  if (arch === 'x64') return 'x86_64'
  if (arch === 'arm64') return 'aarch64'
  throw new NotSupportedError(`tracing system calls on ${arch}`, {
    reason: 'there are tables for x64 and arm64 only',
  })
}
