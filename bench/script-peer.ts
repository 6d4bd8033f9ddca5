// The peer of the script benchmarks: bpftrace, as PEER says (`PEER="chroot /srv/sid bpftrace"`), or from PATH.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export const bee: readonly string[] = [join(import.meta.dirname, '../../bin/bee')]
export const peer: readonly string[] = (process.env.PEER ?? 'bpftrace').split(' ')

/** Throws when the peer is not there: a comparison with nothing is none. */
export function requirePeer(): string {
  const version = spawnSync(peer[0]!, [...peer.slice(1), '-V'], { encoding: 'utf8' })
  if (version.status !== 0)
    throw new Error(`cannot run ${peer.join(' ')}: install bpftrace, or name it in PEER`)
  return version.stdout.trim()
}
