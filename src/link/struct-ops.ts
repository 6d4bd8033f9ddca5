// struct_ops: a map whose value is a table of programs that takes the place of one of the kernel's own (a congestion control,
// a scheduler).

import { errno, SyscallError } from '../errors/index.ts'
import {
  BPF_F_LINK,
  BPF_STRUCT_OPS,
  bpfLinkCreate,
  bpfMapDelete,
  bpfMapUpdate,
  checkSyscall,
  closeFd,
  dupFd,
} from '../sys/index.ts'
import { Link } from './link.ts'

/** A map of type STRUCT_OPS. */
export interface StructOpsMap {
  readonly fd: number
  readonly name: string
  /** BPF_F_*: with BPF_F_LINK (Linux 6.4) it is attached by link and can be updated to another map */
  readonly flags: number
}

/**
 * Attaches what the map describes. `link.update(otherMap)` puts another map of the same kind in its place, where the kind
 * allows that.
 * @param value the map's value with the programs' descriptors in it, unless it was written before
 * @throws SyscallError
 */
export function attachStructOps(map: StructOpsMap, value?: Uint8Array): Link {
  const target = `struct_ops "${map.name}"`
  const action = `register ${target}`
  // without BPF_F_LINK writing the value is what registers it
  if (value !== undefined)
    checkSyscall(bpfMapUpdate(map.fd, KEY_0, value), 'bpf(BPF_MAP_UPDATE_ELEM)', action, HINT)
  if ((map.flags & BPF_F_LINK) === 0) {
    const fd = dupFd(map.fd)
    return new Link(target, {
      release: () => {
        bpfMapDelete(fd, KEY_0)
        closeFd(fd)
      },
    })
  }
  const result = bpfLinkCreate({ progFd: map.fd, target: 0, attachType: BPF_STRUCT_OPS })
  if (result >= 0) return new Link(target, { links: [result] })
  throw new SyscallError('bpf(BPF_LINK_CREATE)', result, action, {
    ...(result === -errno.EEXIST ? { hint: 'one of that name is registered already' } : HINT),
  })
}

const KEY_0 = new Uint8Array(new ArrayBuffer(4))
const HINT = { capabilities: ['CAP_BPF', 'CAP_SYS_ADMIN'] } as const
