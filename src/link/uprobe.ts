// Uprobes: a program run when a process passes a place of a file it has mapped, or returns from a function there.

import { errno, SyscallError } from '../errors/index.ts'
import {
  addProbeEvent,
  eventSourceType,
  features,
  hasFeature,
  onlineCpus,
  openTraceFs,
  REF_CTR_OFFSET_SHIFT,
  RETURN_PROBE_CONFIG,
  type TraceFs,
} from '../kernel/index.ts'
import { cString, PERF_TYPE_TRACEPOINT, type PerfEventAttr, perfEventOpen } from '../sys/index.ts'
import { type Attachable, Link, type LinkHold } from './link.ts'
import { linkPerfEvents, type PerfLinkOptions } from './perf-link.ts'
import { forgetProbeEvent } from './probe-event-hold.ts'

/** A place in a file that processes run. */
export interface UprobePlace {
  /** of the program or library; within another mount namespace `/proc/PID/root/…` */
  readonly path: string
  /** where in the file (not in memory) the instruction lies, bytes */
  readonly offset: number
  /** file offset of a u16 that the kernel keeps above 0 while the probe is there: a USDT semaphore. Linux 4.20 */
  readonly refCtrOffset?: number
}

export interface UprobeOptions extends PerfLinkOptions {
  /** at the return of the function that starts at the place */
  readonly isReturn?: boolean
  /** one process; every process that maps the file, now or later, when not given */
  readonly pid?: number
  /** `tracefs` forces the way of kernels before 4.17 */
  readonly through?: 'perf' | 'tracefs'
  /** where to make an entry; found or mounted when not given */
  readonly tracefs?: TraceFs
}

/**
 * Attaches a program of type KPROBE to one place: `attachUprobe(program, { path: '/usr/lib/libc.so.6', offset: 0x9f4a0 })`.
 * Where many places of one file get the same program, `attachUprobeMulti` is much quicker.
 *
 * @throws NotSupportedError when the kernel has no uprobes, or no cookies (before Linux 5.15); SyscallError
 */
export function attachUprobe(program: Attachable, place: UprobePlace, options: UprobeOptions = {}): Link {
  const target = describeUprobe(place, options.isReturn)
  const action = `attach program "${program.name}" to ${target}`
  const through = options.through ?? (hasFeature(features.uprobe) ? 'perf' : 'tracefs')
  const attach = (attr: PerfEventAttr): LinkHold => {
    const { pid } = options
    const fd = perfEventOpen(attr, pid ?? -1, pid === undefined ? onlineCpus()[0]! : -1)
    if (fd < 0) throw new SyscallError('perf_event_open', fd, action, openHint(-fd))
    return linkPerfEvents(program, { fds: [fd], enable: true, action, hintFor }, options)
  }
  if (through === 'tracefs') return new Link(target, attachThroughTracefs(place, options, attach))
  return new Link(
    target,
    attach({
      type: eventSourceType('uprobe'),
      config:
        (BigInt(place.refCtrOffset ?? 0) << REF_CTR_OFFSET_SHIFT) |
        (options.isReturn ? RETURN_PROBE_CONFIG : 0n),
      config1: cString(place.path),
      config2: place.offset,
    }),
  )
}

/** For messages: `uretprobe /bin/sh+0x1230`. */
export const describeUprobe = ({ path, offset }: UprobePlace, isReturn = false): string =>
  `${isReturn ? 'uretprobe' : 'uprobe'} ${path}+0x${offset.toString(16)}`

function attachThroughTracefs(
  place: UprobePlace,
  options: UprobeOptions,
  attach: (attr: PerfEventAttr) => LinkHold,
): LinkHold {
  const { tracefs = openTraceFs() } = options
  const semaphore = place.refCtrOffset === undefined ? '' : `(0x${place.refCtrOffset.toString(16)})`
  const where = `${place.path}:0x${place.offset.toString(16)}${semaphore}`
  const name = addProbeEvent(tracefs, 'uprobe', where, options.isReturn ?? false)
  return forgetProbeEvent(tracefs, 'uprobe', name, id => attach({ type: PERF_TYPE_TRACEPOINT, config: id }))
}

export function openHint(error: number) {
  switch (error) {
    case errno.ENOENT:
      return { hint: 'there is no such file' }
    case errno.EINVAL:
      return {
        hint: 'the place must be a file offset within a regular file, at the start of an instruction; semaphores need Linux 4.20',
      }
    case errno.ESRCH:
      return { hint: 'there is no such process' }
    case errno.EOPNOTSUPP:
    case errno.ENOTSUPP:
      return { hint: 'the kernel cannot put a probe on this instruction' }
    default:
      return { capabilities: ['CAP_PERFMON', 'CAP_SYS_ADMIN'] as const }
  }
}

function hintFor(error: number) {
  return error === errno.EINVAL
    ? { hint: 'the program must be of type BPF_PROG_TYPE_KPROBE, and not made for uprobe_multi' }
    : { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
}
