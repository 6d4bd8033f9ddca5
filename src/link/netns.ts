// Programs of a network namespace: flow dissectors and socket look-up.

import { errno, SyscallError } from '../errors/index.ts'
import { BPF_FLOW_DISSECTOR, BPF_SK_LOOKUP, closeFd, openForReading } from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

/** Linux 5.8 for the flow dissector (one a namespace), 5.9 for socket look-up (several, in the order of attaching). */
export type NetnsHook = 'flow_dissector' | 'sk_lookup'

const ATTACH_TYPES = { flow_dissector: BPF_FLOW_DISSECTOR, sk_lookup: BPF_SK_LOOKUP } as const

/**
 * Attaches a program of type FLOW_DISSECTOR or SK_LOOKUP by link.
 * @param namespace path of the namespace (`/run/netns/NAME`, the `ns/net` of a process), or an open descriptor of it
 * @throws SyscallError, also when the path cannot be opened
 */
export function attachNetns(program: Attachable, namespace: string | number, hook: NetnsHook): Link {
  const target = `${hook} of network namespace ${typeof namespace === 'number' ? `at descriptor ${namespace}` : namespace}`
  const fd = typeof namespace === 'number' ? namespace : openForReading(namespace)
  if (fd < 0) throw new SyscallError('openat', fd, `open network namespace ${namespace}`)
  try {
    return createLink(program, target, { target: fd, attachType: ATTACH_TYPES[hook] }, hintFor)
  } finally {
    if (typeof namespace === 'string') closeFd(fd)
  }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EEXIST:
      return { hint: 'the namespace, or the first one of the machine, has a flow dissector already' }
    case errno.EINVAL:
      return { hint: 'it must be a network namespace, and the program of the type of its hook' }
    case errno.E2BIG:
      return { hint: 'a namespace takes at most 64 programs for socket look-up' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
