// XDP: a program that sees packets as the network device has received them, before the kernel makes anything of them.

import { errno } from '../errors/index.ts'
import { features, hasFeature, interfaceIndex, readInterface } from '../kernel/index.ts'
import {
  attributes,
  BPF_XDP,
  closeFd,
  dupFd,
  joinBytes,
  LITTLE_ENDIAN,
  nested,
  netlinkRequest,
  u32Attribute,
} from '../sys/index.ts'
import { attachRefused, createLink } from './create.ts'
import { type Attachable, Link, type LinkHold } from './link.ts'

/** `native`: in the driver; `generic`: after it, on any device; `offload`: on the card. The kernel chooses unless told. */
export type XdpMode = 'native' | 'generic' | 'offload'

export interface XdpOptions {
  readonly mode?: XdpMode
  /** `netlink` forces the way of kernels before 5.9: the program then stays when this process is killed */
  readonly through?: 'link' | 'netlink'
}

/** XDP_FLAGS_* of include/uapi/linux/if_link.h */
const MODE_FLAGS = { generic: 2, native: 4, offload: 8 } as const
const XDP_FLAGS_UPDATE_IF_NOEXIST = 1
const XDP_FLAGS_REPLACE = 16

const RTM_SETLINK = 19
const IFINFOMSG_BYTES = 16
const IFLA_XDP = 43
const IFLA_XDP_FD = 1
const IFLA_XDP_ATTACHED = 2
const IFLA_XDP_FLAGS = 3
const IFLA_XDP_PROG_ID = 4
const IFLA_XDP_DRV_PROG_ID = 5
const IFLA_XDP_SKB_PROG_ID = 6
const IFLA_XDP_HW_PROG_ID = 7
const IFLA_XDP_EXPECTED_FD = 8

/**
 * Attaches a program of type XDP to a device: one a mode.
 * @param on name or index of the interface
 * @throws BeetraceError `NO_INTERFACE`; SyscallError
 */
export function attachXdp(program: Attachable, on: string | number, options: XdpOptions = {}): Link {
  const target = `XDP of ${on}${options.mode === undefined ? '' : ` (${options.mode})`}`
  const ifindex = interfaceIndex(on)
  const flags = options.mode === undefined ? 0 : MODE_FLAGS[options.mode]
  const through = options.through ?? (hasFeature(features.xdpLink) ? 'link' : 'netlink')
  if (through === 'netlink') return new Link(target, byNetlink(program, ifindex, flags, target))
  return createLink(program, target, { target: ifindex, attachType: BPF_XDP, flags }, hintFor)
}

/** What runs on a device: program ids by mode, where the kernel says them. */
export interface XdpState {
  readonly native?: number
  readonly generic?: number
  readonly offload?: number
}

/** Programs of a device, whoever attached them. Throws BeetraceError `NO_INTERFACE`, SyscallError. */
export function queryXdp(on: string | number): XdpState {
  const xdp = readInterface(on).attributes.get(IFLA_XDP)
  if (xdp === undefined) return {}
  const found = attributes(xdp)
  const id = (type: number): number => {
    const bytes = found.get(type)
    return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, LITTLE_ENDIAN)
  }
  // with one program its id stands alone, and the mode says which it is: 1 native, 2 generic, 3 offload, 4 several
  const attached = found.get(IFLA_XDP_ATTACHED)?.[0] ?? 0
  const one = (mode: number) => (attached === mode ? id(IFLA_XDP_PROG_ID) : 0)
  const native = id(IFLA_XDP_DRV_PROG_ID) || one(1)
  const generic = id(IFLA_XDP_SKB_PROG_ID) || one(2)
  const offload = id(IFLA_XDP_HW_PROG_ID) || one(3)
  return { ...(native && { native }), ...(generic && { generic }), ...(offload && { offload }) }
}

function byNetlink(program: Attachable, ifindex: number, mode: number, target: string): LinkHold {
  set(ifindex, program.fd, mode | XDP_FLAGS_UPDATE_IF_NOEXIST, undefined, program, target)
  let attached = dupFd(program.fd)
  return {
    release: () => {
      // only while it is still ours: another may have taken the place
      request(ifindex, -1, mode | XDP_FLAGS_REPLACE, attached)
      closeFd(attached)
    },
    replace: next => {
      set(ifindex, next.fd, mode | XDP_FLAGS_REPLACE, attached, next, target)
      closeFd(attached)
      attached = dupFd(next.fd)
    },
  }
}

function set(
  ifindex: number,
  fd: number,
  flags: number,
  expectedFd: number | undefined,
  program: Attachable,
  target: string,
): void {
  const { result, message } = request(ifindex, fd, flags, expectedFd)
  if (result >= 0) return
  const inWords = message === '' ? hintFor : () => ({ hint: message })
  throw attachRefused('netlink(RTM_SETLINK)', result, program, target, inWords)
}

function request(ifindex: number, fd: number, flags: number, expectedFd: number | undefined) {
  const header = new Uint8Array(new ArrayBuffer(IFINFOMSG_BYTES))
  new DataView(header.buffer).setInt32(4, ifindex, LITTLE_ENDIAN)
  const parts = [u32Attribute(IFLA_XDP_FD, fd), u32Attribute(IFLA_XDP_FLAGS, flags)]
  if (expectedFd !== undefined) parts.push(u32Attribute(IFLA_XDP_EXPECTED_FD, expectedFd))
  return netlinkRequest(RTM_SETLINK, 0, joinBytes(header, nested(IFLA_XDP, ...parts)))
}

function hintFor(error: number) {
  switch (error) {
    case errno.EBUSY:
    case errno.EEXIST:
      return { hint: 'the device has an XDP program already, or one in another mode' }
    case errno.EOPNOTSUPP:
      return { hint: "the device's driver has no XDP: use mode generic" }
    case errno.EINVAL:
      return { hint: 'the program must be of type BPF_PROG_TYPE_XDP, loaded for this mode' }
    case errno.ENODEV:
      return { hint: 'there is no such interface in this network namespace' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
