// Map types and what maps can do, as features: each is tried by creating the smallest map of its kind.

import { errno } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import { possibleCpus } from './cpus.ts'
import type { Feature } from './feature.ts'
import { answer, type ProbeMap, tryBatchUpdate, tryElementFlags, tryMap } from './probe.ts'

/** The smallest map of each type, and the first kernel that takes it. */
const MAP_TYPES: readonly (ProbeMap & { readonly since: string })[] = [
  { type: bpf.BPF_MAP_TYPE_HASH, since: '3.19' },
  { type: bpf.BPF_MAP_TYPE_ARRAY, since: '3.19' },
  { type: bpf.BPF_MAP_TYPE_PROG_ARRAY, since: '4.2' },
  { type: bpf.BPF_MAP_TYPE_PERF_EVENT_ARRAY, since: '4.3' },
  { type: bpf.BPF_MAP_TYPE_PERCPU_HASH, since: '4.6' },
  { type: bpf.BPF_MAP_TYPE_PERCPU_ARRAY, since: '4.6' },
  { type: bpf.BPF_MAP_TYPE_STACK_TRACE, since: '4.6', valueSize: 8 },
  { type: bpf.BPF_MAP_TYPE_CGROUP_ARRAY, since: '4.8' },
  { type: bpf.BPF_MAP_TYPE_LRU_HASH, since: '4.10' },
  { type: bpf.BPF_MAP_TYPE_LRU_PERCPU_HASH, since: '4.10' },
  { type: bpf.BPF_MAP_TYPE_LPM_TRIE, since: '4.11', keySize: 8, flags: bpf.BPF_F_NO_PREALLOC },
  { type: bpf.BPF_MAP_TYPE_ARRAY_OF_MAPS, since: '4.12', inner: true },
  { type: bpf.BPF_MAP_TYPE_HASH_OF_MAPS, since: '4.12', inner: true },
  { type: bpf.BPF_MAP_TYPE_DEVMAP, since: '4.14' },
  { type: bpf.BPF_MAP_TYPE_SOCKMAP, since: '4.14' },
  { type: bpf.BPF_MAP_TYPE_CPUMAP, since: '4.15' },
  { type: bpf.BPF_MAP_TYPE_XSKMAP, since: '4.18' },
  { type: bpf.BPF_MAP_TYPE_SOCKHASH, since: '4.18' },
  { type: bpf.BPF_MAP_TYPE_CGROUP_STORAGE, since: '4.19', keySize: 16, maxEntries: 0 },
  { type: bpf.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, since: '4.19' },
  { type: bpf.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, since: '4.20', keySize: 16, maxEntries: 0 },
  { type: bpf.BPF_MAP_TYPE_QUEUE, since: '4.20', keySize: 0 },
  { type: bpf.BPF_MAP_TYPE_STACK, since: '4.20', keySize: 0 },
  { type: bpf.BPF_MAP_TYPE_SK_STORAGE, since: '5.2', maxEntries: 0, flags: bpf.BPF_F_NO_PREALLOC, btf: true },
  { type: bpf.BPF_MAP_TYPE_DEVMAP_HASH, since: '5.4' },
  { type: bpf.BPF_MAP_TYPE_RINGBUF, since: '5.8', keySize: 0, valueSize: 0, maxEntries: 'page' },
  {
    type: bpf.BPF_MAP_TYPE_INODE_STORAGE,
    since: '5.10',
    maxEntries: 0,
    flags: bpf.BPF_F_NO_PREALLOC,
    btf: true,
  },
  {
    type: bpf.BPF_MAP_TYPE_TASK_STORAGE,
    since: '5.11',
    maxEntries: 0,
    flags: bpf.BPF_F_NO_PREALLOC,
    btf: true,
  },
  { type: bpf.BPF_MAP_TYPE_BLOOM_FILTER, since: '5.16', keySize: 0 },
  { type: bpf.BPF_MAP_TYPE_USER_RINGBUF, since: '6.1', keySize: 0, valueSize: 0, maxEntries: 'page' },
  {
    type: bpf.BPF_MAP_TYPE_CGRP_STORAGE,
    since: '6.2',
    maxEntries: 0,
    flags: bpf.BPF_F_NO_PREALLOC,
    btf: true,
  },
  { type: bpf.BPF_MAP_TYPE_ARENA, since: '6.9', keySize: 0, valueSize: 0, flags: bpf.BPF_F_MMAPABLE },
  { type: bpf.BPF_MAP_TYPE_INSN_ARRAY, since: '6.19', valueSize: 16 },
  { type: bpf.BPF_MAP_TYPE_RHASH, since: '7.2', flags: bpf.BPF_F_NO_PREALLOC },
]

/** Each map type by its kernel name. BPF_MAP_TYPE_STRUCT_OPS is asked for by BTF id and has its own probe. */
export const mapTypeFeatures: Readonly<Record<string, Feature>> = Object.fromEntries([
  ...MAP_TYPES.map(({ since, ...map }) => {
    const name = bpf.bpfMapTypeNames[map.type]!
    return [name, { name, since, probe: () => answer(tryMap(map)) }] as const
  }),
  [
    'BPF_MAP_TYPE_STRUCT_OPS',
    {
      name: 'BPF_MAP_TYPE_STRUCT_OPS',
      since: '5.6',
      // A kernel that has them looks the value type up and says that type 1 of its BTF is none of its struct_ops.
      probe: () =>
        answer(tryMap({ type: bpf.BPF_MAP_TYPE_STRUCT_OPS, valueTypeId: 1 }), { proves: [errno.ENOTSUPP] }),
    },
  ],
])

/** An array whose values user space maps into its memory. */
export const mmapableArray: Feature = {
  name: 'mmapable array',
  since: '5.5',
  probe: () => answer(tryMap({ type: bpf.BPF_MAP_TYPE_ARRAY, flags: bpf.BPF_F_MMAPABLE })),
}

const arrayFlag = (name: string, since: string, flags: number): Feature => ({
  name,
  since,
  probe: () => answer(tryMap({ type: bpf.BPF_MAP_TYPE_ARRAY, flags })),
})

/** Maps that programs only read, or only write. */
export const readOnlyMaps = arrayFlag('BPF_F_RDONLY_PROG', '5.2', bpf.BPF_F_RDONLY_PROG)
export const writeOnlyMaps = arrayFlag('BPF_F_WRONLY_PROG', '5.2', bpf.BPF_F_WRONLY_PROG)

/** Arrays of other lengths than the template in one map of maps. */
export const innerMapFlag = arrayFlag('BPF_F_INNER_MAP', '5.10', bpf.BPF_F_INNER_MAP)

/** Hashes whose entries are made when they are needed. */
export const noPreallocation: Feature = {
  name: 'BPF_F_NO_PREALLOC',
  since: '4.6',
  probe: () => answer(tryMap({ type: bpf.BPF_MAP_TYPE_HASH, flags: bpf.BPF_F_NO_PREALLOC })),
}

/** A ring buffer that keeps the newest records. */
export const ringOverwrite: Feature = {
  name: 'BPF_F_RB_OVERWRITE',
  since: '6.19',
  probe: () =>
    answer(
      tryMap({
        ...{ type: bpf.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 'page' },
        flags: bpf.BPF_F_RB_OVERWRITE,
      }),
    ),
}

/** Maps for one program alone. Before, what does not fit into the attribute is E2BIG. */
export const exclusiveMaps: Feature = {
  name: 'exclusive maps',
  since: '6.18',
  probe: () => answer(tryMap({ type: bpf.BPF_MAP_TYPE_ARRAY, exclusiveHash: new Uint8Array(32) })),
}

/** One CPU's value of a per-CPU map by itself: BPF_F_CPU and BPF_F_ALL_CPUS. */
export const perCpuFlags: Feature = {
  name: 'BPF_F_CPU',
  since: '7.0',
  probe: () =>
    answer(
      tryElementFlags({ type: bpf.BPF_MAP_TYPE_PERCPU_ARRAY }, bpf.BPF_F_ALL_CPUS, 8 * possibleCpus().length),
    ),
}

/** BPF_MAP_LOOKUP_BATCH and its kin, on a hash. */
export const batchOperations: Feature = {
  name: 'batch operations',
  since: '5.6',
  probe: () => answer(tryBatchUpdate({ type: bpf.BPF_MAP_TYPE_HASH }, 4)),
}

/** The same on a per-CPU array, which came later. */
export const batchOperationsPerCpuArray: Feature = {
  name: 'batch operations on per-CPU arrays',
  since: '5.13',
  probe: () => answer(tryBatchUpdate({ type: bpf.BPF_MAP_TYPE_PERCPU_ARRAY }, 8 * possibleCpus().length)),
}
