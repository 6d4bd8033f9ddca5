// Programs on interfaces, namespaces, sockets and sockmaps, all in a network namespace of this process.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  features,
  hasFeature,
  interfaceIndex,
  isAtLeast,
  kernelRelease,
  readInterface,
} from '../../src/kernel/index.ts'
import {
  attachNetfilter,
  attachNetkit,
  attachNetns,
  attachReuseport,
  attachSocketFilter,
  attachSockmap,
  attachTc,
  attachTcx,
  attachXdp,
  linkIds,
  openLinkById,
  queryPrograms,
  queryTc,
  queryXdp,
} from '../../src/link/index.ts'
import {
  BPF_FLOW_DISSECTOR,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_NETFILTER,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
  BPF_SK_LOOKUP,
  BPF_SK_MSG_VERDICT,
  BPF_SK_SKB_STREAM_VERDICT,
  BPF_TCX_INGRESS,
  bpfMapCreate,
  checkSyscall,
  closeFd,
} from '../../src/sys/index.ts'
import { assertGone, countRuns } from './kernel-programs.ts'
import { addNetkit, enterOwnNetns, ip, OWN_NETNS } from './own-netns.ts'
import { since } from './since.ts'

const XDP_PASS = 2
const TC_OK = 0
const ACCEPT_ALL = -1
const SK_PASS = 1
const NF_ACCEPT = 1

before(() => {
  enterOwnNetns()
  ip('link', 'add', 'bee0', 'type', 'veth', 'peer', 'name', 'bee1')
  for (const [name, address] of [
    ['bee0', '10.99.0.1/24'],
    ['bee1', '10.99.0.2/24'],
  ] as const) {
    ip('address', 'add', address, 'dev', name)
    ip('link', 'set', name, 'up')
  }
})

/** A datagram to ourselves; whether it came. */
async function datagram(receiver?: Socket, timeoutMs = 5000): Promise<boolean> {
  const socket = receiver ?? createSocket('udp4')
  if (receiver === undefined) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  const ended = new AbortController()
  const came = Promise.race([
    once(socket, 'message', { signal: ended.signal }).then(() => true),
    sleep(timeoutMs, false, { signal: ended.signal }),
  ])
  socket.send('hello', socket.address().port, '127.0.0.1')
  const result = await came
  ended.abort()
  if (receiver === undefined) socket.close()
  return result
}

test('interfaces are those of our namespace', () => {
  assert.equal(interfaceIndex('lo'), 1)
  assert.equal(readInterface(1).name, 'lo')
  assert.throws(() => interfaceIndex('no_such_if'), { code: 'NO_INTERFACE' })
})

for (const through of ['link', 'netlink'] as const)
  for (const mode of ['generic', 'native'] as const)
    test(`XDP, ${mode}, by ${through}`, async () => {
      using program = countRuns(BPF_PROG_TYPE_XDP, XDP_PASS)
      using other = countRuns(BPF_PROG_TYPE_XDP, XDP_PASS)
      const device = mode === 'native' ? 'bee0' : 'lo'
      using link = attachXdp(program, device, { mode, through })
      assert.deepEqual(queryXdp(device), { [mode]: program.id })
      if (mode === 'generic') {
        assert.ok(await datagram())
        assert.ok(program.count() >= 1n)
      }
      link.update(other)
      assert.deepEqual(queryXdp(device), { [mode]: other.id })
      assert.throws(() => attachXdp(program, device, { mode, through }), /XDP of .*already/)
      const info = link.info()
      if (through === 'link') {
        assert.ok(info?.kind === 'xdp' && info.ifindex === interfaceIndex(device))
        assert.ok([...linkIds()].includes(info.id))
        using again = openLinkById(info.id)
        again.detach()
        assert.equal(link.info()?.kind, 'xdp')
      }
      link.close()
      assert.deepEqual(queryXdp(device), {})
      if (info !== undefined) await assertGone([['link', info.id]])
    })

const filters = () => spawnSync('tc', ['filter', 'show', 'dev', 'lo', 'ingress'], { encoding: 'utf8' }).stdout
const qdiscs = () => spawnSync('tc', ['qdisc', 'show', 'dev', 'lo'], { encoding: 'utf8' }).stdout

test('tc filters come, change and go, and the qdisc with the last', async () => {
  using program = countRuns(BPF_PROG_TYPE_SCHED_CLS, TC_OK)
  using other = countRuns(BPF_PROG_TYPE_SCHED_CLS, TC_OK)
  using link = attachTc(program, 'lo', 'ingress')
  using egress = attachTc(program, 'lo', 'egress', { priority: 7, handle: 3 })
  assert.match(filters(), /count_runs.*direct-action/)
  assert.match(qdiscs(), /clsact/)
  assert.ok(await datagram())
  assert.ok(program.count() >= 2n)
  link.update(other)
  await datagram()
  assert.ok(other.count() >= 1n)
  assert.throws(() => attachTc(other, 'lo', 'egress', { priority: 7, handle: 3 }), /EEXIST/)
  const [found, ...more] = queryTc('lo', 'egress')
  assert.deepEqual([found?.priority, found?.handle, found?.name, more], [7, 3, 'count_runs', []])
  assert.equal(queryTc('lo', 'ingress').length, 1)
  link.close()
  assert.deepEqual(queryTc('lo', 'ingress'), [])
  assert.equal(filters().includes('count_runs'), false)
  assert.match(qdiscs(), /clsact/)
  egress.close()
  // the first to be attached made the qdisc, and it went before the last filter
  attachTc(program, 'lo', 'egress').close()
})

test('tcx programs run in the order asked for', {
  skip: !hasFeature(features.tcx) && 'tcx is new in 6.6',
}, async () => {
  using first = countRuns(BPF_PROG_TYPE_SCHED_CLS, -1, BPF_TCX_INGRESS)
  using second = countRuns(BPF_PROG_TYPE_SCHED_CLS, -1, BPF_TCX_INGRESS)
  using third = countRuns(BPF_PROG_TYPE_SCHED_CLS, -1, BPF_TCX_INGRESS)
  using link2 = attachTcx(second, 'lo', 'ingress')
  using _link3 = attachTcx(third, 'lo', 'ingress', { anchor: { after: second } })
  using link1 = attachTcx(first, 'lo', 'ingress', { anchor: { before: link2 } })
  const order = () => queryPrograms(interfaceIndex('lo'), BPF_TCX_INGRESS).programIds
  assert.deepEqual(order(), [first.id, second.id, third.id])
  const { revision, linkIds } = queryPrograms(interfaceIndex('lo'), BPF_TCX_INGRESS)
  assert.deepEqual([linkIds.length, linkIds[0]], [3, link1.info()!.id])
  // nothing has changed since
  attachTcx(countRuns(BPF_PROG_TYPE_SCHED_CLS, -1, BPF_TCX_INGRESS), 'lo', 'ingress', {
    expectedRevision: revision,
  }).close()
  assert.ok(await datagram())
  assert.ok(first.count() >= 1n && third.count() >= 1n)
  const info = link1.info()!
  assert.ok(info.kind === 'tcx' && info.attachType === BPF_TCX_INGRESS)
  link1.close()
  assert.deepEqual(order(), [second.id, third.id])
  using _again = attachTcx(first, 'lo', 'ingress', { anchor: 'first' })
  assert.deepEqual(order(), [first.id, second.id, third.id])
  assert.throws(() => attachTcx(first, 'lo', 'ingress', { expectedRevision: 1n }), /EEXIST|ESTALE/)
})

test('netkit', {
  skip: !hasFeature(features.netkit) && 'no netkit (new in 6.7, needs CONFIG_NETKIT)',
}, () => {
  assert.equal(addNetkit('beenk'), 0)
  using program = countRuns(BPF_PROG_TYPE_SCHED_CLS, -1)
  using link = attachNetkit(program, 'beenk', 'peer')
  assert.equal(link.info()?.kind, 'netkit')
})

test('socket look-up and flow dissector of a namespace', async () => {
  using lookup = countRuns(BPF_PROG_TYPE_SK_LOOKUP, SK_PASS, BPF_SK_LOOKUP)
  using link = attachNetns(lookup, OWN_NETNS, 'sk_lookup')
  assert.ok(await datagram())
  assert.ok(lookup.count() >= 1n)
  const info = link.info()!
  assert.ok(info.kind === 'netns' && info.attachType === BPF_SK_LOOKUP)
  using other = countRuns(BPF_PROG_TYPE_SK_LOOKUP, SK_PASS, BPF_SK_LOOKUP)
  link.update(other, lookup)
  assert.throws(() => link.update(lookup, lookup), /EPERM/)
  using dissector = countRuns(BPF_PROG_TYPE_FLOW_DISSECTOR, 0, BPF_FLOW_DISSECTOR)
  using second = attachNetns(dissector, OWN_NETNS, 'flow_dissector')
  const ids = [info.id, second.info()!.id].map(id => ['link', id] as const)
  link.close()
  second.close()
  await assertGone(ids)
  assert.throws(() => attachNetns(lookup, '/no/such/ns', 'sk_lookup'), /open network namespace .*ENOENT/)
})

test('netfilter', {
  skip: since('6.4', 'a netfilter program'),
}, async t => {
  using program = countRuns(BPF_PROG_TYPE_NETFILTER, NF_ACCEPT, BPF_NETFILTER)
  try {
    using link = attachNetfilter(program, { family: 'ipv4', hook: 'input', priority: -7 })
    assert.ok(await datagram())
    assert.ok(program.count() >= 1n)
    const info = link.info()!
    assert.ok(info.kind === 'netfilter' && info.priority === -7 && info.hooknum === 1)
    assert.throws(
      () => attachNetfilter(program, { family: 'ipv4', hook: 'input', priority: -7 }),
      /another BPF program has this priority/,
    )
  } catch (error) {
    if (!/EAFNOSUPPORT/.test((error as Error).message)) throw error
    t.skip('netfilter is not built into this kernel, and its module not loaded')
  }
})

/** Node keeps it to itself. */
function descriptorOf(socket: Socket): number {
  const state = Object.getOwnPropertySymbols(socket).find(symbol => String(symbol).includes('state'))!
  return (socket as unknown as Record<symbol, { handle: { fd: number } }>)[state]!.handle.fd
}

test('a socket filter sees its socket, and is taken off', async () => {
  using program = countRuns(BPF_PROG_TYPE_SOCKET_FILTER, ACCEPT_ALL)
  using blind = countRuns(BPF_PROG_TYPE_SOCKET_FILTER, 0)
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const fd = descriptorOf(socket)
  using link = attachSocketFilter(program, fd)
  assert.equal(link.kind, 'attachment')
  assert.ok(await datagram(socket))
  assert.ok(program.count() >= 1n)
  link.update(blind)
  assert.equal(await datagram(socket, 300), false)
  assert.throws(() => link.pin('/sys/fs/bpf/x'), { code: 'NOT_SUPPORTED' })
  link.close()
  assert.ok(await datagram(socket))
  // libuv sets SO_REUSEADDR only: the kernel wants SO_REUSEPORT
  try {
    using choice = attachReuseport(program, fd)
    choice.close()
  } catch (error) {
    assert.match((error as Error).message, /SO_REUSEPORT/)
  }
  socket.close()
})

for (const mode of ['link', 'attach'] as const)
  test(`programs of a sockmap, by ${mode}`, {
    skip: mode === 'link' && since('6.10', 'a link of a sockmap'),
  }, () => {
    const mapFd = bpfMapCreate({ mapType: BPF_MAP_TYPE_SOCKMAP, keySize: 4, valueSize: 4, maxEntries: 2 })
    const map = { fd: checkSyscall(mapFd, 'bpf', 'create a sockmap'), name: 'sockets' }
    try {
      using verdict = countRuns(BPF_PROG_TYPE_SK_SKB, SK_PASS, BPF_SK_SKB_STREAM_VERDICT)
      using message = countRuns(BPF_PROG_TYPE_SK_MSG, SK_PASS, BPF_SK_MSG_VERDICT)
      using link = attachSockmap(verdict, map, 'stream_verdict', { mode })
      using second = attachSockmap(message, map, 'msg_verdict', { mode })
      const ids = (type: number) =>
        isAtLeast(kernelRelease(), '5.18') ? queryPrograms(map.fd, type).programIds : undefined
      assert.deepEqual(ids(BPF_SK_SKB_STREAM_VERDICT) ?? [verdict.id], [verdict.id])
      using other = countRuns(BPF_PROG_TYPE_SK_SKB, SK_PASS, BPF_SK_SKB_STREAM_VERDICT)
      link.update(other)
      assert.deepEqual(ids(BPF_SK_SKB_STREAM_VERDICT) ?? [other.id], [other.id])
      link.close()
      second.close()
      assert.deepEqual(ids(BPF_SK_SKB_STREAM_VERDICT) ?? [], [])
    } finally {
      closeFd(map.fd)
    }
  })
