// Programs of a sockmap or sockhash: they parse, redirect or drop what its sockets carry.

import { errno } from '../errors/index.ts'
import {
  BPF_SK_MSG_VERDICT,
  BPF_SK_SKB_STREAM_PARSER,
  BPF_SK_SKB_STREAM_VERDICT,
  BPF_SK_SKB_VERDICT,
  bpfLinkCreate,
  bpfProgAttach,
  bpfProgDetach,
  closeFd,
  dupFd,
} from '../sys/index.ts'
import { attachRefused } from './create.ts'
import { type Attachable, Link, type LinkHold } from './link.ts'

/** The map, by its descriptor. */
export interface SockmapTarget {
  readonly fd: number
  readonly name: string
}

export type SockmapHook = 'stream_parser' | 'stream_verdict' | 'skb_verdict' | 'msg_verdict'

const ATTACH_TYPES = {
  stream_parser: BPF_SK_SKB_STREAM_PARSER,
  stream_verdict: BPF_SK_SKB_STREAM_VERDICT,
  skb_verdict: BPF_SK_SKB_VERDICT,
  msg_verdict: BPF_SK_MSG_VERDICT,
} as const

/**
 * Attaches a program of type SK_SKB or SK_MSG to a map of sockets: one program a hook. By bpf_link since Linux 6.10; before, it
 * stays with the map until `close`.
 * @param mode `attach` forces the older way
 * @throws SyscallError
 */
export function attachSockmap(
  program: Attachable,
  map: SockmapTarget,
  hook: SockmapHook,
  { mode }: { readonly mode?: 'link' | 'attach' } = {},
): Link {
  const target = `${hook} of map "${map.name}"`
  const attachType = ATTACH_TYPES[hook]
  if (mode !== 'attach') {
    const result = bpfLinkCreate({ progFd: program.fd, target: map.fd, attachType })
    if (result >= 0) return new Link(target, { links: [result] })
    // older kernels know no such link: EINVAL for the program's type. They are asked the other way, which says what is wrong
    if (mode === 'link' || result !== -errno.EINVAL)
      throw attachRefused('bpf(BPF_LINK_CREATE)', result, program, target, hintFor)
  }
  return new Link(target, byAttach(program, map, attachType, target))
}

function byAttach(program: Attachable, map: SockmapTarget, attachType: number, target: string): LinkHold {
  const result = bpfProgAttach({ target: map.fd, progFd: program.fd, attachType })
  if (result < 0) throw attachRefused('bpf(BPF_PROG_ATTACH)', result, program, target, hintFor)
  const mapFd = dupFd(map.fd)
  let attached = dupFd(program.fd)
  return {
    release: () => {
      bpfProgDetach({ target: mapFd, progFd: attached, attachType })
      closeFd(attached)
      closeFd(mapFd)
    },
    replace: next => {
      const again = bpfProgAttach({ target: mapFd, progFd: next.fd, attachType })
      if (again < 0) throw attachRefused('bpf(BPF_PROG_ATTACH)', again, next, target, hintFor)
      closeFd(attached)
      attached = dupFd(next.fd)
    },
  }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EBUSY:
      return { hint: 'the map has a program there, held by a link, or one that cannot stand beside this one' }
    case errno.EINVAL:
      return { hint: 'the program must be of type SK_SKB or SK_MSG, and the map a sockmap or sockhash' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
