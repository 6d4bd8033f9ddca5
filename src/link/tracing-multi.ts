// One link on many kernel functions by BTF: as fentry and fexit, without a program for each function.

import { errno } from '../errors/index.ts'
import { features, requireFeature } from '../kernel/index.ts'
import { BPF_TRACE_FENTRY_MULTI, type LinkCreateOptions } from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

/** Functions of the kernel, or of the one module that the program was loaded for. */
export interface TracingMultiPlaces {
  /** BTF ids, each once: `traceableFunctions('vfs_*').ids` */
  readonly ids: readonly number[]
  /** what bpf_get_attach_cookie gives the program at each of them; goes by the same index */
  readonly cookies?: readonly bigint[]
}

/**
 * Attaches a program of type TRACING to many functions by one link. All of them or none. Linux 7.2.
 * @param attachType its expected_attach_type, BPF_TRACE_FENTRY_MULTI, _FEXIT_MULTI or _FSESSION_MULTI; a `Program` knows it by itself
 * @throws NotSupportedError on older kernels, where each function takes a program and `attachTracing`; SyscallError
 */
export function attachTracingMulti(
  program: Attachable,
  { ids, cookies }: TracingMultiPlaces,
  attachType: number = program.expectedAttachType ?? BPF_TRACE_FENTRY_MULTI,
): Link {
  requireFeature(features.tracingMulti)
  const options: LinkCreateOptions = {
    kind: 'tracingMulti',
    ids: Uint32Array.from(ids),
    ...(cookies !== undefined && { cookies: BigUint64Array.from(cookies) }),
  }
  return createLink(program, `${ids.length} kernel functions`, { target: 0, attachType, options }, hintFor)
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return {
        hint:
          'the program must be loaded for this attach type, and each id be that of a function that ftrace can trace, ' +
          'in the kernel or in the module that the program was loaded for',
      }
    case errno.ENOENT:
    case errno.ESRCH:
      return { hint: 'one of the functions cannot be traced' }
    case errno.EBUSY:
    case errno.EEXIST:
      return { hint: 'a function is named twice, or this program is attached to it already' }
    case errno.E2BIG:
      return {
        hint: 'these are more functions than one link takes, or one of them has 38 such programs already',
      }
    case errno.EOPNOTSUPP:
    case errno.ENOTSUPP:
      return { hint: 'this kernel has no BPF trampolines on this architecture' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
