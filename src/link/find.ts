// Links of the whole system: by id, by pin; and the programs on a hook, by link or not.

import { errno } from '../errors/index.ts'
import {
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
  bpfGetFdById,
  bpfGetNextId,
  bpfObjGet,
  bpfProgQuery,
  checkSyscall,
} from '../sys/index.ts'
import { Link } from './link.ts'

/** Ids of all links, ascending. Needs CAP_SYS_ADMIN. Linux 5.8. Throws SyscallError. */
export function* linkIds(): Generator<number> {
  for (let id = 0; ; ) {
    id = bpfGetNextId('link', id)
    if (id === -errno.ENOENT) return
    yield checkSyscall(id, 'bpf(BPF_LINK_GET_NEXT_ID)', 'list links', { capabilities: ['CAP_SYS_ADMIN'] })
  }
}

/** Another descriptor of a link, whoever made it: closing this one detaches only if it is the last. Throws SyscallError. */
export function openLinkById(id: number): Link {
  const fd = bpfGetFdById('link', id)
  checkSyscall(fd, 'bpf(BPF_LINK_GET_FD_BY_ID)', `open link with id ${id}`, {
    capabilities: ['CAP_SYS_ADMIN'],
  })
  return new Link(`link ${id}`, { links: [fd] })
}

/** Opens a pinned link. The pin keeps it attached when this is closed. Throws SyscallError. */
export function openPinnedLink(path: string): Link {
  const fd = checkSyscall(bpfObjGet(path), 'bpf(BPF_OBJ_GET)', `open pinned link ${path}`)
  return new Link(`pinned link ${path}`, { links: [fd] })
}

/** The programs on a hook of a target, in the order they run. */
export interface AttachedPrograms {
  readonly programIds: readonly number[]
  /** BPF_F_ALLOW_* they were attached with (control groups) */
  readonly attachFlags: number
  /** of tcx and netkit: ids of the links that hold the programs, by the same index; 0 for one without, and elsewhere */
  readonly linkIds: readonly number[]
  /** counts changes, for `expectedRevision`: tcx, netkit, control groups since Linux 6.16; else 0n */
  readonly revision: bigint
}

const BPF_F_QUERY_EFFECTIVE = 1
const ROOM_FIRST = 64
/** Hooks that say which links hold the programs: older kernels refuse the question for others. */
const HAS_LINKS: ReadonlySet<number> = new Set([
  BPF_TCX_INGRESS,
  BPF_TCX_EGRESS,
  BPF_NETKIT_PRIMARY,
  BPF_NETKIT_PEER,
])

/**
 * Asks what is attached to a control group, network namespace, sockmap (by descriptor) or, for tcx and netkit, an
 * interface (by index).
 * @param effective with what is inherited from the groups above
 * @throws SyscallError
 */
export function queryPrograms(target: number, attachType: number, effective = false): AttachedPrograms {
  for (let room = ROOM_FIRST; ; ) {
    const ids = new Uint32Array(new ArrayBuffer(room * 4))
    const links = new Uint32Array(new ArrayBuffer(room * 4))
    const flags = effective ? BPF_F_QUERY_EFFECTIVE : 0
    const answer = bpfProgQuery(target, attachType, flags, ids, HAS_LINKS.has(attachType) ? links : undefined)
    if (answer.result === -errno.ENOSPC) {
      room = answer.count * 2
      continue
    }
    checkSyscall(answer.result, 'bpf(BPF_PROG_QUERY)', 'ask which programs are attached')
    const { attachFlags, revision, count } = answer
    return {
      ...{ attachFlags, revision },
      programIds: [...ids.subarray(0, count)],
      linkIds: [...links.subarray(0, count)],
    }
  }
}
