// bpf(2) commands that are the same for every kind of object: pins, ids, information.

import { errno } from '../errors/index.ts'
import { beginAttr, callBpf, getU32, pointer, s32, u32 } from './bpf-attr.ts'
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_LINK_GET_FD_BY_ID,
  BPF_LINK_GET_NEXT_ID,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_GET_NEXT_ID,
  BPF_OBJ_GET,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_OBJ_PIN,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
  BPF_TASK_FD_QUERY,
} from './bpf-constants.generated.ts'
import { cString } from './bytes.ts'

/** Makes `fd` outlive this process under a path of a BPF file system. -EPERM: not on one. */
export const bpfObjPin = (fd: number, path: string): number => {
  const attr = beginAttr()
  pointer(attr, 0, cString(path))
  s32(attr, 8, fd)
  return callBpf(BPF_OBJ_PIN, 16)
}

/** What to do about a path that took no pin. */
export const pinHint = (result: number): { readonly hint: string } | undefined => {
  switch (-result) {
    case errno.EPERM:
      return {
        hint: 'the path must be in a BPF file system, as /sys/fs/bpf is, and its last part without dots',
      }
    case errno.ENOENT:
      return { hint: 'make its folder first; a BPF file system is mounted by mount -t bpf bpf /sys/fs/bpf' }
    case errno.EEXIST:
      return { hint: 'remove what is there (rm), or pin under another name' }
    default:
      return undefined
  }
}

/** A descriptor of a pinned object. `fileFlags`: 0, BPF_F_RDONLY or BPF_F_WRONLY */
export const bpfObjGet = (path: string, fileFlags = 0): number => {
  const attr = beginAttr()
  pointer(attr, 0, cString(path))
  u32(attr, 12, fileFlags)
  return callBpf(BPF_OBJ_GET, 16)
}

export type ObjectKind = 'prog' | 'map' | 'btf' | 'link'

const NEXT_ID = {
  prog: BPF_PROG_GET_NEXT_ID,
  map: BPF_MAP_GET_NEXT_ID,
  btf: BPF_BTF_GET_NEXT_ID,
  link: BPF_LINK_GET_NEXT_ID,
} as const

const FD_BY_ID = {
  prog: BPF_PROG_GET_FD_BY_ID,
  map: BPF_MAP_GET_FD_BY_ID,
  btf: BPF_BTF_GET_FD_BY_ID,
  link: BPF_LINK_GET_FD_BY_ID,
} as const

/** The lowest id above `startId`, or -ENOENT after the last. Needs CAP_SYS_ADMIN. */
export const bpfGetNextId = (kind: ObjectKind, startId: number): number => {
  const attr = beginAttr()
  u32(attr, 0, startId)
  const result = callBpf(NEXT_ID[kind], 8)
  return result < 0 ? result : getU32(attr, 4)
}

/** A descriptor of the object with this id. `openFlags` (maps): BPF_F_RDONLY or BPF_F_WRONLY */
export const bpfGetFdById = (kind: ObjectKind, id: number, openFlags = 0): number => {
  const attr = beginAttr()
  u32(attr, 0, id)
  u32(attr, 8, openFlags)
  return callBpf(FD_BY_ID[kind], 12)
}

/**
 * struct bpf_prog_info, bpf_map_info, bpf_btf_info or bpf_link_info of `fd` into `info`, as many bytes of it as the
 * kernel knows; what comes back is that number, or -errno. Pointers within `info` must be kept alive by the caller.
 */
export const bpfObjGetInfoByFd = (fd: number, info: Uint8Array): number => {
  const attr = beginAttr()
  s32(attr, 0, fd)
  u32(attr, 4, info.byteLength)
  pointer(attr, 8, info)
  const result = callBpf(BPF_OBJ_GET_INFO_BY_FD, 16)
  return result < 0 ? result : getU32(attr, 4)
}

export interface TaskFdQueryResult {
  readonly result: number
  readonly progId: number
  /** BPF_FD_TYPE_* */
  readonly fdType: number
}

/** What program a perf event descriptor of some process runs. Linux 4.18. */
export const bpfTaskFdQuery = (pid: number, fd: number, name: Uint8Array): TaskFdQueryResult => {
  const attr = beginAttr()
  u32(attr, 0, pid)
  s32(attr, 4, fd)
  u32(attr, 12, name.byteLength)
  pointer(attr, 16, name)
  const result = callBpf(BPF_TASK_FD_QUERY, 48)
  return { result, progId: getU32(attr, 24), fdType: getU32(attr, 28) }
}
