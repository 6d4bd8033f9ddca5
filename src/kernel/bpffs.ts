// The BPF file system, in which pinned objects outlive the process that made them.

import { statSync } from 'node:fs'
import { NotSupportedError } from '../errors/index.ts'
import { mountSpecial } from './mount-special.ts'
import { findMount, readMounts } from './mounts.ts'

/** Where the kernel keeps a directory for it, and where every tool looks. */
export const BPFFS_PATH = '/sys/fs/bpf'

/** Where a bpffs is mounted, the usual place first; undefined when nowhere. */
export function findBpfFs(): string | undefined {
  return findMount(readMounts(), 'bpf', [BPFFS_PATH])
}

/**
 * The path of a bpffs: found, or mounted at /sys/fs/bpf, where it stays for everyone.
 * @throws NotSupportedError when the kernel has none; SyscallError naming the command to run when it is refused
 */
export function openBpfFs(): string {
  const found = findBpfFs()
  if (found !== undefined) return found
  if (!statSync(BPFFS_PATH, { throwIfNoEntry: false })?.isDirectory())
    throw new NotSupportedError('the BPF file system', {
      reason: `there is no ${BPFFS_PATH}: the kernel was built without CONFIG_BPF_SYSCALL, or sysfs is not mounted`,
    })
  mountSpecial({ fsType: 'bpf', path: BPFFS_PATH, option: 'CONFIG_BPF_SYSCALL' })
  return BPFFS_PATH
}
