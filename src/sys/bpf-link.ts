// bpf(2) commands that attach: links of every kind, and raw tracepoints.

import { beginAttr, callBpf, pointer, s32, u32, u64 } from './bpf-attr.ts'
import {
  BPF_ITER_CREATE,
  BPF_LINK_CREATE,
  BPF_LINK_DETACH,
  BPF_LINK_UPDATE,
  BPF_RAW_TRACEPOINT_OPEN,
} from './bpf-constants.generated.ts'
import { cString } from './bytes.ts'

/**
 * Attaches a raw tracepoint program by the tracepoint's name, or (without a name) a BTF-based tracing program where
 * its attach_btf_id says. Gives a link descriptor: closing it detaches. `cookie` needs Linux 6.10.
 */
export const bpfRawTracepointOpen = (name: string | undefined, progFd: number, cookie?: bigint): number => {
  const attr = beginAttr()
  if (name !== undefined) pointer(attr, 0, cString(name))
  s32(attr, 8, progFd)
  u64(attr, 16, cookie)
  return callBpf(BPF_RAW_TRACEPOINT_OPEN, 24)
}

/** What stands in the union of BPF_LINK_CREATE after the flags, by kind of link. */
export type LinkCreateOptions =
  | { readonly kind: 'none' }
  /** fentry, fexit, fmod_ret, LSM, extensions: cookie since Linux 6.0 */
  | { readonly kind: 'tracing'; readonly targetBtfId?: number; readonly cookie?: bigint }
  /** perf event: kprobe, uprobe, tracepoint. Linux 5.15 */
  | { readonly kind: 'perfEvent'; readonly cookie?: bigint }
  /** union bpf_iter_link_info */
  | { readonly kind: 'iter'; readonly info: Uint8Array }
  /** exactly one of syms (array of char *) and addrs. Linux 5.18 */
  | {
      readonly kind: 'kprobeMulti'
      readonly flags?: number
      readonly count: number
      readonly syms?: BigUint64Array
      readonly addrs?: BigUint64Array
      readonly cookies?: BigUint64Array
    }
  /** Linux 6.6 */
  | {
      readonly kind: 'uprobeMulti'
      readonly path: string
      /** descriptor of the file, in place of its path. Linux 7.2, with BPF_F_UPROBE_MULTI_PATH_FD */
      readonly pathFd?: number
      readonly offsets: BigUint64Array
      readonly refCtrOffsets?: BigUint64Array
      readonly cookies?: BigUint64Array
      readonly flags?: number
      readonly pid?: number
    }
  /** fentry.multi and its like: ids of functions in the BTF that the program was loaded for. Linux 7.2 */
  | { readonly kind: 'tracingMulti'; readonly ids: Uint32Array; readonly cookies?: BigUint64Array }
  /** tcx, netkit, cgroup (6.16): order among the programs there */
  | { readonly kind: 'ordered'; readonly relative: number; readonly expectedRevision?: bigint }
  | {
      readonly kind: 'netfilter'
      readonly pf: number
      readonly hooknum: number
      readonly priority: number
      readonly flags?: number
    }

export interface LinkCreateAttr {
  /** or, for a struct_ops link, the map's descriptor */
  readonly progFd: number
  /** descriptor of the target, or an interface index */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  readonly options?: LinkCreateOptions
}

/** A link descriptor: closing it detaches, unless it is pinned. Linux 5.7 and later by kind. */
export const bpfLinkCreate = (a: LinkCreateAttr): number => {
  const attr = beginAttr()
  s32(attr, 0, a.progFd)
  s32(attr, 4, a.target)
  u32(attr, 8, a.attachType)
  u32(attr, 12, a.flags)
  return callBpf(BPF_LINK_CREATE, linkOptions(attr, a.options ?? { kind: 'none' }))
}

/** Packs the union at offset 16 and gives the end of what it holds. */
const linkOptions = (attr: DataView, options: LinkCreateOptions): number => {
  switch (options.kind) {
    case 'none':
      return 16
    case 'tracing':
      u32(attr, 16, options.targetBtfId)
      u64(attr, 24, options.cookie)
      return 32
    case 'perfEvent':
      u64(attr, 16, options.cookie)
      return 24
    case 'iter':
      pointer(attr, 16, options.info)
      u32(attr, 24, options.info.byteLength)
      return 28
    case 'kprobeMulti':
      u32(attr, 16, options.flags)
      u32(attr, 20, options.count)
      pointer(attr, 24, options.syms)
      pointer(attr, 32, options.addrs)
      pointer(attr, 40, options.cookies)
      return 48
    case 'uprobeMulti':
      if (options.pathFd === undefined) pointer(attr, 16, cString(options.path))
      pointer(attr, 24, options.offsets)
      pointer(attr, 32, options.refCtrOffsets)
      pointer(attr, 40, options.cookies)
      u32(attr, 48, options.offsets.length)
      u32(attr, 52, options.flags)
      u32(attr, 56, options.pid)
      s32(attr, 60, options.pathFd)
      return options.pathFd === undefined ? 60 : 64
    case 'tracingMulti':
      pointer(attr, 16, options.ids)
      pointer(attr, 24, options.cookies)
      u32(attr, 32, options.ids.length)
      return 36
    case 'ordered':
      s32(attr, 16, options.relative)
      u64(attr, 24, options.expectedRevision)
      return 32
    case 'netfilter':
      u32(attr, 16, options.pf)
      u32(attr, 20, options.hooknum)
      s32(attr, 24, options.priority)
      u32(attr, 28, options.flags)
      return 32
  }
}

/** Puts another program (or struct_ops map) behind a link, at once for all CPUs. */
export const bpfLinkUpdate = (
  linkFd: number,
  newProgFd: number,
  options: { readonly flags?: number; readonly oldProgFd?: number } = {},
): number => {
  const attr = beginAttr()
  s32(attr, 0, linkFd)
  s32(attr, 4, newProgFd)
  u32(attr, 8, options.flags)
  s32(attr, 12, options.oldProgFd)
  return callBpf(BPF_LINK_UPDATE, 16)
}

/** Detaches while the link object lives on. Linux 5.9. */
export const bpfLinkDetach = (linkFd: number): number => {
  const attr = beginAttr()
  s32(attr, 0, linkFd)
  return callBpf(BPF_LINK_DETACH, 4)
}

/** A descriptor to read an iterator's output from. Linux 5.8. */
export const bpfIterCreate = (linkFd: number): number => {
  const attr = beginAttr()
  s32(attr, 0, linkFd)
  return callBpf(BPF_ITER_CREATE, 8)
}
