// Program types as features: each is tried by loading `r0 = 0; exit`.

import { errno, NotSupportedError } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import {
  bpfLinkCreate,
  bpfProgBindMap,
  bpfProgStreamRead,
  bpfProgTestRun,
  bpfRawTracepointOpen,
} from '../sys/index.ts'
import type { Feature, FeatureAnswer } from './feature.ts'
import { answer, type ProbeProgram, tryProgram, withFd, withProgram } from './probe.ts'
import { vmlinuxBtf } from './vmlinux-btf.ts'

const PROGRAM_TYPES: readonly (ProbeProgram & { readonly since: string })[] = [
  { type: bpf.BPF_PROG_TYPE_SOCKET_FILTER, since: '3.19' },
  { type: bpf.BPF_PROG_TYPE_KPROBE, since: '4.1' },
  { type: bpf.BPF_PROG_TYPE_SCHED_CLS, since: '4.1' },
  { type: bpf.BPF_PROG_TYPE_SCHED_ACT, since: '4.1' },
  { type: bpf.BPF_PROG_TYPE_TRACEPOINT, since: '4.7' },
  { type: bpf.BPF_PROG_TYPE_XDP, since: '4.8' },
  { type: bpf.BPF_PROG_TYPE_PERF_EVENT, since: '4.9' },
  { type: bpf.BPF_PROG_TYPE_CGROUP_SKB, since: '4.10' },
  { type: bpf.BPF_PROG_TYPE_CGROUP_SOCK, since: '4.10' },
  { type: bpf.BPF_PROG_TYPE_LWT_IN, since: '4.10' },
  { type: bpf.BPF_PROG_TYPE_LWT_OUT, since: '4.10' },
  { type: bpf.BPF_PROG_TYPE_LWT_XMIT, since: '4.10' },
  { type: bpf.BPF_PROG_TYPE_SOCK_OPS, since: '4.13' },
  { type: bpf.BPF_PROG_TYPE_SK_SKB, since: '4.14' },
  { type: bpf.BPF_PROG_TYPE_CGROUP_DEVICE, since: '4.15' },
  { type: bpf.BPF_PROG_TYPE_SK_MSG, since: '4.17' },
  { type: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT, since: '4.17' },
  {
    type: bpf.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    since: '4.17',
    expectedAttachType: bpf.BPF_CGROUP_INET4_CONNECT,
  },
  { type: bpf.BPF_PROG_TYPE_LWT_SEG6LOCAL, since: '4.18' },
  { type: bpf.BPF_PROG_TYPE_LIRC_MODE2, since: '4.18' },
  { type: bpf.BPF_PROG_TYPE_SK_REUSEPORT, since: '4.19' },
  { type: bpf.BPF_PROG_TYPE_FLOW_DISSECTOR, since: '4.20' },
  { type: bpf.BPF_PROG_TYPE_CGROUP_SYSCTL, since: '5.2', expectedAttachType: bpf.BPF_CGROUP_SYSCTL },
  { type: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, since: '5.2' },
  { type: bpf.BPF_PROG_TYPE_CGROUP_SOCKOPT, since: '5.3', expectedAttachType: bpf.BPF_CGROUP_SETSOCKOPT },
  { type: bpf.BPF_PROG_TYPE_SK_LOOKUP, since: '5.9', expectedAttachType: bpf.BPF_SK_LOOKUP },
  { type: bpf.BPF_PROG_TYPE_SYSCALL, since: '5.14', flags: bpf.BPF_F_SLEEPABLE },
  { type: bpf.BPF_PROG_TYPE_NETFILTER, since: '6.4', expectedAttachType: bpf.BPF_NETFILTER },
]

/**
 * Each program type by its kernel name. TRACING, LSM, EXT and STRUCT_OPS must name what they attach to; they are
 * asked with a type that is none, and a kernel that has them complains about just that in its log.
 */
export const programTypeFeatures: Readonly<Record<string, Feature>> = Object.fromEntries([
  ...PROGRAM_TYPES.map(({ since, ...program }) => {
    const name = bpf.bpfProgTypeNames[program.type]!
    return [name, { name, since, probe: () => answer(tryProgram(program).errno) }] as const
  }),
  byComplaint('5.5', { type: bpf.BPF_PROG_TYPE_TRACING, expectedAttachType: bpf.BPF_TRACE_FENTRY }),
  byComplaint('5.6', { type: bpf.BPF_PROG_TYPE_EXT }),
  byComplaint('5.6', { type: bpf.BPF_PROG_TYPE_STRUCT_OPS }),
  byComplaint('5.7', { type: bpf.BPF_PROG_TYPE_LSM, expectedAttachType: bpf.BPF_LSM_MAC }),
])

function byComplaint(since: string, program: ProbeProgram): readonly [string, Feature] {
  const name = bpf.bpfProgTypeNames[program.type]!
  const probe = () => {
    const attempt = tryProgram({ ...program, attachBtfId: 1 })
    return COMPLAINT.test(attempt.log) ? YES : answer(attempt.errno)
  }
  return [name, { name, since, probe }]
}

const COMPLAINT = /attach_btf_id 1 is not|Cannot replace kernel functions|not a supported struct/

const YES: FeatureAnswer = { kind: 'yes' }

/**
 * Programs at the entry and exit of kernel functions, loaded and attached: an architecture can take the program and
 * have no trampoline to call it from. The function exists to be tested on and runs in BPF_PROG_TEST_RUN only.
 */
export const fentry: Feature = {
  name: 'fentry',
  since: '5.5',
  probe: () => attachTracing('bpf_fentry_test1', bpf.BPF_TRACE_FENTRY),
}

export const fexit: Feature = {
  name: 'fexit',
  since: '5.5',
  probe: () => attachTracing('bpf_fentry_test1', bpf.BPF_TRACE_FEXIT),
}

/** One program at both, which is told by what it was called. */
export const fsession: Feature = {
  name: 'fsession',
  since: '7.0',
  probe: () => attachTracing('bpf_fentry_test1', bpf.BPF_TRACE_FSESSION),
}

/** A cookie for them, and for modify-return and LSM programs. */
export const tracingCookie: Feature = {
  name: 'bpf cookie for fentry',
  since: '5.19',
  probe: () =>
    withBtfId('bpf_fentry_test1', 'func', attachBtfId =>
      withProgram(
        { type: bpf.BPF_PROG_TYPE_TRACING, expectedAttachType: bpf.BPF_TRACE_FENTRY, attachBtfId },
        progFd => {
          const options = { kind: 'tracing', cookie: 1n } as const
          return withFd(
            bpfLinkCreate({ progFd, target: 0, attachType: bpf.BPF_TRACE_FENTRY, options }),
            () => 0,
          )
        },
      ),
    ),
}

/** BTF-typed raw tracepoints; attached to a rare one, briefly. */
export const tpBtf: Feature = {
  name: 'tp_btf',
  since: '5.5',
  probe: () => attachTracing('btf_trace_task_newtask', bpf.BPF_TRACE_RAW_TP),
}

/** Iterators over tasks; the link alone runs nothing. */
export const iterTask: Feature = {
  name: 'iter',
  since: '5.8',
  probe: () =>
    withBtfId('bpf_iter_task', 'func', attachBtfId =>
      withProgram(
        { type: bpf.BPF_PROG_TYPE_TRACING, expectedAttachType: bpf.BPF_TRACE_ITER, attachBtfId },
        fd => withFd(bpfLinkCreate({ progFd: fd, target: 0, attachType: bpf.BPF_TRACE_ITER }), () => 0),
      ),
    ),
}

/** LSM programs. Loading works without `bpf` in the kernel's `lsm=` list, and then the program is never called. */
export const lsm: Feature = {
  name: 'lsm',
  since: '5.7',
  probe: () => loadAt('bpf_lsm_bpf', { type: bpf.BPF_PROG_TYPE_LSM, expectedAttachType: bpf.BPF_LSM_MAC }),
}

/** What a program says, and the kernel of it, to be read: BPF_PROG_STREAM_READ_BY_FD. No program has that descriptor: EBADF. */
export const programStreams: Feature = {
  name: 'program streams',
  since: '6.17',
  probe: () =>
    answer(-bpfProgStreamRead(-1, bpf.BPF_STREAM_STDERR, new Uint8Array(8)), { proves: [errno.EBADF] }),
}

/** A program that owns maps which its code does not mention: BPF_PROG_BIND_MAP. */
export const bindMap: Feature = {
  name: 'BPF_PROG_BIND_MAP',
  since: '5.10',
  probe: () => answer(-bpfProgBindMap(-1, -1), { proves: [errno.EBADF] }),
}

/** Test runs that hand packets on. Kernels that do not look at the flag refuse a batch size. */
export const xdpLiveFrames: Feature = {
  name: 'XDP test runs with live frames',
  since: '5.18',
  probe: () =>
    answer(
      withProgram({ type: bpf.BPF_PROG_TYPE_XDP }, progFd => {
        const dataIn = new Uint8Array(64)
        const flags = bpf.BPF_F_TEST_XDP_LIVE_FRAMES
        return -bpfProgTestRun({ progFd, dataIn, repeat: 1, batchSize: 1, flags }).result
      }),
    ),
}

/** Sleepable programs, which may fault user memory in (bpf_copy_from_user); the first LSM hook that took them. */
export const sleepable: Feature = {
  name: 'sleepable programs',
  since: '5.10',
  probe: () =>
    loadAt('bpf_lsm_bprm_committed_creds', {
      type: bpf.BPF_PROG_TYPE_LSM,
      expectedAttachType: bpf.BPF_LSM_MAC,
      flags: bpf.BPF_F_SLEEPABLE,
    }),
}

/** Sleepable programs on uprobes. */
export const sleepableUprobe: Feature = {
  name: 'sleepable uprobes',
  since: '6.0',
  probe: () => answer(tryProgram({ type: bpf.BPF_PROG_TYPE_KPROBE, flags: bpf.BPF_F_SLEEPABLE }).errno),
}

function attachTracing(name: string, expectedAttachType: number): FeatureAnswer {
  const kind = name.startsWith('btf_trace_') ? 'typedef' : 'func'
  return withBtfId(name, kind, attachBtfId =>
    withProgram({ type: bpf.BPF_PROG_TYPE_TRACING, expectedAttachType, attachBtfId }, fd =>
      withFd(bpfRawTracepointOpen(undefined, fd), () => 0),
    ),
  )
}

function loadAt(name: string, program: ProbeProgram): FeatureAnswer {
  return withBtfId(name, 'func', attachBtfId => tryProgram({ ...program, attachBtfId }).errno)
}

function withBtfId(
  name: string,
  kind: 'func' | 'typedef',
  attempt: (btfId: number) => number,
): FeatureAnswer {
  try {
    const type = vmlinuxBtf().find(name, kind)
    if (type === undefined) return { kind: 'missing', reason: `the kernel's BTF has no ${kind} ${name}` }
    return answer(attempt(type.id))
  } catch (error) {
    if (!(error instanceof NotSupportedError)) throw error
    return { kind: 'missing', reason: error.message }
  }
}
