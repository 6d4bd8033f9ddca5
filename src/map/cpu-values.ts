// One CPU's value in a per-CPU map, read and written alone (Linux 7.0). What older kernels can do another way is done so.

import { BeetraceError, errno, SyscallError } from '../errors/index.ts'
import { features, hasFeature, possibleCpus, requireFeature } from '../kernel/index.ts'
import { bpfMapLookup, bpfMapUpdate, bpfMapUpdateBatch } from '../sys/index.ts'
import { updateBatch } from './batch.ts'
import type { BpfMap } from './bpf-map.ts'
import { cpuFlags, cpuOffset, requirePerCpu } from './cpu-flags.ts'

/**
 * What one CPU has under a key, `valueSize` bytes; undefined when there is no such key.
 * @throws SyscallError; BeetraceError `MAP_USE` for a map without values of CPUs, or a CPU that the machine cannot have
 */
export const lookupOnCpu = (map: BpfMap, key: Uint8Array, cpu: number): Uint8Array | undefined => {
  check(map, cpu)
  if (!hasFeature(features.perCpuFlags)) {
    const from = cpuOffset(map, cpu)
    return map.lookup(key)?.subarray(from, from + map.valueSize)
  }
  const value = new Uint8Array(new ArrayBuffer(map.valueSize))
  const result = bpfMapLookup(map.fd, key, value, cpuFlags(cpu))
  if (result === -errno.ENOENT) return undefined
  if (result < 0) throw failed(map, result, 'BPF_MAP_LOOKUP_ELEM', `look up CPU ${cpu} in`)
  return value
}

/**
 * Writes what one CPU has under a key, or `all` of them: `valueSize` bytes. A key that is new has zeros on the others.
 * @throws what `lookupOnCpu` throws; NotSupportedError for one CPU before Linux 7.0, where writing would undo what the others count
 */
export const updateOnCpu = (map: BpfMap, key: Uint8Array, value: Uint8Array, cpu: number | 'all'): void => {
  check(map, cpu)
  checkBytes(map, value, 1)
  if (!mayUseFlags(cpu)) {
    map.update(key, onAllCpus(map, value))
    return
  }
  // BPF_NOEXIST and BPF_EXIST do not go with these flags: EINVAL
  const result = bpfMapUpdate(map.fd, key, value, cpuFlags(cpu))
  if (result < 0) throw failed(map, result, 'BPF_MAP_UPDATE_ELEM', 'write to')
}

/** The same for many entries: `keys` and `values` are arrays of whole keys and values of one CPU. */
export const updateBatchOnCpu = (
  map: BpfMap,
  keys: Uint8Array,
  values: Uint8Array,
  cpu: number | 'all',
): void => {
  check(map, cpu)
  const total = keys.length / map.keySize
  checkBytes(map, values, total)
  if (total === 0) return
  if (!mayUseFlags(cpu)) {
    updateBatch(map, keys, onAllCpus(map, values))
    return
  }
  const { result, count } = bpfMapUpdateBatch({
    ...{ mapFd: map.fd, keys, values, count: total },
    elemFlags: cpuFlags(cpu),
  })
  if (result < 0)
    throw failed(map, result, 'BPF_MAP_UPDATE_BATCH', `write ${total} entries (${count} written) to`)
}

/** Each value once for every CPU, padded. */
const onAllCpus = (map: BpfMap, values: Uint8Array): Uint8Array => {
  const cpuCount = possibleCpus().length
  const padded = map.valueBytes / cpuCount
  const all = new Uint8Array((values.length / map.valueSize) * map.valueBytes)
  for (let from = 0, to = 0; from < values.length; from += map.valueSize)
    for (let cpu = 0; cpu < cpuCount; cpu++, to += padded)
      all.set(values.subarray(from, from + map.valueSize), to)
  return all
}

/** False: the same can be had without. Throws NotSupportedError where it cannot. */
const mayUseFlags = (cpu: number | 'all'): boolean => {
  if (cpu !== 'all') requireFeature(features.perCpuFlags)
  return cpu !== 'all' || hasFeature(features.perCpuFlags)
}

const check = (map: BpfMap, cpu: number | 'all'): void => {
  if (map.closed) throw new BeetraceError('CLOSED', `map "${map.name}" is closed`)
  requirePerCpu(map, cpu)
}

const checkBytes = (map: BpfMap, values: Uint8Array, count: number): void => {
  if (values.length === count * map.valueSize) return
  throw new BeetraceError(
    'MAP_VALUE',
    `map "${map.name}" has a value of ${map.valueSize} bytes on each CPU, but ${values.length} are given for ${count}`,
  )
}

const failed = (map: BpfMap, result: number, command: string, doing: string): SyscallError =>
  new SyscallError(`bpf(${command})`, -result, `${doing} map "${map.name}"`, { capabilities: ['CAP_BPF'] })
