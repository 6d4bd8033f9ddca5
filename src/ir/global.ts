// Global subprograms: what their parameters may be, and their prototypes in BTF terms.
// The kernel's rules are those of btf_prepare_func_args (kernel/bpf/btf.c).

import type { GlobalFunction, ParamInfo } from '../btf/program-info.ts'
import { IrError } from '../errors/ir-error.ts'
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from '../sys/bpf-constants.generated.ts'
import type { Signature } from './program.ts'
import { byteSize, printType, type Type } from './types.ts'

/**
 * The struct a pointer to the context must name, by program type; other kinds have no name the kernel goes by.
 * kprobes have a typedef, but before 6.3 only a struct of its name is taken, and since then it still is.
 * Source: include/linux/bpf_types.h and btf_get_prog_ctx_type
 */
const CONTEXTS: Readonly<Record<number, string>> = {
  [BPF_PROG_TYPE_SOCKET_FILTER]: '__sk_buff',
  [BPF_PROG_TYPE_SCHED_CLS]: '__sk_buff',
  [BPF_PROG_TYPE_SCHED_ACT]: '__sk_buff',
  [BPF_PROG_TYPE_CGROUP_SKB]: '__sk_buff',
  [BPF_PROG_TYPE_XDP]: 'xdp_md',
  [BPF_PROG_TYPE_KPROBE]: 'bpf_user_pt_regs_t',
  [BPF_PROG_TYPE_PERF_EVENT]: 'bpf_perf_event_data',
  [BPF_PROG_TYPE_RAW_TRACEPOINT]: 'bpf_raw_tracepoint_args',
  [BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: 'bpf_raw_tracepoint_args',
}

/** @throws IrError IR_MISUSE for a parameter or result that no global subprogram can have */
export function checkGlobal(name: string, { params, result }: Signature, progType: number): void {
  for (const type of params) {
    if (paramInfo(type, progType) !== undefined) continue
    const hint =
      type.kind === 'pointer' && type.space === 'context'
        ? 'the context of this kind of program has no name'
        : 'use memoryOf for pointers'
    throw new IrError(
      'IR_MISUSE',
      `global subprogram "${name}" cannot take a parameter ${printType(type)}: ${hint}`,
    )
  }
  if (result.kind === 'pointer')
    throw new IrError('IR_MISUSE', `global subprogram "${name}" cannot return ${printType(result)}`)
}

export function globalFunction(name: string, { params }: Signature, progType: number): GlobalFunction {
  return { name, params: params.map(type => paramInfo(type, progType)!) }
}

function paramInfo(type: Type, progType: number): ParamInfo | undefined {
  if (type.kind !== 'pointer')
    return { kind: 'int', sizeBytes: byteSize(type), signed: type.kind === 'int' && type.signed }
  // An address the verifier does not track is a number to it.
  if (type.space === 'kernel' || type.space === 'user') return { kind: 'int', sizeBytes: 8, signed: false }
  if (type.space === 'context') {
    const struct = CONTEXTS[progType]
    return struct === undefined ? undefined : { kind: 'structPointer', struct, sizeBytes: 0 }
  }
  const { sizeBytes } = type
  if (sizeBytes === undefined) return undefined
  return { kind: 'structPointer', struct: `memory${sizeBytes}`, sizeBytes }
}
