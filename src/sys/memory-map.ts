// mmap(2): kernel memory seen as an ArrayBuffer.

import { errno, SyscallError } from '../errors/index.ts'
import { linux } from './linux.ts'

export const PROT_READ = 1
export const PROT_WRITE = 2
export const MAP_SHARED = 1
export const MAP_PRIVATE = 2

/**
 * One mapping. Reading any view of `buffer` after `unmap` kills the process (SIGSEGV), and so does writing to a
 * mapping without PROT_WRITE: whoever owns the mapping hands out no view of it.
 */
export interface MemoryMap {
  readonly address: number
  /** all of it, made when first asked for: V8 counts its size as memory that we took */
  readonly buffer: ArrayBuffer
  /** twice is harmless */
  unmap(): void
}

/** Maps `byteLength` bytes of `fd`, shared unless told. Throws SyscallError with `action`. */
export const mapMemory = (
  fd: number,
  offset: number,
  byteLength: number,
  prot: number,
  action: string,
  flags: typeof MAP_SHARED | typeof MAP_PRIVATE = MAP_SHARED,
): MemoryMap => {
  const address = linux().mmap(0, byteLength, prot, flags, fd, offset)
  if (address < 0) throw new SyscallError('mmap', -address, action, hint(-address))
  let buffer: ArrayBuffer | undefined
  let mapped = true
  return {
    address,
    get buffer() {
      buffer ??= linux().view(address, byteLength)
      return buffer
    },
    unmap: () => {
      if (mapped) linux().munmap(address, byteLength)
      mapped = false
    },
  }
}

const hint = (errnoNumber: number) =>
  errnoNumber === errno.EPERM || errnoNumber === errno.EAGAIN
    ? { hint: 'raise RLIMIT_MEMLOCK (ulimit -l) or run as root' }
    : {}
