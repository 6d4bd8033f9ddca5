// Kprobes: a program run when the kernel passes one of its functions, or returns from it.

import { errno, SyscallError } from '../errors/index.ts'
import {
  addProbeEvent,
  eventSourceType,
  features,
  hasFeature,
  onlineCpus,
  openTraceFs,
  RETURN_PROBE_CONFIG,
  requireFeature,
  type TraceFs,
} from '../kernel/index.ts'
import { cString, PERF_TYPE_TRACEPOINT, type PerfEventAttr, perfEventOpen } from '../sys/index.ts'
import { type Attachable, Link, type LinkHold } from './link.ts'
import { linkPerfEvents, type PerfLinkOptions } from './perf-link.ts'
import { forgetProbeEvent } from './probe-event-hold.ts'

/** A place in the kernel: a function's name (`vfs_read`, `nf_nat:nf_nat_setup_info`) and how far into it, or an address. */
export type KprobePlace = { readonly name: string; readonly offset?: number } | { readonly address: bigint }

export interface KprobeOptions extends PerfLinkOptions {
  /** at the return of the function */
  readonly isReturn?: boolean
  /** `tracefs` forces the way of kernels before 4.17 */
  readonly through?: 'perf' | 'tracefs'
  /** where to make an entry; found or mounted when not given */
  readonly tracefs?: TraceFs
}

/**
 * Attaches a program of type KPROBE to one place. Where many functions get the same program, `attachKprobeMulti` is much
 * quicker.
 *
 * @throws NotSupportedError when the kernel has no kprobes, or no cookies (before Linux 5.15); SyscallError
 */
export function attachKprobe(program: Attachable, place: KprobePlace, options: KprobeOptions = {}): Link {
  const target = `${options.isReturn ? 'kretprobe' : 'kprobe'} ${describe(place)}`
  const action = `attach program "${program.name}" to ${target}`
  const through = options.through ?? (hasFeature(features.kprobe) ? 'perf' : 'tracefs')
  const attach = (attr: PerfEventAttr): LinkHold => {
    const fd = perfEventOpen(attr, -1, onlineCpus()[0]!)
    if (fd < 0) throw new SyscallError('perf_event_open', fd, action, openHint(-fd, place))
    return linkPerfEvents(program, { fds: [fd], enable: true, action, hintFor }, options)
  }
  if (through === 'tracefs') {
    try {
      return new Link(target, attachThroughTracefs(place, options, attach))
    } catch (error) {
      if (options.through === undefined) requireFeature(features.kprobe) // a kernel without any says so
      throw error
    }
  }
  return new Link(
    target,
    attach({
      type: eventSourceType('kprobe'),
      config: options.isReturn ? RETURN_PROBE_CONFIG : 0n,
      ...('address' in place
        ? { config2: place.address }
        : { config1: cString(place.name), config2: place.offset ?? 0 }),
    }),
  )
}

function attachThroughTracefs(
  place: KprobePlace,
  options: KprobeOptions,
  attach: (attr: PerfEventAttr) => LinkHold,
): LinkHold {
  const { tracefs = openTraceFs() } = options
  const name = addProbeEvent(tracefs, 'kprobe', describe(place), options.isReturn ?? false)
  return forgetProbeEvent(tracefs, 'kprobe', name, id => attach({ type: PERF_TYPE_TRACEPOINT, config: id }))
}

/** As tracefs writes it, too: `vfs_read+0x10`, `0xffffffff81234560`. */
const describe = (place: KprobePlace): string =>
  'address' in place
    ? `0x${place.address.toString(16)}`
    : `${place.name}${place.offset ? `+0x${place.offset.toString(16)}` : ''}`

function openHint(error: number, place: KprobePlace) {
  switch (error) {
    case errno.ENOENT:
      return {
        hint: 'the kernel has no function of this name: it may be inlined, or in a module that is not loaded',
      }
    case errno.EADDRNOTAVAIL:
      return { hint: 'several functions have this name: attach by address' }
    case errno.EINVAL:
      return {
        hint:
          'address' in place || place.offset
            ? 'the place must be the start of an instruction, outside of functions marked notrace or nokprobe'
            : 'functions marked notrace or nokprobe, and those of loaded BPF programs, cannot be probed',
      }
    case errno.EILSEQ:
      return { hint: 'the place must be the start of an instruction' }
    default:
      return { capabilities: ['CAP_PERFMON', 'CAP_SYS_ADMIN'] as const }
  }
}

function hintFor(error: number) {
  return error === errno.EINVAL
    ? { hint: 'the program must be of type BPF_PROG_TYPE_KPROBE, and not made for kprobe_multi' }
    : { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
}
