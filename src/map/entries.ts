// Walking a map. In batches where the kernel offers them: a batch goes by hash bucket, so it neither starts over
// when a key it stood on is deleted nor gives an entry twice. Elsewhere key by key, where a deleted key sends
// BPF_MAP_GET_NEXT_KEY back to the start: keys seen are remembered, and the number of steps is bounded.

import { errno, SyscallError } from '../errors/index.ts'
import { bpfMapLookupAndDeleteBatch, bpfMapLookupBatch } from '../sys/index.ts'
import { isBatchRefused } from './batch.ts'
import type { BpfMap } from './bpf-map.ts'

export interface MapEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

const BATCH_ENTRIES = 256

/** Copies of all entries. See `BpfMap.entries`. */
export function* mapEntries(map: BpfMap): Generator<MapEntry> {
  if (map.keySize === 0) return
  const first = readBatch(map, undefined, BATCH_ENTRIES, false)
  if (first === undefined) yield* walkKeys(map)
  else yield* walkBatches(map, first, false)
}

/**
 * Takes all entries out of a hash: none is counted twice and none lost in between. Gives what was there when it was
 * called or came meanwhile. In one step each where the kernel has BPF_MAP_LOOKUP_AND_DELETE_BATCH (5.6); on types
 * without it, a value written between its look-up and its deletion is lost.
 */
export function* drainEntries(map: BpfMap): Generator<MapEntry> {
  const first = readBatch(map, undefined, BATCH_ENTRIES, true)
  if (first !== undefined) {
    yield* walkBatches(map, first, true)
    return
  }
  for (const entry of walkKeys(map)) {
    if (map.delete(entry.key)) yield entry
  }
}

interface Batch {
  readonly keys: Uint8Array
  readonly values: Uint8Array
  readonly count: number
  /** where the next one starts; undefined after the last */
  readonly position: Uint8Array | undefined
  readonly capacity: number
}

/** undefined: this map has no batches. */
const readBatch = (
  map: BpfMap,
  position: Uint8Array | undefined,
  capacity: number,
  andDelete: boolean,
): Batch | undefined => {
  // an opaque position: a bucket number for hashes, a key for the rest
  const outBatch = new Uint8Array(Math.max(map.keySize, 8))
  const keys = new Uint8Array(capacity * map.keySize)
  const values = new Uint8Array(capacity * map.valueBytes)
  const call = andDelete ? bpfMapLookupAndDeleteBatch : bpfMapLookupBatch
  const { result, count } = call({
    mapFd: map.fd,
    ...(position === undefined ? {} : { inBatch: position }),
    outBatch,
    keys,
    values,
    count: capacity,
  })
  if (result === 0) return { keys, values, count, position: outBatch, capacity }
  if (result === -errno.ENOENT) return { keys, values, count, position: undefined, capacity }
  // a bucket has more entries than there was room for: nothing was read, nothing deleted
  if (result === -errno.ENOSPC) return readBatch(map, position, capacity * 2, andDelete)
  if (isBatchRefused(result)) return undefined
  throw new SyscallError('bpf(BPF_MAP_LOOKUP_BATCH)', -result, `read map "${map.name}"`, {
    capabilities: ['CAP_BPF'],
  })
}

function* walkBatches(map: BpfMap, first: Batch, andDelete: boolean): Generator<MapEntry> {
  let batch: Batch | undefined = first
  while (batch !== undefined) {
    const { keys, values, count, position, capacity }: Batch = batch
    for (let i = 0; i < count; i++) {
      yield {
        key: keys.slice(i * map.keySize, (i + 1) * map.keySize),
        value: values.slice(i * map.valueBytes, (i + 1) * map.valueBytes),
      }
    }
    batch = position === undefined ? undefined : readBatch(map, position, capacity, andDelete)
  }
}

function* walkKeys(map: BpfMap): Generator<MapEntry> {
  const seen = new Set<string>()
  // twice the entries the map can hold: enough to pass over everything seen once more after going back to the start
  let steps = map.maxEntries * 2 + 64
  let key = map.nextKey()
  while (key !== undefined && steps-- > 0) {
    const next = map.nextKey(key)
    const name = Buffer.from(key).toString('latin1')
    if (!seen.has(name)) {
      seen.add(name)
      const value = map.lookup(key)
      if (value !== undefined) yield { key, value }
    }
    key = next
  }
}
