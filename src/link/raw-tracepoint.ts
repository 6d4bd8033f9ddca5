// Raw tracepoints: the program gets the tracepoint's own arguments, before any record is made of them.

import { nearNames } from '../btf/index.ts'
import { errno, SyscallError } from '../errors/index.ts'
import { features, findTraceFs, requireFeature, TraceFs } from '../kernel/index.ts'
import { bpfRawTracepointOpen } from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'

export interface RawTracepointOptions {
  /** what bpf_get_attach_cookie gives the program; Linux 6.10 */
  readonly cookie?: bigint
}

/**
 * Attaches a program of type RAW_TRACEPOINT (or RAW_TRACEPOINT_WRITABLE) to a tracepoint by its name, without its group:
 * `sched_switch`, `sys_enter`. Since Linux 5.8 the result is a bpf_link.
 *
 * @throws NotSupportedError for a cookie on an older kernel; SyscallError otherwise: for an unknown name it offers
 *   similar ones
 */
export function attachRawTracepoint(
  program: Attachable,
  tracepoint: string,
  { cookie }: RawTracepointOptions = {},
): Link {
  if (cookie !== undefined) requireFeature(features.rawTracepointCookie)
  const fd = bpfRawTracepointOpen(tracepoint, program.fd, cookie)
  if (fd >= 0) return new Link(`raw tracepoint ${tracepoint}`, { links: [fd] })
  throw new SyscallError(
    'bpf(BPF_RAW_TRACEPOINT_OPEN)',
    fd,
    `attach program "${program.name}" to raw tracepoint ${tracepoint}`,
    hintFor(-fd, tracepoint),
  )
}

function hintFor(error: number, tracepoint: string) {
  switch (error) {
    case errno.ENOENT:
      return { hint: unknownName(tracepoint) }
    case errno.EINVAL:
      return { hint: 'the program must be of type BPF_PROG_TYPE_RAW_TRACEPOINT' }
    case errno.EACCES:
      return { hint: 'the program reads more arguments than this tracepoint has' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}

function unknownName(tracepoint: string): string {
  if (/^sys_(enter|exit)_./.test(tracepoint))
    return 'system calls share two raw tracepoints, sys_enter and sys_exit; the program sees the number'
  const near = nearNames(tracepoint, rawTracepointNames())
  return `this kernel has no such tracepoint${near.length > 0 ? `, did you mean ${near.join(' or ')}?` : ''}`
}

/**
 * Names as tracefs lists them, where it is mounted: every tracepoint with an event is there, except that `syscalls` holds
 * no tracepoints of its own and `ftrace` none at all. It is only advice, so nothing is mounted for it.
 */
function rawTracepointNames(): string[] {
  try {
    const root = findTraceFs()
    if (root === undefined) return []
    const tracefs = new TraceFs(root)
    const systems = tracefs.systems().filter(system => system !== 'syscalls' && system !== 'ftrace')
    return systems.flatMap(system => [...tracefs.events(system)])
  } catch {
    return [] // advice must not hide the error it is for
  }
}
