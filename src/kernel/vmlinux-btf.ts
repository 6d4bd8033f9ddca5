// The running kernel's own type information.

import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type Btf, parseBtf } from '../btf/index.ts'
import { BeetraceError, NotSupportedError } from '../errors/index.ts'
import { MAP_PRIVATE, mapMemory, PROT_READ } from '../sys/index.ts'
import { readBtfFile } from './btf-file.ts'

export const VMLINUX_BTF_PATH = '/sys/kernel/btf/vmlinux'

let cached: Btf | undefined

/**
 * The kernel's types, read once in the life of this process: they are fixed when a kernel is built. A kernel that does not show
 * them may have an image on disk that has them. Where they
 * cannot be mapped, reading costs some 10 ms and 5 to 10 MB; types are parsed as they are asked for.
 *
 * @throws NotSupportedError when the kernel has no BTF; BeetraceError `BTF_UNREADABLE` when it may not be read;
 *   BtfError when it is damaged
 */
export function vmlinuxBtf(): Btf {
  return (cached ??= existsSync(VMLINUX_BTF_PATH)
    ? parseBtf(read())
    : (btfOfImages(vmlinuxImages(release())) ?? parseBtf(read())))
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

/** Where distributions put the kernel's image with its types; the places and their order are libbpf's. */
export const vmlinuxImages = (release: string): string[] => [
  `/boot/vmlinux-${release}`,
  `/lib/modules/${release}/vmlinux-${release}`,
  `/lib/modules/${release}/build/vmlinux`,
  `/usr/lib/modules/${release}/kernel/vmlinux`,
  `/usr/lib/debug/boot/vmlinux-${release}`,
  `/usr/lib/debug/boot/vmlinux-${release}.debug`,
  `/usr/lib/debug/lib/modules/${release}/vmlinux`,
]

/** The types of the first of these that can be read and has some. */
export function btfOfImages(paths: readonly string[]): Btf | undefined {
  for (const path of paths) {
    try {
      return readBtfFile(path)
    } catch (error) {
      if (!(error instanceof BeetraceError)) throw error // not there, or without types
    }
  }
  return undefined
}

/** Mapped where the kernel can (Linux 6.16): a read gives a page at a time, which adds up to 10 ms. */
function read(): Uint8Array {
  try {
    return mapped() ?? readFileSync(VMLINUX_BTF_PATH)
  } catch (cause) {
    return unreadable(cause)
  }
}

/** The kernel maps it as private only. The mapping stays: what is parsed refers to it. */
function mapped(): Uint8Array | undefined {
  const fd = openSync(VMLINUX_BTF_PATH, 'r')
  try {
    const { buffer } = mapMemory(
      fd,
      0,
      fstatSync(fd).size,
      PROT_READ,
      'map the types of the kernel',
      MAP_PRIVATE,
    )
    return new Uint8Array(buffer)
  } catch {
    return undefined // an older kernel
  } finally {
    closeSync(fd)
  }
}

function unreadable(cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT')
    throw new NotSupportedError('kernel BTF', {
      since: '5.4',
      reason:
        `there is no ${VMLINUX_BTF_PATH} and no image of the kernel in /boot, /lib/modules or /usr/lib/debug: the kernel was built without CONFIG_DEBUG_INFO_BTF ` +
        '(stock kernels of Debian 11, Ubuntu 20.10, Fedora 31, RHEL 8.2 and later have it), or sysfs is not mounted',
      cause,
    })
  throw new BeetraceError('BTF_UNREADABLE', `cannot read ${VMLINUX_BTF_PATH} (${code})`, { cause })
}
