// Walking a map. In batches where the kernel offers them: a batch goes by hash bucket, so it neither starts over
// when a key it stood on is deleted nor gives an entry twice. Elsewhere key by key, where a deleted key sends
// BPF_MAP_GET_NEXT_KEY back to the start: keys seen are remembered, and the number of steps is bounded.

import { BeetraceError, errno, SyscallError } from '../errors/index.ts'
import { features, hasFeature } from '../kernel/index.ts'
import {
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  bpfMapLookupAndDeleteBatch,
  bpfMapLookupBatch,
} from '../sys/index.ts'
import { isBatchRefused } from './batch.ts'
import type { BpfMap } from './bpf-map.ts'
import { cpuFlags, cpuOffset, requirePerCpu } from './cpu-flags.ts'

export interface MapEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Many entries as they came from the kernel. The memory is used again for the next batch. */
export interface EntryBatch {
  /** key i at i * keySize */
  readonly keys: Uint8Array
  /** value i at i * valueBytes, or of one CPU at i * valueSize */
  readonly values: Uint8Array
  readonly count: number
}

export interface BatchOptions {
  /** room for so many in each part; a part may have fewer */
  readonly entries?: number
  /** take them out of the map, which must be a hash */
  readonly take?: boolean
  /** of a per-CPU map only what this CPU has: value i at i * valueSize. Not together with `take` */
  readonly cpu?: number
}

/** Of a batch, unless asked for: a call costs a microsecond, an entry some 0.2. */
const BATCH_ENTRIES = 1 << 14
/** The memory of a batch stays near the processor, unless its values are large. */
const BATCH_BYTES = 1 << 20
const BATCH_ENTRIES_MIN = 64
/** Most maps have few entries, and fresh memory for many costs more than reading them. */
const FIRST_BATCH_ENTRIES = 256

/** See `BpfMap.batches`. */
export function mapBatches(map: BpfMap, { entries, take = false, cpu }: BatchOptions): Generator<EntryBatch> {
  if (cpu === undefined) return readBatches(map, entries, take, map.valueBytes)
  if (take) throw new BeetraceError('MAP_USE', 'entries are taken out of a per-CPU map for all CPUs at once')
  requirePerCpu(map, cpu)
  // maps of control groups have no batches
  const [flags, perKey] = [cpuFlags(cpu), map.type === BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]
  if (!perKey && hasFeature(features.perCpuFlags))
    return readBatches(map, entries, false, map.valueSize, flags)
  return batchesOfCpu(map, readBatches(map, entries, false, map.valueBytes), cpu)
}

/** For kernels that give the values of all CPUs only. */
function* batchesOfCpu(map: BpfMap, batches: Iterable<EntryBatch>, cpu: number): Generator<EntryBatch> {
  const { valueBytes, valueSize } = map
  const from = cpuOffset(map, cpu)
  for (const { keys, values, count } of batches) {
    const own = new Uint8Array(count * valueSize)
    for (let i = 0; i < count; i++) {
      const start = i * valueBytes + from
      own.set(values.subarray(start, start + valueSize), i * valueSize)
    }
    yield { keys, values: own, count }
  }
}

/** @param valueBytes of each value as `elemFlags` make the kernel give it */
function* readBatches(
  map: BpfMap,
  entries: number | undefined,
  andDelete: boolean,
  valueBytes: number,
  elemFlags = 0,
): Generator<EntryBatch> {
  if (map.keySize === 0) return
  const most = Math.min(entries ?? defaultCapacity(map), Math.max(map.maxEntries, 1))
  let capacity = entries === undefined ? Math.min(most, FIRST_BATCH_ENTRIES) : most
  // an opaque position: a bucket number for hashes, a key for the rest
  let [from, to] = [new Uint8Array(Math.max(map.keySize, 8)), new Uint8Array(Math.max(map.keySize, 8))]
  let keys = new Uint8Array(capacity * map.keySize)
  let values = new Uint8Array(capacity * valueBytes)
  const call = andDelete ? bpfMapLookupAndDeleteBatch : bpfMapLookupBatch
  for (let begun = false; ; ) {
    const { result, count } = call({
      mapFd: map.fd,
      ...(begun ? { inBatch: from } : {}),
      ...{ outBatch: to, keys, values, count: capacity, elemFlags },
    })
    if (result === -errno.ENOSPC) {
      // a bucket has more entries than there was room for: nothing was read, nothing deleted
      capacity *= 2
      keys = new Uint8Array(capacity * map.keySize)
      values = new Uint8Array(capacity * valueBytes)
      continue
    }
    if (!begun && isBatchRefused(result)) {
      yield* batchesByKey(map, keys, values, andDelete)
      return
    }
    if (result !== 0 && result !== -errno.ENOENT)
      throw new SyscallError('bpf(BPF_MAP_LOOKUP_BATCH)', -result, `read map "${map.name}"`, {
        capabilities: ['CAP_BPF'],
      })
    if (count > 0) yield { keys, values, count }
    if (result === -errno.ENOENT) return
    begun = true
    ;[from, to] = [to, from]
    if (capacity < most) {
      capacity = most
      keys = new Uint8Array(capacity * map.keySize)
      values = new Uint8Array(capacity * valueBytes)
    }
  }
}

const defaultCapacity = (map: BpfMap): number => {
  const fitting = Math.floor(BATCH_BYTES / (map.keySize + map.valueBytes))
  return Math.max(BATCH_ENTRIES_MIN, Math.min(fitting, BATCH_ENTRIES))
}

/** Copies of all entries. See `BpfMap.entries`. */
export function* mapEntries(map: BpfMap, oneByOne: boolean): Generator<MapEntry> {
  if (oneByOne) yield* walkKeys(map)
  else yield* copies(map, readBatches(map, undefined, false, map.valueBytes))
}

/**
 * Takes all entries out of a hash: none is counted twice and none lost in between. Gives what was there when it was
 * called or came meanwhile. In one step each where the kernel has BPF_MAP_LOOKUP_AND_DELETE_BATCH (5.6); on types
 * without it, a value written between its look-up and its deletion is lost.
 */
export function* drainEntries(map: BpfMap): Generator<MapEntry> {
  yield* copies(map, readBatches(map, undefined, true, map.valueBytes))
}

function* copies({ keySize, valueBytes }: BpfMap, batches: Iterable<EntryBatch>): Generator<MapEntry> {
  for (const { keys, values, count } of batches)
    for (let i = 0; i < count; i++)
      yield {
        key: keys.slice(i * keySize, (i + 1) * keySize),
        value: values.slice(i * valueBytes, (i + 1) * valueBytes),
      }
}

/** For a map without batches: key by key, one entry a batch. */
function* batchesByKey(
  map: BpfMap,
  keys: Uint8Array,
  values: Uint8Array,
  andDelete: boolean,
): Generator<EntryBatch> {
  for (const { key, value } of walkKeys(map)) {
    if (andDelete && !map.delete(key)) continue
    keys.set(key)
    values.set(value)
    yield { keys, values, count: 1 }
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
