// Programs as netfilter hooks, at a place among iptables' and nftables' own.

import { errno } from '../errors/index.ts'
import { BPF_F_NETFILTER_IP_DEFRAG, BPF_NETFILTER, type LinkCreateOptions } from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

export interface NetfilterPlace {
  readonly family: 'ipv4' | 'ipv6'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'
  /** lower runs earlier: NF_IP_PRI_*, for example 0 for iptables' filter table; neither the least nor the greatest s32 */
  readonly priority: number
  /** put fragments together before the program sees them; for priorities above -400. Linux 6.6 */
  readonly defragment?: boolean
}

const FAMILIES = { ipv4: 2, ipv6: 10 } as const
const HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const

/**
 * Attaches a program of type NETFILTER, in the network namespace of the calling thread. Linux 6.4.
 * @throws SyscallError
 */
export function attachNetfilter(program: Attachable, place: NetfilterPlace): Link {
  const target = `netfilter ${place.family} ${place.hook} at ${place.priority}`
  const options: LinkCreateOptions = {
    kind: 'netfilter',
    pf: FAMILIES[place.family],
    hooknum: HOOKS[place.hook],
    priority: place.priority,
    ...(place.defragment && { flags: BPF_F_NETFILTER_IP_DEFRAG }),
  }
  return createLink(program, target, { target: 0, attachType: BPF_NETFILTER, options }, hintFor)
}

function hintFor(error: number) {
  switch (error) {
    case errno.EBUSY:
      return { hint: 'another BPF program has this priority' }
    case errno.ERANGE:
      return { hint: 'the priority must lie between those of the least and the greatest s32' }
    case errno.EINVAL:
    case errno.EAFNOSUPPORT:
      return {
        hint: 'the program must be of type BPF_PROG_TYPE_NETFILTER (Linux 6.4, CONFIG_NETFILTER_BPF_LINK)',
      }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
