// The limit on locked memory, which counted BPF maps and programs until Linux 5.11.

import { call, encode, exit } from '../asm/index.ts'
import {
  BPF_PROG_TYPE_SOCKET_FILTER,
  bpfProgLoad,
  closeFd,
  getResourceLimit,
  type ResourceLimit,
  RLIMIT_MEMLOCK,
  setResourceLimit,
} from '../sys/index.ts'

let settled = false
let before: ResourceLimit | undefined

/**
 * Before the first map or program: on kernels that charge them to RLIMIT_MEMLOCK (64 KiB by default in Debian 11, and
 * root is not exempt) raises that limit of this process. On later kernels it does nothing, and a refusal to raise is
 * no error: what follows may fit. Children inherit the raised limit; who starts one that should not notice sets
 * `memlockBefore()` back for it.
 *
 * Memory accounting by cgroup came with the same release as bpf_ktime_get_coarse_ns, and that can be asked for,
 * backports included (the idea is libbpf's).
 */
export function allowLockedMemory(): void {
  if (settled) return
  settled = true
  const fd = bpfProgLoad({
    progType: BPF_PROG_TYPE_SOCKET_FILTER,
    insns: encode([call('bpf_ktime_get_coarse_ns'), exit()]),
    license: 'GPL',
  })
  if (fd >= 0) {
    closeFd(fd)
    return
  }
  const limit = getResourceLimit(0, RLIMIT_MEMLOCK)
  if (typeof limit === 'number') return
  before = limit
  const unlimited = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }
  if (setResourceLimit(0, RLIMIT_MEMLOCK, unlimited) < 0)
    setResourceLimit(0, RLIMIT_MEMLOCK, { soft: limit.hard, hard: limit.hard })
}

/** The limit as it was before `allowLockedMemory` raised it; undefined when it left it alone. */
export function memlockBefore(): ResourceLimit | undefined {
  return before
}
