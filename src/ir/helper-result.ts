// What kind of value a helper's result is, where its C type does not say.

import type { HelperPrototype } from '../asm/helper-prototype.ts'
import { nullable, pointer, s64, type Type, u32, u64 } from './types.ts'

const POINTERS: Readonly<Record<string, Type>> = {
  bpf_map_lookup_elem: nullable('mapValue'),
  bpf_map_lookup_percpu_elem: nullable('mapValue'),
  bpf_get_local_storage: pointer('mapValue'),
  bpf_task_storage_get: nullable('mapValue'),
  bpf_sk_storage_get: nullable('mapValue'),
  bpf_inode_storage_get: nullable('mapValue'),
  bpf_cgrp_storage_get: nullable('mapValue'),
  bpf_ringbuf_reserve: nullable('record'),
  bpf_per_cpu_ptr: nullable('memory'),
  bpf_this_cpu_ptr: pointer('memory'),
  bpf_dynptr_data: nullable('memory'),
  bpf_get_current_task: pointer('kernel'),
  bpf_get_current_task_btf: pointer('btf'),
  bpf_task_pt_regs: pointer('btf'),
}

/** The IR type of a helper's result, unless the front end gives another. */
export function helperResult(helper: HelperPrototype): Type {
  const known = POINTERS[helper.name]
  if (known !== undefined) return known
  if (helper.ret === 'pointer') return nullable('btf')
  if (helper.type === 'u32') return u32
  return helper.type === 'int' || helper.type === 'long' || helper.type === 's64' ? s64 : u64
}
