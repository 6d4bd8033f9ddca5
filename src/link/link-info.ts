// struct bpf_link_info of include/uapi/linux/bpf.h: what the kernel says of a link, by its type.
//
//     0 type  4 id  8 prog_id  16 … what is particular to the type

import {
  BPF_F_KPROBE_MULTI_RETURN,
  BPF_LINK_TYPE_CGROUP,
  BPF_LINK_TYPE_ITER,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_NETFILTER,
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_NETNS,
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_SOCKMAP,
  BPF_LINK_TYPE_STRUCT_OPS,
  BPF_LINK_TYPE_TCX,
  BPF_LINK_TYPE_TRACING,
  BPF_LINK_TYPE_TRACING_MULTI,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_LINK_TYPE_XDP,
  BPF_PERF_EVENT_EVENT,
  BPF_PERF_EVENT_KPROBE,
  BPF_PERF_EVENT_KRETPROBE,
  BPF_PERF_EVENT_TRACEPOINT,
  BPF_PERF_EVENT_UPROBE,
  BPF_PERF_EVENT_URETPROBE,
  bpfObjGetInfoByFd,
  checkSyscall,
  getU64,
  LITTLE_ENDIAN,
  linux,
  setU64,
} from '../sys/index.ts'

interface LinkBase {
  /** BPF_LINK_TYPE_* */
  readonly type: number
  readonly id: number
  /** 0 for struct_ops */
  readonly progId: number
}

/** What is particular to a type; `other` for one without details, or newer than this package. */
export type LinkDetails =
  | { readonly kind: 'raw_tracepoint'; readonly name: string; readonly cookie: bigint }
  | {
      readonly kind: 'tracing'
      readonly attachType: number
      /** program or BTF object attached to */
      readonly targetObjId: number
      readonly targetBtfId: number
      readonly cookie: bigint
    }
  | { readonly kind: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number }
  | {
      readonly kind: 'iter'
      readonly targetName: string
      readonly mapId: number
      /** `cgroup` iterators: id; task iterators: thread id in the low half and process id in the high half */
      readonly particular: bigint
    }
  | { readonly kind: 'netns'; readonly inode: number; readonly attachType: number }
  | { readonly kind: 'xdp'; readonly ifindex: number }
  | { readonly kind: 'struct_ops'; readonly mapId: number }
  | {
      readonly kind: 'netfilter'
      readonly pf: number
      readonly hooknum: number
      readonly priority: number
      readonly flags: number
    }
  | {
      readonly kind: 'kprobe_multi'
      readonly isReturn: boolean
      readonly count: number
      /** runs left out since Linux 6.7 */
      readonly missed: number
    }
  | {
      readonly kind: 'tracing_multi'
      /** details are new in Linux 7.3 */
      readonly attachType: number
      readonly count: number
      /** BTF object that the functions are of */
      readonly btfObjId: number
    }
  | { readonly kind: 'uprobe_multi'; readonly count: number; readonly pid: number; readonly path: string }
  | {
      readonly kind: 'uprobe' | 'uretprobe'
      readonly path: string
      readonly offset: number
      readonly cookie: bigint
    }
  | {
      readonly kind: 'kprobe' | 'kretprobe'
      readonly name: string
      readonly offset: number
      readonly address: bigint
      readonly missed: number
      readonly cookie: bigint
    }
  | { readonly kind: 'tracepoint'; readonly name: string; readonly cookie: bigint }
  | {
      readonly kind: 'perf_event'
      readonly eventType: number
      readonly config: bigint
      readonly cookie: bigint
    }
  | { readonly kind: 'tcx' | 'netkit'; readonly ifindex: number; readonly attachType: number }
  | { readonly kind: 'sockmap'; readonly mapId: number; readonly attachType: number }
  | { readonly kind: 'other' }

/** What a kernel does not say yet is 0 or empty: perf event details are new in 6.6, cookies of most links in 6.9 and later. */
export type LinkInfo = LinkBase & LinkDetails

/** Larger than the struct of Linux 6.18 (72 bytes); the kernel fills what it knows. */
const INFO_BYTES = 128
const NAME_BYTES = 256

/** Throws SyscallError, with `what` saying the link's target. */
export const readLinkInfo = (fd: number, what: string): LinkInfo => {
  const bytes = new Uint8Array(new ArrayBuffer(INFO_BYTES))
  const data = new DataView(bytes.buffer)
  const ask = () =>
    checkSyscall(bpfObjGetInfoByFd(fd, bytes), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', `ask about the link to ${what}`)
  ask()
  const type = data.getUint32(0, LITTLE_ENDIAN)
  // a string is given where there is room for one, so ask again with some
  const room = nameRoom(type, data.getUint32(16, LITTLE_ENDIAN))
  const name = new Uint8Array(new ArrayBuffer(NAME_BYTES))
  if (room !== undefined) {
    bytes.fill(0)
    setU64(data, room.pointer, linux().address(name))
    data.setUint32(room.length, NAME_BYTES, LITTLE_ENDIAN)
    ask()
  }
  const end = name.indexOf(0)
  const text = Buffer.from(name.buffer, 0, end < 0 ? NAME_BYTES : end).toString('utf8')
  const id = data.getUint32(4, LITTLE_ENDIAN)
  const progId = data.getUint32(8, LITTLE_ENDIAN)
  return { type, id, progId, ...details(type, data, text) }
}

/** Where the struct takes a buffer for a name. */
const nameRoom = (type: number, perfType: number): { pointer: number; length: number } | undefined => {
  switch (type) {
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
    case BPF_LINK_TYPE_ITER:
      return { pointer: 16, length: 24 }
    case BPF_LINK_TYPE_UPROBE_MULTI:
      return { pointer: 16, length: 48 }
    case BPF_LINK_TYPE_PERF_EVENT:
      return perfType === 0 || perfType === BPF_PERF_EVENT_EVENT ? undefined : { pointer: 24, length: 32 }
    default:
      return undefined
  }
}

const details = (type: number, data: DataView, text: string): LinkDetails => {
  const u32 = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
  const u64 = (offset: number) => data.getBigUint64(offset, LITTLE_ENDIAN)
  switch (type) {
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
      return { kind: 'raw_tracepoint', name: text, cookie: u64(32) }
    case BPF_LINK_TYPE_TRACING:
      return {
        kind: 'tracing',
        attachType: u32(16),
        targetObjId: u32(20),
        targetBtfId: u32(24),
        cookie: u64(32),
      }
    case BPF_LINK_TYPE_CGROUP:
      return { kind: 'cgroup', cgroupId: u64(16), attachType: u32(24) }
    case BPF_LINK_TYPE_ITER:
      return { kind: 'iter', targetName: text, mapId: u32(28), particular: u64(32) }
    case BPF_LINK_TYPE_NETNS:
      return { kind: 'netns', inode: u32(16), attachType: u32(20) }
    case BPF_LINK_TYPE_XDP:
      return { kind: 'xdp', ifindex: u32(16) }
    case BPF_LINK_TYPE_STRUCT_OPS:
      return { kind: 'struct_ops', mapId: u32(16) }
    case BPF_LINK_TYPE_NETFILTER:
      return {
        kind: 'netfilter',
        pf: u32(16),
        hooknum: u32(20),
        priority: data.getInt32(24, LITTLE_ENDIAN),
        flags: u32(28),
      }
    case BPF_LINK_TYPE_KPROBE_MULTI:
      return {
        kind: 'kprobe_multi',
        isReturn: (u32(28) & BPF_F_KPROBE_MULTI_RETURN) !== 0,
        count: u32(24),
        missed: getU64(data, 32),
      }
    case BPF_LINK_TYPE_UPROBE_MULTI:
      return { kind: 'uprobe_multi', count: u32(52), pid: u32(60), path: text }
    case BPF_LINK_TYPE_TRACING_MULTI:
      return { kind: 'tracing_multi', attachType: u32(16), count: u32(20), btfObjId: u32(24) }
    case BPF_LINK_TYPE_PERF_EVENT:
      return perfDetails(u32(16), data, text)
    case BPF_LINK_TYPE_TCX:
      return { kind: 'tcx', ifindex: u32(16), attachType: u32(20) }
    case BPF_LINK_TYPE_NETKIT:
      return { kind: 'netkit', ifindex: u32(16), attachType: u32(20) }
    case BPF_LINK_TYPE_SOCKMAP:
      return { kind: 'sockmap', mapId: u32(16), attachType: u32(20) }
    default:
      return { kind: 'other' }
  }
}

const perfDetails = (perfType: number, data: DataView, text: string): LinkDetails => {
  const u32 = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
  const u64 = (offset: number) => data.getBigUint64(offset, LITTLE_ENDIAN)
  switch (perfType) {
    case BPF_PERF_EVENT_UPROBE:
    case BPF_PERF_EVENT_URETPROBE:
      return {
        kind: perfType === BPF_PERF_EVENT_UPROBE ? 'uprobe' : 'uretprobe',
        path: text,
        offset: u32(36),
        cookie: u64(40),
      }
    case BPF_PERF_EVENT_KPROBE:
    case BPF_PERF_EVENT_KRETPROBE:
      return {
        kind: perfType === BPF_PERF_EVENT_KPROBE ? 'kprobe' : 'kretprobe',
        name: text,
        offset: u32(36),
        address: u64(40),
        missed: getU64(data, 48),
        cookie: u64(56),
      }
    case BPF_PERF_EVENT_TRACEPOINT:
      return { kind: 'tracepoint', name: text, cookie: u64(40) }
    case BPF_PERF_EVENT_EVENT:
      return { kind: 'perf_event', eventType: u32(32), config: u64(24), cookie: u64(40) }
    default:
      return { kind: 'other' }
  }
}
