// Traffic control by link: tcx on any interface, netkit on a pair made for it. Several programs in an order of their own.

import { errno } from '../errors/index.ts'
import { features, interfaceIndex, requireFeature } from '../kernel/index.ts'
import { BPF_NETKIT_PEER, BPF_NETKIT_PRIMARY, BPF_TCX_EGRESS, BPF_TCX_INGRESS } from '../sys/index.ts'
import { type OrderOptions, packAnchor } from './anchor.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

/**
 * Attaches a program of type SCHED_CLS to packets that come in or go out. Linux 6.6; `attachTc` works on all.
 * @param on name or index of the interface
 * @throws NotSupportedError, BeetraceError `NO_INTERFACE`, SyscallError
 */
export function attachTcx(
  program: Attachable,
  on: string | number,
  direction: 'ingress' | 'egress',
  order: OrderOptions = {},
): Link {
  requireFeature(features.tcx)
  const attachType = direction === 'ingress' ? BPF_TCX_INGRESS : BPF_TCX_EGRESS
  return attach(program, on, attachType, `tcx ${direction} of ${on}`, order)
}

/**
 * Attaches a program of type SCHED_CLS to a netkit device: on the side of `on` itself or of its peer. Only the primary device
 * can be named. Linux 6.7.
 * @throws as `attachTcx`
 */
export function attachNetkit(
  program: Attachable,
  on: string | number,
  side: 'primary' | 'peer',
  order: OrderOptions = {},
): Link {
  requireFeature(features.netkit)
  const attachType = side === 'primary' ? BPF_NETKIT_PRIMARY : BPF_NETKIT_PEER
  return attach(program, on, attachType, `netkit ${side} of ${on}`, order)
}

function attach(
  program: Attachable,
  on: string | number,
  attachType: number,
  target: string,
  order: OrderOptions,
): Link {
  const { flags, options } = packAnchor(order)
  return createLink(program, target, { target: interfaceIndex(on), attachType, flags, options }, hintFor)
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return {
        hint: 'the program must be of type BPF_PROG_TYPE_SCHED_CLS, and a netkit device the primary one',
      }
    case errno.ENODEV:
    case errno.ENXIO:
      return { hint: 'there is no such interface, or it is no netkit device' }
    case errno.ESTALE:
      return { hint: 'other programs came or went since the revision was queried' }
    case errno.ENOENT:
      return { hint: 'the program to stand before or after is not there' }
    case errno.EEXIST:
      return { hint: 'this program is there already' }
    case errno.ERANGE:
    case errno.ENOSPC:
      return { hint: 'an interface takes at most 64 programs' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
