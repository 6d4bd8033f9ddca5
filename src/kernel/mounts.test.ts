// Mount tables as seen on real machines, and the choice among several mounts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findMount, parseMountinfo } from './mounts.ts'

const table = `\
22 27 0:21 / /proc rw,relatime - proc proc rw
23 27 0:22 / /sys rw,nosuid,nodev shared:7 master:1 - sysfs sysfs rw
41 23 0:7 / /sys/kernel/debug rw,relatime shared:12 - debugfs debugfs rw
42 41 0:12 / /sys/kernel/debug/tracing rw,relatime - tracefs tracefs rw
43 23 0:12 / /sys/kernel/tracing rw,relatime - tracefs tracefs rw
44 27 0:40 /sub /mnt/part ro - bpf bpf rw
45 27 0:40 / /mnt/with\\040space\\134 rw - bpf none rw,mode=700
46 27 0:41 / /gone rw - cgroup2 cgroup2 rw
47 46 0:42 / /gone rw - tmpfs tmpfs rw
cut line
48 46 0:42 / /gone2 rw - tmpfs`

const mounts = parseMountinfo(table)

test('lines are parsed, cut ones left out', () => {
  assert.equal(mounts.length, 9)
  assert.deepEqual(mounts[1], {
    fsType: 'sysfs',
    root: '/',
    mountPoint: '/sys',
    options: ['rw', 'nosuid', 'nodev'],
  })
  assert.equal(mounts[6]!.mountPoint, '/mnt/with space\\')
})

const check = (fsType: string, preferred: string[], expected: string | undefined) =>
  test(`${fsType} preferring ${preferred}`, () =>
    assert.equal(findMount(mounts, fsType, preferred), expected))

check('tracefs', ['/sys/kernel/tracing'], '/sys/kernel/tracing')
check('tracefs', [], '/sys/kernel/debug/tracing')
check('bpf', ['/sys/fs/bpf'], '/mnt/with space\\')
check('cgroup2', [], undefined) // hidden by the tmpfs over it
check('securityfs', [], undefined)

test('any text gives a table', () => {
  fc.assert(fc.property(fc.string(), text => void findMount(parseMountinfo(text), 'bpf', [])))
  fc.assert(
    fc.property(fc.nat(table.length), fc.nat(table.length), (a, b) => {
      assert.ok(parseMountinfo(table.slice(a, b)).length <= 10)
    }),
  )
})
