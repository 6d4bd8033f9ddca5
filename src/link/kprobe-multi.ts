// One link on many kernel functions: attaching thousands takes as long as a few single kprobes, and closing it is one step.

import { errno } from '../errors/index.ts'
import { features, requireFeature } from '../kernel/index.ts'
import {
  allocate,
  BPF_F_KPROBE_MULTI_RETURN,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  cString,
  keepAlive,
  type LinkCreateOptions,
} from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

/**
 * The functions: by name, or by address where several share a name. A pattern is resolved before, by
 * `readTraceableFunctions().match('tcp_*')`. `cookies` go by the same index. A name that stands several times counts once, with
 * its first cookie: the kernel takes the first function of that name.
 */
export type KprobeMultiPlaces = { readonly cookies?: readonly bigint[] } & (
  | { readonly names: readonly string[] }
  | { readonly addresses: readonly bigint[] }
)

export interface KprobeMultiOptions {
  /**
   * `entry` unless told. A program for `session` runs at both, entry first, and must be loaded with
   * expected_attach_type BPF_TRACE_KPROBE_SESSION (Linux 6.10), for the others with BPF_TRACE_KPROBE_MULTI.
   */
  readonly at?: 'entry' | 'return' | 'session'
}

/**
 * Attaches a program of type KPROBE to many functions by one link. Linux 5.18, with fprobe. All of them or none: one that
 * cannot be traced fails the link (EINVAL, ESRCH).
 * @throws NotSupportedError on older kernels, where `attachKprobe` does it one by one; SyscallError
 */
export function attachKprobeMulti(
  program: Attachable,
  places: KprobeMultiPlaces,
  { at = 'entry' }: KprobeMultiOptions = {},
): Link {
  requireFeature(at === 'session' ? features.kprobeSession : features.kprobeMulti)
  const { functions, count, cookies, keep } = 'names' in places ? byName(places) : byAddress(places)
  const target = `${count} kernel functions`
  const options: LinkCreateOptions = {
    kind: 'kprobeMulti',
    count,
    ...functions,
    ...(cookies !== undefined && { cookies }),
    ...(at === 'return' && { flags: BPF_F_KPROBE_MULTI_RETURN }),
  }
  const attachType = at === 'session' ? BPF_TRACE_KPROBE_SESSION : BPF_TRACE_KPROBE_MULTI
  try {
    return createLink(program, target, { target: 0, attachType, options }, hintFor)
  } finally {
    keepAlive(keep)
  }
}

/** char *[]: all names in one block, so that one address serves. The kernel refuses (ESRCH) a name that is there twice. */
function byName({ names, cookies }: { names: readonly string[]; cookies?: readonly bigint[] }) {
  const seen = new Set<string>()
  const firsts = [...names.keys()].filter(i => !seen.has(names[i]!) && seen.add(names[i]!))
  const encoded = firsts.map(i => cString(names[i]!))
  const block = allocate(encoded.reduce((sum, name) => sum + name.length, 0))
  const syms = new BigUint64Array(encoded.length)
  let at = 0
  for (const [i, name] of encoded.entries()) {
    syms[i] = BigInt(block.address + at)
    block.bytes.set(name, at)
    at += name.length
  }
  const kept = cookies && BigUint64Array.from(firsts, i => cookies[i] ?? 0n)
  return { functions: { syms }, count: encoded.length, cookies: kept, keep: block }
}

function byAddress({ addresses, cookies }: { addresses: readonly bigint[]; cookies?: readonly bigint[] }) {
  const functions = { addrs: BigUint64Array.from(addresses) }
  const given = cookies && BigUint64Array.from(cookies)
  return { functions, count: addresses.length, cookies: given, keep: undefined }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return {
        hint:
          'the program must be loaded with expected_attach_type BPF_TRACE_KPROBE_MULTI (or _SESSION), ' +
          'and each function be one that ftrace can trace',
      }
    case errno.ESRCH:
    case errno.ENOENT:
      return { hint: 'one of the functions is unknown, cannot be traced, or is named twice' }
    case errno.EOPNOTSUPP:
      return { hint: 'the kernel was built without CONFIG_FPROBE' }
    case errno.E2BIG:
      return { hint: 'one link takes at most 1,048,576 functions' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
