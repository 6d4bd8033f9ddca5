// The running kernel's own type information.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Btf, parseBtf } from '../btf/index.ts'
import { BeetraceError, NotSupportedError } from '../errors/index.ts'

export const VMLINUX_BTF_PATH = '/sys/kernel/btf/vmlinux'

let cached: Btf | undefined

/**
 * The kernel's types, read once in the life of this process: they are fixed when a kernel is built. Reading costs
 * some 5 ms and 5 to 10 MB; types are parsed as they are asked for.
 *
 * @throws NotSupportedError when the kernel has no BTF; BeetraceError `BTF_UNREADABLE` when it may not be read;
 *   BtfError when it is damaged
 */
export function vmlinuxBtf(): Btf {
  return (cached ??= parseBtf(readSync()))
}

/** Whether there are kernel types to read; says nothing about whether this process may. */
export function hasVmlinuxBtf(): boolean {
  if (cached !== undefined) return true
  try {
    cached = vmlinuxBtf()
    return true
  } catch (error) {
    if (error instanceof NotSupportedError) return false
    throw error
  }
}

/** The same, read in a thread of Node's pool. */
export async function readVmlinuxBtf(): Promise<Btf> {
  return (cached ??= parseBtf(await readFile(VMLINUX_BTF_PATH).catch(unreadable)))
}

function readSync(): Uint8Array {
  try {
    return readFileSync(VMLINUX_BTF_PATH)
  } catch (cause) {
    return unreadable(cause)
  }
}

function unreadable(cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT')
    throw new NotSupportedError('kernel BTF', {
      since: '5.4',
      reason:
        `there is no ${VMLINUX_BTF_PATH}: the kernel was built without CONFIG_DEBUG_INFO_BTF ` +
        '(stock kernels of Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it), or sysfs is not mounted',
      cause,
    })
  throw new BeetraceError('BTF_UNREADABLE', `cannot read ${VMLINUX_BTF_PATH} (${code})`, { cause })
}
