// The limit on locked memory. Before Linux 5.11 the memory of maps and programs was charged to RLIMIT_MEMLOCK (64 KiB in
// Debian 11, root not exempt), and being over it looked like missing privilege. Since 5.11 (commit d5299b67dd59) it is
// charged to the memory cgroup.

import { errno } from '../errors/index.ts'
import { getResourceLimit, type ResourceLimit, RLIMIT_MEMLOCK, setResourceLimit } from '../sys/index.ts'

let tried = false
let before: ResourceLimit | undefined

/**
 * Runs a raw bpf(2) call; after EPERM once more with RLIMIT_MEMLOCK lifted. Lifting it may itself be refused
 * (CAP_SYS_RESOURCE), which matters only on the kernels above: later ones say EPERM again for another reason.
 *
 * @returns what the call gave: a descriptor or -errno
 */
export function withMemlock(call: () => number): number {
  const result = call()
  if (result !== -errno.EPERM || tried) return result
  tried = true
  const limit = getResourceLimit(0, RLIMIT_MEMLOCK)
  if (typeof limit === 'number' || limit.soft === Number.POSITIVE_INFINITY) return result
  const unlimited = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }
  if (setResourceLimit(0, RLIMIT_MEMLOCK, unlimited) < 0) return result
  before = limit
  return call()
}

/**
 * The limit as it was before `withMemlock` lifted it; undefined when it did not. Children inherit the lifted limit, so who
 * starts one that should not notice sets this back for it.
 */
export function memlockBefore(): ResourceLimit | undefined {
  return before
}
