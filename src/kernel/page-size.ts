// The size of a memory page: what ring buffers and mmap(2) count in.

import { readFileSync } from 'node:fs'
import { BeetraceError } from '../errors/errors.ts'

let cached: number | undefined

/** Bytes in a page of this machine (4096 on x86-64; arm64 kernels also use 16384 and 65536). */
export function pageSizeBytes(): number {
  return (cached ??= pageSizeFromAuxv(readFileSync('/proc/self/auxv')))
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
