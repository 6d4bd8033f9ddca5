// What the kernel demands of each map type when it is created, as data: what a spec leaves open is filled in from
// here. Source: the map_alloc_check functions of kernel/bpf/*.c and net/core/*.c.

import {
  BPF_F_MMAPABLE,
  BPF_F_NO_PREALLOC,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RHASH,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_XSKMAP,
} from '../sys/index.ts'

export interface MapTypeRule {
  /** flags without which the kernel refuses the type */
  readonly flags?: number
  /** max_entries is a size in bytes: a power of two, at least a page */
  readonly ring?: true
  /** an entry for each possible CPU unless the spec asks for fewer */
  readonly entryPerCpu?: true
  /** types of key and value: true for mandatory (the key an int), false where the kernel takes none */
  readonly btf?: boolean
  /** a template of the inner map is mandatory */
  readonly inner?: true
  /** a look-up by system call gives a value for every possible CPU */
  readonly perCpu?: true
}

export const MAP_TYPE_RULES: Readonly<Record<number, MapTypeRule>> = {
  [BPF_MAP_TYPE_RINGBUF]: { ring: true },
  [BPF_MAP_TYPE_USER_RINGBUF]: { ring: true },
  [BPF_MAP_TYPE_PERF_EVENT_ARRAY]: { entryPerCpu: true, btf: false },
  [BPF_MAP_TYPE_PERCPU_HASH]: { perCpu: true },
  [BPF_MAP_TYPE_PERCPU_ARRAY]: { perCpu: true },
  [BPF_MAP_TYPE_LRU_PERCPU_HASH]: { perCpu: true },
  [BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: { perCpu: true },
  [BPF_MAP_TYPE_LPM_TRIE]: { flags: BPF_F_NO_PREALLOC },
  [BPF_MAP_TYPE_ARRAY_OF_MAPS]: { inner: true, btf: false },
  [BPF_MAP_TYPE_HASH_OF_MAPS]: { inner: true, btf: false },
  [BPF_MAP_TYPE_SK_STORAGE]: { flags: BPF_F_NO_PREALLOC, btf: true },
  [BPF_MAP_TYPE_INODE_STORAGE]: { flags: BPF_F_NO_PREALLOC, btf: true },
  [BPF_MAP_TYPE_TASK_STORAGE]: { flags: BPF_F_NO_PREALLOC, btf: true },
  [BPF_MAP_TYPE_CGRP_STORAGE]: { flags: BPF_F_NO_PREALLOC, btf: true },
  [BPF_MAP_TYPE_RHASH]: { flags: BPF_F_NO_PREALLOC },
  [BPF_MAP_TYPE_ARENA]: { flags: BPF_F_MMAPABLE, btf: false },
  [BPF_MAP_TYPE_CGROUP_ARRAY]: { btf: false },
  [BPF_MAP_TYPE_CPUMAP]: { btf: false },
  [BPF_MAP_TYPE_DEVMAP]: { btf: false },
  [BPF_MAP_TYPE_DEVMAP_HASH]: { btf: false },
  [BPF_MAP_TYPE_PROG_ARRAY]: { btf: false },
  [BPF_MAP_TYPE_QUEUE]: { btf: false },
  [BPF_MAP_TYPE_SOCKHASH]: { btf: false },
  [BPF_MAP_TYPE_SOCKMAP]: { btf: false },
  [BPF_MAP_TYPE_STACK]: { btf: false },
  [BPF_MAP_TYPE_STACK_TRACE]: { btf: false },
  [BPF_MAP_TYPE_XSKMAP]: { btf: false },
}
