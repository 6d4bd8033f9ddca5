// The size of a memory page: what ring buffers and mmap(2) count in.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { BeetraceError } from '../errors/errors.ts'

let cached: number | undefined

/** Bytes in a page of this machine (4096 on x86-64; arm64 kernels also use 16384 and 65536). */
export function pageSizeBytes(): number {
  return (cached ??= readPageSize())
}

/**
 * The auxiliary vector belongs to root in a process with file capabilities (`setcap`) or a changed user id, which may
 * not be dumped; the list of mappings is open to the process itself even then.
 */
function readPageSize(): number {
  try {
    return pageSizeFromAuxv(readFileSync('/proc/self/auxv'))
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  const fd = openSync('/proc/self/smaps', 'r')
  try {
    const start = Buffer.alloc(4096)
    return pageSizeFromSmaps(start.toString('latin1', 0, readSync(fd, start)))
  } finally {
    closeSync(fd)
  }
}

/**
 * The page size out of the first entries of /proc/self/smaps: `KernelPageSize:        4 kB`.
 * @throws BeetraceError `PAGE_SIZE` when there is no such line
 */
export function pageSizeFromSmaps(smaps: string): number {
  const kib = /^KernelPageSize: *(\d{1,6}) kB$/m.exec(smaps)?.[1]
  if (kib === undefined) throw new BeetraceError('PAGE_SIZE', 'no page size in /proc/self/smaps')
  return Number(kib) * 1024
}

/** AT_PAGESZ (uapi/linux/auxvec.h) */
const AT_PAGESZ = 6n

/**
 * The page size out of a 64-bit process's auxiliary vector: pairs of u64 (type, value), ended by type 0.
 * It is the one place that tells it without a foreign call.
 * @throws BeetraceError `PAGE_SIZE` when there is no AT_PAGESZ entry or it is no power of two
 */
export function pageSizeFromAuxv(auxv: Uint8Array): number {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength)
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16) {
    if (view.getBigUint64(at, LITTLE_ENDIAN) !== AT_PAGESZ) continue
    const size = Number(view.getBigUint64(at + 8, LITTLE_ENDIAN))
    if (size >= 4096 && size <= 1 << 20 && (size & (size - 1)) === 0) return size
    break
  }
  throw new BeetraceError('PAGE_SIZE', 'no page size in the auxiliary vector (/proc/self/auxv)')
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
