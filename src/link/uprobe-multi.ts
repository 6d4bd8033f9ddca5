// One link on many places of one file: attaching 10,000 of them takes as long as a few single ones.

import { errno } from '../errors/index.ts'
import { features, requireFeature } from '../kernel/index.ts'
import {
  BPF_F_UPROBE_MULTI_PATH_FD,
  BPF_F_UPROBE_MULTI_RETURN,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
  type LinkCreateOptions,
} from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

export interface UprobeMultiPlaces {
  readonly path: string
  /** open descriptor of the file: no path is looked up then, and `path` only names it in messages. Linux 7.2 */
  readonly fd?: number
  /** file offsets, bytes; the three lists go by the same index */
  readonly offsets: readonly number[]
  /** file offsets of semaphores, 0 for none */
  readonly refCtrOffsets?: readonly number[]
  /** what bpf_get_attach_cookie gives the program at each place */
  readonly cookies?: readonly bigint[]
}

export interface UprobeMultiOptions {
  /**
   * `entry` unless told. A program for `session` runs at both, entry first, and must be loaded with
   * expected_attach_type BPF_TRACE_UPROBE_SESSION (Linux 6.13), for the others with BPF_TRACE_UPROBE_MULTI.
   */
  readonly at?: 'entry' | 'return' | 'session'
  /** one process, all its threads; every process when not given */
  readonly pid?: number
}

/**
 * Attaches a program of type KPROBE to many places of a file by one link. Linux 6.6.
 * @throws NotSupportedError on older kernels, where `attachUprobe` does it one by one; SyscallError
 */
export function attachUprobeMulti(
  program: Attachable,
  { path, fd, offsets, refCtrOffsets, cookies }: UprobeMultiPlaces,
  { at = 'entry', pid }: UprobeMultiOptions = {},
): Link {
  if (fd !== undefined) requireFeature(features.uprobeMultiPathFd)
  requireFeature(at === 'session' ? features.uprobeSession : features.uprobeMulti)
  const target = `${offsets.length} places in ${path}`
  const flags =
    (at === 'return' ? BPF_F_UPROBE_MULTI_RETURN : 0) | (fd === undefined ? 0 : BPF_F_UPROBE_MULTI_PATH_FD)
  const options: LinkCreateOptions = {
    kind: 'uprobeMulti',
    path,
    ...(fd !== undefined && { pathFd: fd }),
    offsets: u64s(offsets),
    ...(refCtrOffsets !== undefined && { refCtrOffsets: u64s(refCtrOffsets) }),
    ...(cookies !== undefined && { cookies: BigUint64Array.from(cookies) }),
    ...(flags !== 0 && { flags }),
    ...(pid !== undefined && { pid }),
  }
  const attachType = at === 'session' ? BPF_TRACE_UPROBE_SESSION : BPF_TRACE_UPROBE_MULTI
  return createLink(program, target, { target: 0, attachType, options }, hintFor)
}

const u64s = (numbers: readonly number[]): BigUint64Array => BigUint64Array.from(numbers, BigInt)

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return {
        hint:
          'the program must be loaded with expected_attach_type BPF_TRACE_UPROBE_MULTI (or _SESSION), ' +
          'and each offset be the start of an instruction',
      }
    case errno.ENOENT:
      return { hint: 'there is no such file' }
    case errno.EBADF:
      return { hint: 'it is not a regular file, or not open' }
    case errno.ESRCH:
      return { hint: 'there is no such process' }
    case errno.E2BIG:
      return { hint: 'one link takes at most 1,048,576 places' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
