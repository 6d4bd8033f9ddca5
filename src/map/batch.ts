// Many entries in one call: Linux 5.6 for hashes and arrays, later or never for other types. Where the kernel
// refuses the batch, the same is done one entry at a time.

import { errno, SyscallError } from '../errors/index.ts'
import { bpfMapDeleteBatch, bpfMapUpdateBatch } from '../sys/index.ts'
import type { BpfMap } from './bpf-map.ts'

/** Whether a kernel's answer means "no batches for this map" rather than a failure of this one. */
export const isBatchRefused = (result: number): boolean =>
  result === -errno.EINVAL || result === -errno.ENOTSUPP || result === -errno.EOPNOTSUPP

/** Writes `keys` and `values`, arrays of whole keys and values. Throws SyscallError. */
export const updateBatch = (map: BpfMap, keys: Uint8Array, values: Uint8Array): void => {
  const total = keys.length / map.keySize
  if (total === 0) return
  const { result, count } = bpfMapUpdateBatch({ mapFd: map.fd, keys, values, count: total })
  if (result === 0) return
  if (!isBatchRefused(result)) {
    throw new SyscallError(
      'bpf(BPF_MAP_UPDATE_BATCH)',
      -result,
      `write ${total} entries to map "${map.name}" (${count} written)`,
    )
  }
  for (let i = 0; i < total; i++)
    map.update(entryOf(keys, i, map.keySize), entryOf(values, i, map.valueBytes))
}

/** Deletes `keys`; how many were there. */
export const deleteBatch = (map: BpfMap, keys: Uint8Array): number => {
  const total = keys.length / map.keySize
  let deleted = 0
  let next = 0
  let batches = true
  while (next < total) {
    if (batches) {
      const rest = keys.subarray(next * map.keySize)
      const { result, count } = bpfMapDeleteBatch({ mapFd: map.fd, keys: rest, count: total - next })
      if (result === 0) return deleted + (total - next)
      // a missing key ends the batch with `count` deleted before it
      if (result === -errno.ENOENT) {
        deleted += count
        next += count + 1
        continue
      }
      if (!isBatchRefused(result)) {
        throw new SyscallError('bpf(BPF_MAP_DELETE_BATCH)', -result, `delete from map "${map.name}"`)
      }
      batches = false
    }
    if (map.delete(entryOf(keys, next, map.keySize))) deleted++
    next++
  }
  return deleted
}

const entryOf = (bytes: Uint8Array, index: number, byteLength: number): Uint8Array =>
  bytes.subarray(index * byteLength, (index + 1) * byteLength)
