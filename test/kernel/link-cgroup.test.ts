// Programs of a control group that this test makes, with one process in it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { features, findMount, hasFeature, openBpfFs, readMounts } from '../../src/kernel/index.ts'
import { attachCgroup, openPinnedLink, queryPrograms } from '../../src/link/index.ts'
import {
  BPF_CGROUP_INET_EGRESS,
  BPF_CGROUP_INET_SOCK_CREATE,
  BPF_LSM_CGROUP,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_LSM,
} from '../../src/sys/index.ts'
import { assertGone, countRuns } from './kernel-programs.ts'
import { since } from './since.ts'

const root = findMount(readMounts(), 'cgroup2', ['/sys/fs/cgroup'])
const group = `${root}/beetrace_test_${process.pid}`
const skip = root === undefined && 'no control groups of version 2 are mounted'
if (root !== undefined) {
  mkdirSync(group)
  after(() => rmdirSync(group))
}

/** Runs a program in the group that makes one socket and sends on it. */
async function useNetwork(): Promise<void> {
  const code = `process.stdin.once('data', () => {
    const s = require('node:dgram').createSocket('udp4')
    s.send('x', 9, '127.0.0.1', () => { s.close(); process.exit() }) })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'ignore', 'inherit'] })
  writeFileSync(`${group}/cgroup.procs`, String(child.pid))
  child.stdin.write('go\n')
  await once(child, 'exit')
}

for (const mode of ['link', 'attach'] as const)
  test(`sockets and packets of a control group, by ${mode}`, { skip }, async () => {
    using sockets = countRuns(BPF_PROG_TYPE_CGROUP_SOCK, 1, BPF_CGROUP_INET_SOCK_CREATE)
    using packets = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
    using other = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
    using link = attachCgroup(packets, group, BPF_CGROUP_INET_EGRESS, { mode })
    using _second = attachCgroup(sockets, group, BPF_CGROUP_INET_SOCK_CREATE, { mode })
    await useNetwork()
    assert.ok(sockets.count() >= 1n)
    assert.ok(packets.count() >= 1n)
    const fd = openSync(group, 'r')
    try {
      const ids = () => queryPrograms(fd, BPF_CGROUP_INET_EGRESS).programIds
      assert.deepEqual(ids(), [packets.id])
      link.update(other)
      assert.deepEqual(ids(), [other.id])
      const info = link.info()
      if (mode === 'link') assert.ok(info?.kind === 'cgroup' && info.attachType === BPF_CGROUP_INET_EGRESS)
      link.close()
      assert.deepEqual(ids(), [])
      if (info !== undefined) await assertGone([['link', info.id]])
    } finally {
      closeSync(fd)
    }
  })

test('an LSM hook of a control group', {
  skip:
    skip ||
    (!hasFeature(features.lsm) && 'this kernel loads no LSM programs') ||
    since('6.0', 'an LSM program of a control group'),
}, async () => {
  const allow = 1
  using program = countRuns(BPF_PROG_TYPE_LSM, allow, BPF_LSM_CGROUP, 'socket_post_create')
  using link = attachCgroup(program, group, BPF_LSM_CGROUP)
  await useNetwork()
  assert.ok(program.count() >= 1n)
  assert.equal(link.info()?.kind, 'cgroup')
})

test('a link is pinned and opened again', { skip }, async () => {
  using program = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
  using link = attachCgroup(program, group, BPF_CGROUP_INET_EGRESS)
  const path = `${openBpfFs()}/beetrace_test_cgroup_${process.pid}`
  link.pin(path)
  const { id } = link.info()!
  try {
    link.close()
    using again = openPinnedLink(path)
    assert.equal(again.info()!.id, id)
    again.detach()
  } finally {
    unlinkSync(path)
  }
  await assertGone([['link', id]])
})

test('anchors order the programs of a group', {
  skip: skip || since('6.16', 'an order of the programs of a control group'),
}, () => {
  using first = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
  using second = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
  using two = attachCgroup(second, group, BPF_CGROUP_INET_EGRESS)
  using _one = attachCgroup(first, group, BPF_CGROUP_INET_EGRESS, { anchor: { before: two } })
  const fd = openSync(group, 'r')
  const { programIds } = queryPrograms(fd, BPF_CGROUP_INET_EGRESS)
  closeSync(fd)
  assert.deepEqual(programIds, [first.id, second.id])
})

test('refusals say what to do', { skip }, () => {
  using program = countRuns(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS)
  assert.ok(hasFeature(features.cgroupLink))
  assert.throws(
    () => attachCgroup(program, `${group}/none`, BPF_CGROUP_INET_EGRESS),
    /open control group .*ENOENT/,
  )
  assert.throws(() => attachCgroup(program, '/tmp', BPF_CGROUP_INET_EGRESS), /control group of version 2/)
  assert.throws(
    () => attachCgroup(program, group, BPF_CGROUP_INET_SOCK_CREATE),
    /loaded for this attach type/,
  )
})
