// The limit on locked memory is lifted when the kernel refuses, once, and what it was is kept.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errno } from '../errors/index.ts'
import { type Linux, RLIMIT_MEMLOCK, withLinux } from '../sys/index.ts'
import { memlockBefore, withMemlock } from './memlock.ts'

test('EPERM lifts the limit and asks again; other answers and later refusals do not', () => {
  const lifted: number[] = []
  const fake: Partial<Linux> = {
    address: () => 4096,
    prlimit: (_pid, resource, newLimit) => {
      if (newLimit !== 0) lifted.push(resource)
      return 0
    },
  }
  let calls = 0
  const answers = (...results: number[]) => {
    calls = 0
    return () => results[calls++]!
  }
  withLinux(fake as Linux, () => {
    assert.equal(withMemlock(answers(5)), 5)
    assert.equal(withMemlock(answers(-errno.EINVAL)), -errno.EINVAL)
    assert.deepEqual(lifted, [])
    assert.equal(memlockBefore(), undefined)

    assert.equal(withMemlock(answers(-errno.EPERM, 6)), 6)
    assert.deepEqual(lifted, [RLIMIT_MEMLOCK])
    assert.deepEqual(memlockBefore(), { soft: 0, hard: 0 }) // what the fake left in the buffer

    assert.equal(withMemlock(answers(-errno.EPERM, 7)), -errno.EPERM)
    assert.equal(calls, 1)
    assert.deepEqual(lifted, [RLIMIT_MEMLOCK])
  })
})
