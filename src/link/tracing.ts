// Programs that were told at load where they attach, by BTF: fentry, fexit, fmod_ret, tp_btf, LSM; and extensions of programs.

import { BeetraceError, errno } from '../errors/index.ts'
import { features, requireFeature } from '../kernel/index.ts'
import { BPF_TRACE_RAW_TP, bpfRawTracepointOpen, type LinkCreateOptions } from '../sys/index.ts'
import { attachRefused, createLink } from './create.ts'
import { type Attachable, Link } from './link.ts'

export interface TracingOptions {
  /** for messages: `fentry vfs_read` */
  readonly target?: string
  /** what bpf_get_attach_cookie gives the program; Linux 5.19, for tp_btf 6.10 */
  readonly cookie?: bigint
  /** the program's own expected_attach_type (BPF_TRACE_FENTRY …), which a cookie needs; a `Program` knows it by itself */
  readonly attachType?: number
}

/**
 * Attaches a program of type TRACING or LSM where its `attachTo` said when it was loaded. Not for iterators
 * (`attachIterator`) and LSM programs of a control group (`attachCgroup`).
 * @throws NotSupportedError for a cookie on an older kernel; BeetraceError `LINK_USE` for one without the attach type;
 *   SyscallError
 */
export function attachTracing(program: Attachable, options: TracingOptions = {}): Link {
  const { target = 'its function', cookie } = options
  if (cookie === undefined) return open(program, target)
  const attachType = options.attachType ?? program.expectedAttachType
  if (attachType === undefined)
    throw new BeetraceError(
      'LINK_USE',
      `attaching program "${program.name}" with a cookie needs its attach type`,
    )
  const isTpBtf = attachType === BPF_TRACE_RAW_TP
  requireFeature(isTpBtf ? features.rawTracepointCookie : features.tracingCookie)
  const cookied: LinkCreateOptions = { kind: 'tracing', cookie }
  return createLink(program, target, { target: 0, attachType, options: cookied }, hintFor)
}

/** A program whose function is to be replaced. */
export interface ExtensionTarget {
  /** descriptor of the program */
  readonly fd: number
  /** BTF id of the function, by `resolveProgramTarget` */
  readonly functionBtfId: number
}

/**
 * Puts a program of type EXT in the place of a function of another program: of the one it was loaded for, or of another
 * of the same shape (Linux 5.10). The function must be global. Closing puts the old one back.
 * @throws NotSupportedError for a cookie on an older kernel than 5.19; SyscallError
 */
export function attachExtension(
  program: Attachable,
  into?: ExtensionTarget,
  { target = 'the function it replaces', cookie }: Pick<TracingOptions, 'target' | 'cookie'> = {},
): Link {
  if (cookie !== undefined) requireFeature(features.tracingCookie)
  else if (into === undefined) return open(program, target)
  const options: LinkCreateOptions = {
    kind: 'tracing',
    ...(into === undefined ? {} : { targetBtfId: into.functionBtfId }),
    ...(cookie === undefined ? {} : { cookie }),
  }
  return createLink(program, target, { target: into?.fd ?? 0, attachType: 0, options }, hintFor)
}

/** The way that all kernels with such programs have. */
function open(program: Attachable, target: string): Link {
  const result = bpfRawTracepointOpen(undefined, program.fd)
  if (result < 0) throw attachRefused('bpf(BPF_RAW_TRACEPOINT_OPEN)', result, program, target, hintFor)
  return new Link(target, { links: [result] })
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return { hint: 'the program must be one that was loaded with a target in BTF' }
    case errno.EBUSY:
      return { hint: 'this program is attached already, or another one is in that place' }
    case errno.E2BIG:
      return { hint: 'a function takes at most 38 such programs' }
    case errno.ENOTSUPP:
    case errno.EOPNOTSUPP:
      return { hint: 'this kernel has no BPF trampolines on this architecture' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
