// A network namespace that only this process is in, with a loopback and a pair of virtual cards: what the tests attach to.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const CLONE_NEWNET = 0x4000_0000

/** Moves the main thread, and the children it makes from now on, to a network namespace of its own. */
export function enterOwnNetns(): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const unshare = koffi.load(null).func('int unshare(int flags)')
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`)
  ip('link', 'set', 'lo', 'up')
}

/** ip(8) within it. */
export function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

/** Path of the namespace the main thread is in. */
export const OWN_NETNS = `/proc/self/task/${process.pid}/ns/net`
