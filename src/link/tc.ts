// Traffic control by filter: a clsact qdisc on the interface and the program as a filter of it. All kernels have it; `attachTcx`
// is better where it is (Linux 6.6), for a filter stays when this process is killed.

import { errno, SyscallError } from '../errors/index.ts'
import { interfaceIndex } from '../kernel/index.ts'
import {
  attribute,
  attributes,
  cString,
  joinBytes,
  LITTLE_ENDIAN,
  type NetlinkAnswer,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  nested,
  netlinkRequest,
  u32Attribute,
} from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'

export interface TcOptions {
  /** lower runs earlier; the kernel counts down from 49152 unless told */
  readonly priority?: number
  /** number of the filter within its priority; given by the kernel unless told */
  readonly handle?: number
  /** put it in the place of a filter with the same priority and handle, which both must be told */
  readonly replace?: boolean
}

const RTM_NEWQDISC = 36
const RTM_DELQDISC = 37
const RTM_NEWTFILTER = 44
const RTM_DELTFILTER = 45
const RTM_GETTFILTER = 46
const TCA_KIND = 1
const TCA_OPTIONS = 2
const TCA_BPF_FD = 6
const TCA_BPF_NAME = 7
const TCA_BPF_FLAGS = 8
const TCA_BPF_ID = 11
/** the program's result is the verdict (TC_ACT_*), not a class */
const TCA_BPF_FLAG_ACT_DIRECT = 1
const TC_H_CLSACT = 0xffff_fff1
const CLSACT_HANDLE = 0xffff_0000
const PARENTS = { ingress: 0xffff_fff2, egress: 0xffff_fff3 } as const
const ETH_P_ALL = 3
/** struct tcmsg: 0 family u8  4 ifindex s32  8 handle u32  12 parent u32  16 info u32: priority << 16 | protocol */
const TCMSG_BYTES = 20

/**
 * Attaches a program of type SCHED_CLS to packets that come in or go out. The clsact qdisc is made if there is none, and
 * removed with the last filter if it was made here.
 * @param on name or index of the interface
 * @throws BeetraceError `NO_INTERFACE`; SyscallError
 */
export function attachTc(
  program: Attachable,
  on: string | number,
  direction: 'ingress' | 'egress',
  { priority = 0, handle = 0, replace = false }: TcOptions = {},
): Link {
  const target = `tc ${direction} of ${on}`
  const ifindex = interfaceIndex(on)
  const parent = PARENTS[direction]
  const madeQdisc = makeQdisc(ifindex, `prepare ${target}`)
  const add = (next: Attachable, flags: number, at: { handle: number; priority: number }) => {
    const body = joinBytes(filterHeader(ifindex, parent, at), ...filterOptions(next))
    const answer = netlinkRequest(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_ECHO | flags, body)
    check(answer, 'netlink(RTM_NEWTFILTER)', `attach program "${next.name}" to ${target}`)
    return placeOf(answer) ?? at
  }
  const dropQdisc = () => {
    if (madeQdisc && Object.values(PARENTS).every(each => countFilters(ifindex, each) === 0))
      netlinkRequest(RTM_DELQDISC, 0, tcHeader(ifindex, CLSACT_HANDLE, TC_H_CLSACT, 0))
  }
  try {
    const place = add(program, replace ? NLM_F_REPLACE : NLM_F_EXCL, { handle, priority })
    return new Link(target, {
      replace: next => {
        add(next, NLM_F_REPLACE, place)
      },
      release: () => {
        netlinkRequest(RTM_DELTFILTER, 0, joinBytes(filterHeader(ifindex, parent, place), KIND_BPF))
        dropQdisc()
      },
    })
  } catch (error) {
    dropQdisc()
    throw error
  }
}

/** A program that runs as a filter. */
export interface TcFilter {
  /** 0 where the kernel does not say */
  readonly programId: number
  readonly name: string
  readonly priority: number
  readonly handle: number
}

/** BPF filters of an interface, whoever attached them, in the order they run. Throws BeetraceError `NO_INTERFACE`, SyscallError. */
export function queryTc(on: string | number, direction: 'ingress' | 'egress'): TcFilter[] {
  const answer = listFilters(interfaceIndex(on), PARENTS[direction])
  // EINVAL and ENOENT: no clsact qdisc, and so no filters
  if (answer.result === -errno.EINVAL || answer.result === -errno.ENOENT) return []
  check(answer, 'netlink(RTM_GETTFILTER)', `list filters of tc ${direction} of ${on}`)
  return filtersOf(answer).flatMap(({ body, found }) => {
    if (Buffer.from(found.get(TCA_KIND) ?? []).toString('latin1') !== 'bpf\0') return []
    const options = attributes(found.get(TCA_OPTIONS)!)
    const id = options.get(TCA_BPF_ID)
    const data = new DataView(body.buffer, body.byteOffset)
    return [
      {
        programId: id === undefined ? 0 : new DataView(id.buffer, id.byteOffset).getUint32(0, LITTLE_ENDIAN),
        name: Buffer.from(options.get(TCA_BPF_NAME) ?? [])
          .toString('utf8')
          .replace(/\0.*$/s, ''),
        priority: data.getUint32(16, LITTLE_ENDIAN) >>> 16,
        handle: data.getUint32(8, LITTLE_ENDIAN),
      },
    ]
  })
}

const listFilters = (ifindex: number, parent: number): NetlinkAnswer =>
  netlinkRequest(RTM_GETTFILTER, NLM_F_DUMP, tcHeader(ifindex, 0, parent, 0))

/** There is one message for each filter, and one for each priority without a filter's options. */
const filtersOf = ({ messages }: NetlinkAnswer) =>
  messages
    .map(({ body }) => ({ body, found: attributes(body.subarray(TCMSG_BYTES)) }))
    .filter(({ found }) => found.has(TCA_OPTIONS))

/** False when there was one. */
function makeQdisc(ifindex: number, action: string): boolean {
  const body = joinBytes(
    tcHeader(ifindex, CLSACT_HANDLE, TC_H_CLSACT, 0),
    attribute(TCA_KIND, cString('clsact')),
  )
  const answer = netlinkRequest(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body)
  if (answer.result === -errno.EEXIST) return false
  check(answer, 'netlink(RTM_NEWQDISC)', action)
  return true
}

const countFilters = (ifindex: number, parent: number): number =>
  filtersOf(listFilters(ifindex, parent)).length

const KIND_BPF = attribute(TCA_KIND, new Uint8Array(Buffer.from('bpf\0')))

const filterOptions = (program: Attachable): Uint8Array[] => [
  KIND_BPF,
  nested(
    TCA_OPTIONS,
    u32Attribute(TCA_BPF_FD, program.fd),
    attribute(TCA_BPF_NAME, cString(program.name)),
    u32Attribute(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT),
  ),
]

/** The protocol is in network order. */
const filterHeader = (
  ifindex: number,
  parent: number,
  at: { handle: number; priority: number },
): Uint8Array =>
  tcHeader(
    ifindex,
    at.handle,
    parent,
    ((at.priority << 16) | (LITTLE_ENDIAN ? ETH_P_ALL << 8 : ETH_P_ALL)) >>> 0,
  )

function tcHeader(ifindex: number, handle: number, parent: number, info: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(TCMSG_BYTES))
  const data = new DataView(bytes.buffer)
  data.setInt32(4, ifindex, LITTLE_ENDIAN)
  data.setUint32(8, handle, LITTLE_ENDIAN)
  data.setUint32(12, parent, LITTLE_ENDIAN)
  data.setUint32(16, info, LITTLE_ENDIAN)
  return bytes
}

/** Where the kernel has put the filter, as it echoes. */
function placeOf(answer: NetlinkAnswer): { handle: number; priority: number } | undefined {
  const body = answer.messages.find(({ type }) => type === RTM_NEWTFILTER)?.body
  if (body === undefined) return undefined
  const data = new DataView(body.buffer, body.byteOffset)
  return { handle: data.getUint32(8, LITTLE_ENDIAN), priority: data.getUint32(16, LITTLE_ENDIAN) >>> 16 }
}

function check({ result, message }: NetlinkAnswer, syscall: string, action: string): void {
  if (result >= 0) return
  const hint =
    result === -errno.EEXIST
      ? { hint: 'there is a filter with this priority and handle: choose another, or replace it' }
      : message !== ''
        ? { hint: message }
        : { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  throw new SyscallError(syscall, result, action, hint)
}
