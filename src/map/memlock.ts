// Before Linux 5.11 the memory of maps and programs was charged to RLIMIT_MEMLOCK, 64 KiB unless raised, and a
// refusal looked like missing privilege. Since 5.11 (commit d5299b67dd59) it is charged to the memory cgroup.

import { errno } from '../errors/index.ts'
import { getResourceLimit, RLIMIT_MEMLOCK, setResourceLimit } from '../sys/index.ts'

let raised = false

/**
 * Runs a raw bpf(2) call; after EPERM once more with RLIMIT_MEMLOCK lifted. Lifting it may itself be refused
 * (CAP_SYS_RESOURCE), which matters only on the kernels above, where the second attempt then says EPERM again.
 */
export const withMemlock = (call: () => number): number => {
  const result = call()
  if (result !== -errno.EPERM || raised) return result
  raised = true
  const limit = getResourceLimit(0, RLIMIT_MEMLOCK)
  if (typeof limit !== 'number' && limit.soft === Number.POSITIVE_INFINITY) return result
  const unlimited = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }
  return setResourceLimit(0, RLIMIT_MEMLOCK, unlimited) < 0 ? result : call()
}
