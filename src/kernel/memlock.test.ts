// The limit on locked memory is raised on kernels that count BPF objects by it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errno } from '../errors/index.ts'
import { type Linux, RLIMIT_MEMLOCK, withLinux } from '../sys/index.ts'
import { allowLockedMemory, memlockBefore } from './memlock.ts'

test('an old kernel has it raised, once, and what it was is kept', () => {
  const set: number[] = []
  const fake: Partial<Linux> = {
    address: () => 4096,
    bpf: () => -errno.EINVAL, // no bpf_ktime_get_coarse_ns
    prlimit: (_pid, resource, newLimit) => {
      if (newLimit !== 0) set.push(resource)
      return 0
    },
  }
  withLinux(fake as Linux, () => {
    allowLockedMemory()
    allowLockedMemory()
  })
  assert.deepEqual(set, [RLIMIT_MEMLOCK])
  assert.deepEqual(memlockBefore(), { soft: 0, hard: 0 }) // what the fake left in the buffer
})
