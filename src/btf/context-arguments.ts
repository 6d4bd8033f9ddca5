// Arguments tagged as the context (`__arg_ctx`), for kernels that do not know the tag yet (before Linux 6.8): they take an argument of
// a global function for the context when it points to a struct of the right name. So each such function gets a twin with that
// type, and programs name the twin. Source: bpf_program_fixup_func_info, libbpf.

import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from '../sys/bpf-constants.generated.ts'
import type { Btf } from './btf.ts'
import { type Blob, rewrite } from './kernel-blob.ts'
import {
  BTF_KIND_CONST,
  BTF_KIND_DECL_TAG,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_INT,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_VOLATILE,
  infoKind,
  infoVlen,
} from './kinds.ts'

const TAG = 'arg:ctx'
const LINKAGE_GLOBAL = 1

export interface ContextTwins {
  /** raw BTF with the twins behind what there was */
  readonly data: Uint8Array
  /** by the type of programs: functions by id, and their twins */
  readonly twins: ReadonlyMap<number, ReadonlyMap<number, number>>
}

/** Whether the types have such a tag at all. */
export const hasContextTags = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes(`\0${TAG}\0`)

/**
 * @param programTypes BPF_PROG_TYPE_* that the object has
 * @throws BtfError for types that are malformed
 */
export function addContextTwins(bytes: Uint8Array, btf: Btf, programTypes: Iterable<number>): ContextTwins {
  const twins = new Map<number, Map<number, number>>()
  const data = rewrite(bytes, (blob, addString, addWords) => {
    const { words } = blob
    const tagged = taggedArguments(blob, btf)
    for (const type of programTypes) {
      const context = CONTEXTS[type]
      if (context === undefined || twins.has(type)) continue
      const ofType = new Map<number, number>()
      twins.set(type, ofType)
      let pointer: number | undefined
      for (const [functionId, indexes] of tagged) {
        const func = blob.recordOf(functionId)
        const proto = blob.recordOf(words[func + 2]!)
        const count = infoVlen(words[proto + 1]!)
        const record = [...words.subarray(proto, proto + 3 + count * 2)]
        const wrong = indexes.filter(
          index => index < count && needsName(blob, btf, record[3 + index * 2 + 1]!, type, context),
        )
        if (wrong.length === 0) continue
        pointer ??= addWords([
          0,
          (BTF_KIND_PTR << 24) >>> 0,
          addWords([addString(context), (BTF_KIND_STRUCT << 24) >>> 0, 0]),
        ])
        for (const index of wrong) record[3 + index * 2 + 1] = pointer
        ofType.set(functionId, addWords([words[func]!, words[func + 1]!, addWords(record)]))
      }
    }
  })
  return { data, twins }
}

/** Indexes of tagged arguments, by the id of the global function. */
function taggedArguments(blob: Blob, btf: Btf): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const { words, at, kind } of blob.records()) {
    if (kind !== BTF_KIND_DECL_TAG || btf.string(words[at]!) !== TAG) continue
    const [functionId, index] = [words[at + 2]!, words[at + 3]!]
    const func = blob.recordOf(functionId)
    const info = words[func + 1]!
    if (infoKind(info) !== BTF_KIND_FUNC || infoVlen(info) !== LINKAGE_GLOBAL) continue
    if (infoKind(words[blob.recordOf(words[func + 2]!) + 1]!) !== BTF_KIND_FUNC_PROTO) continue
    found.set(functionId, [...(found.get(functionId) ?? []), index])
  }
  return found
}

/** Of a pointer to nothing in particular, or to what stands for the context in sources; not of one that has the name. */
function needsName(blob: Blob, btf: Btf, typeId: number, programType: number, context: string): boolean {
  const { words } = blob
  const pointer = withoutModifiers(blob, typeId)
  if (pointer === 0 || infoKind(words[blob.recordOf(pointer) + 1]!) !== BTF_KIND_PTR) return false
  const target = withoutModifiers(blob, words[blob.recordOf(pointer) + 2]!)
  if (target === 0) return true
  const at = blob.recordOf(target)
  const [kind, name] = [infoKind(words[at + 1]!), btf.string(words[at]!)]
  if (kind === BTF_KIND_STRUCT && name === context) return false
  switch (programType) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_PERF_EVENT:
      return kind === BTF_KIND_STRUCT && /^(user_)?(pt_regs|regs_struct)$/.test(name)
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
      return kind === BTF_KIND_INT && words[at + 2] === 8
    default:
      return false
  }
}

const MODIFIERS: ReadonlySet<number> = new Set([
  BTF_KIND_CONST,
  BTF_KIND_RESTRICT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_VOLATILE,
])

/** An id; 0 for void, and for modifiers that never end. */
function withoutModifiers(blob: Blob, typeId: number): number {
  let id = typeId
  for (let depth = 0; depth < 64; depth++) {
    if (id === 0) return 0
    const at = blob.recordOf(id)
    if (!MODIFIERS.has(infoKind(blob.words[at + 1]!))) return id
    id = blob.words[at + 2]!
  }
  return 0
}

/** What the kernel calls the context of each type of programs; the others have none with a name. */
const CONTEXTS: Readonly<Record<number, string>> = {
  [BPF_PROG_TYPE_CGROUP_DEVICE]: 'bpf_cgroup_dev_ctx',
  [BPF_PROG_TYPE_CGROUP_SKB]: '__sk_buff',
  [BPF_PROG_TYPE_CGROUP_SOCK]: 'bpf_sock',
  [BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: 'bpf_sock_addr',
  [BPF_PROG_TYPE_CGROUP_SOCKOPT]: 'bpf_sockopt',
  [BPF_PROG_TYPE_CGROUP_SYSCTL]: 'bpf_sysctl',
  [BPF_PROG_TYPE_FLOW_DISSECTOR]: '__sk_buff',
  [BPF_PROG_TYPE_KPROBE]: 'bpf_user_pt_regs_t',
  [BPF_PROG_TYPE_LWT_IN]: '__sk_buff',
  [BPF_PROG_TYPE_LWT_OUT]: '__sk_buff',
  [BPF_PROG_TYPE_LWT_SEG6LOCAL]: '__sk_buff',
  [BPF_PROG_TYPE_LWT_XMIT]: '__sk_buff',
  [BPF_PROG_TYPE_NETFILTER]: 'bpf_nf_ctx',
  [BPF_PROG_TYPE_PERF_EVENT]: 'bpf_perf_event_data',
  [BPF_PROG_TYPE_RAW_TRACEPOINT]: 'bpf_raw_tracepoint_args',
  [BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: 'bpf_raw_tracepoint_args',
  [BPF_PROG_TYPE_SCHED_ACT]: '__sk_buff',
  [BPF_PROG_TYPE_SCHED_CLS]: '__sk_buff',
  [BPF_PROG_TYPE_SK_LOOKUP]: 'bpf_sk_lookup',
  [BPF_PROG_TYPE_SK_MSG]: 'sk_msg_md',
  [BPF_PROG_TYPE_SK_REUSEPORT]: 'sk_reuseport_md',
  [BPF_PROG_TYPE_SK_SKB]: '__sk_buff',
  [BPF_PROG_TYPE_SOCK_OPS]: 'bpf_sock_ops',
  [BPF_PROG_TYPE_SOCKET_FILTER]: '__sk_buff',
  [BPF_PROG_TYPE_XDP]: 'xdp_md',
}
