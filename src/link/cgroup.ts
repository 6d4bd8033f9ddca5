// Programs of a control group: they see what the processes in it and below it do.

import { errno, SyscallError } from '../errors/index.ts'
import { features, hasFeature } from '../kernel/index.ts'
import {
  BPF_F_ALLOW_MULTI,
  BPF_F_ALLOW_OVERRIDE,
  BPF_F_REPLACE,
  bpfAttachTypeNames,
  bpfProgAttach,
  bpfProgDetach,
  closeFd,
  dupFd,
  openForReading,
} from '../sys/index.ts'
import { type OrderOptions, packAnchor } from './anchor.ts'
import { attachRefused, createLink } from './create.ts'
import { type Attachable, Link, type LinkHold } from './link.ts'

export interface CgroupOptions extends OrderOptions {
  /**
   * `attach` forces the way of kernels before 5.7, which is also the only one for programs that are not to share: the program
   * then stays when this process is killed. `link` shares, as `multi`.
   */
  readonly mode?: 'link' | 'attach'
  /** for `attach`: `multi` others may be there too, `override` groups below may have their own, `alone` neither */
  readonly sharing?: 'multi' | 'override' | 'alone'
}

/**
 * Attaches a program of a CGROUP_* type, SOCK_OPS or LSM_CGROUP to a control group (version 2): `attachCgroup(program,
 * '/sys/fs/cgroup/mine', BPF_CGROUP_INET_EGRESS)`. By bpf_link since Linux 5.7. `anchor` needs Linux 6.16.
 *
 * @param on path of the group's directory, or an open descriptor of it, which stays the caller's
 * @param attachType BPF_CGROUP_*, BPF_LSM_CGROUP
 * @throws SyscallError, also when the directory cannot be opened
 */
export function attachCgroup(
  program: Attachable,
  on: string | number,
  attachType: number,
  options: CgroupOptions = {},
): Link {
  const name = bpfAttachTypeNames[attachType] ?? `attach type ${attachType}`
  const target = `${name} of control group ${typeof on === 'number' ? `at descriptor ${on}` : on}`
  const cgroupFd = typeof on === 'number' ? on : openForReading(on)
  if (cgroupFd < 0) throw new SyscallError('openat', cgroupFd, `open control group ${on}`)
  try {
    const mode = options.mode ?? (hasFeature(features.cgroupLink) ? 'link' : 'attach')
    return mode === 'link'
      ? byLink(program, cgroupFd, attachType, target, options)
      : new Link(target, byAttach(program, cgroupFd, attachType, target, options))
  } finally {
    if (typeof on === 'string') closeFd(cgroupFd)
  }
}

function byLink(
  program: Attachable,
  cgroupFd: number,
  attachType: number,
  target: string,
  order: OrderOptions,
): Link {
  const anchored = order.anchor === undefined && order.expectedRevision === undefined ? {} : packAnchor(order)
  return createLink(program, target, { target: cgroupFd, attachType, ...anchored }, hintFor)
}

const SHARING = { multi: BPF_F_ALLOW_MULTI, override: BPF_F_ALLOW_OVERRIDE, alone: 0 } as const

function byAttach(
  program: Attachable,
  cgroupFd: number,
  attachType: number,
  target: string,
  { sharing = 'multi' }: CgroupOptions,
): LinkHold {
  const attachFlags = SHARING[sharing]
  const result = bpfProgAttach({ target: cgroupFd, progFd: program.fd, attachType, attachFlags })
  if (result < 0) throw attachRefused('bpf(BPF_PROG_ATTACH)', result, program, target, hintFor)
  // detaching names the group and, where it is one of several, the program: both are kept open for it
  const group = dupFd(cgroupFd)
  let attached = dupFd(program.fd)
  return {
    release: () => {
      bpfProgDetach({ target: group, progFd: attached, attachType })
      closeFd(attached)
      closeFd(group)
    },
    replace: next => {
      const replacing = sharing === 'multi' ? { replaceBpfFd: attached } : {}
      const flags = attachFlags | (sharing === 'multi' ? BPF_F_REPLACE : 0)
      const again = bpfProgAttach({
        target: group,
        progFd: next.fd,
        attachType,
        attachFlags: flags,
        ...replacing,
      })
      if (again < 0) throw attachRefused('bpf(BPF_PROG_ATTACH)', again, next, target, hintFor)
      closeFd(attached)
      attached = dupFd(next.fd)
    },
  }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EBADF:
      return { hint: 'it must be the directory of a control group of version 2' }
    case errno.EINVAL:
      return { hint: 'the program must be loaded for this attach type; anchors need Linux 6.16' }
    case errno.EPERM:
      return {
        hint: 'a group above has a program there that does not share, or this process lacks CAP_NET_ADMIN',
      }
    case errno.EEXIST:
      return { hint: 'this program is attached there already' }
    case errno.E2BIG:
      return { hint: 'a control group takes at most 64 programs of a kind' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] as const }
  }
}
