// A network namespace that only this process is in, with a loopback and a pair of virtual cards: what the tests attach to.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import {
  attribute,
  cString,
  joinBytes,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nested,
  netlinkRequest,
} from '../../src/sys/index.ts'

const CLONE_NEWNET = 0x4000_0000

/** Moves the main thread, and the children it makes from now on, to a network namespace of its own. */
export function enterOwnNetns(): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const unshare = koffi.load(null).func('int unshare(int flags)')
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`)
  ip('link', 'set', 'lo', 'up')
  // a kernel with modules loads them on demand where its modprobe is found, which a test kernel's is not
  for (const module of ['sch_ingress', 'cls_bpf']) spawnSync('modprobe', [module], { stdio: 'ignore' })
}

/** Makes a pair of netkit devices, which ip(8) can do since its version 6.7; 0 or -errno. */
export function addNetkit(name: string): number {
  const RTM_NEWLINK = 16
  const IFLA_IFNAME = 3
  const IFLA_LINKINFO = 18
  const IFLA_INFO_KIND = 1
  const body = joinBytes(
    new Uint8Array(16),
    attribute(IFLA_IFNAME, cString(name)),
    nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, cString('netkit'))),
  )
  return netlinkRequest(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body).result
}

/** ip(8) within it. */
export function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

/** Path of the namespace the main thread is in. */
export const OWN_NETNS = `/proc/self/task/${process.pid}/ns/net`
