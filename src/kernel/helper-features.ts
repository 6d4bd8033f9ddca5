// Helper functions as features: whether programs of a type may call one.

import { call, exit, helperByName, type Insn, movImm, R0, R1, R5 } from '../asm/index.ts'
import { BeetraceError } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import type { Feature } from './feature.ts'
import { answer, tryProgram } from './probe.ts'

/**
 * Whether programs of `progType` (BPF_PROG_TYPE_*) may call a helper. The call is made with zeros: the verifier
 * refuses most such calls, and says which helper it does not know only when it does not know it.
 *
 * @throws BeetraceError `HELPER_UNKNOWN` when no kernel known to this package has a helper of that name
 */
export function helperFeature(name: string, progType: number, since = ''): Feature {
  const helper = helperByName(name)
  if (helper === undefined) throw new BeetraceError('HELPER_UNKNOWN', `no kernel has a helper "${name}"`)
  const typeName = bpf.bpfProgTypeNames[progType] ?? `program type ${progType}`
  return {
    name: `${helper.name} in ${typeName}`,
    since,
    probe: () => {
      const zeros: Insn[] = []
      for (let reg = R1; reg <= R5; reg++) zeros.push(movImm(reg, 0))
      const insns = [...zeros, call(helper.id), movImm(R0, 0), exit()]
      const attempt = tryProgram({ type: progType, insns })
      if (UNKNOWN_HELPER.test(attempt.log))
        return { kind: 'missing', reason: `${typeName} programs have no ${helper.name}` }
      // Anything else the verifier says is about the arguments: it knows the helper.
      return attempt.log.includes(`call ${helper.name}#`) ||
        attempt.log.includes(`${helper.name}#${helper.id}`)
        ? { kind: 'yes' }
        : answer(attempt.errno)
    },
  }
}

/** kernel/bpf/verifier.c, check_helper_call; the words changed in 6.10 */
const UNKNOWN_HELPER = /invalid func |unknown func |program of this type cannot use helper/

/** Helpers that programs choose between, in the program types that tracing uses. */
export const helperFeatures = {
  probeReadKernel: helperFeature('bpf_probe_read_kernel', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.5'),
  getNsCurrentPidTgid: helperFeature('bpf_get_ns_current_pid_tgid', bpf.BPF_PROG_TYPE_TRACEPOINT, '5.7'),
  ktimeGetBootNs: helperFeature('bpf_ktime_get_boot_ns', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.7'),
  ringbufReserve: helperFeature('bpf_ringbuf_reserve', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.8'),
  getCurrentTaskBtf: helperFeature('bpf_get_current_task_btf', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.11'),
  taskStorageGet: helperFeature('bpf_task_storage_get', bpf.BPF_PROG_TYPE_TRACEPOINT, '5.18'),
  getAttachCookie: helperFeature('bpf_get_attach_cookie', bpf.BPF_PROG_TYPE_TRACEPOINT, '5.15'),
  strncmp: helperFeature('bpf_strncmp', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.17'),
  /** the call itself; its callback needs BTF of the function, which the loader brings */
  loop: helperFeature('bpf_loop', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '5.17'),
  ktimeGetTaiNs: helperFeature('bpf_ktime_get_tai_ns', bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, '6.1'),
} satisfies Record<string, Feature>
