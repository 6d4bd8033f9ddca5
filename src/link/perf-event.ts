// Perf events: a program run on samples of a counter or clock, or when memory is touched.

import { errno, SyscallError } from '../errors/index.ts'
import { onlineCpus } from '../kernel/index.ts'
import { closeFd, PERF_TYPE_BREAKPOINT, type PerfEventAttr, perfEventOpen } from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'
import { type PerfEventName, perfEventNumber } from './perf-event-names.ts'
import { linkPerfEvents, type PerfLinkOptions } from './perf-link.ts'

/** What to sample. */
export type PerfEventSource =
  /** a software or hardware event by its name: `cpu-clock`, `cache-misses` */
  | { readonly kind: 'named'; readonly name: PerfEventName }
  /** type and config as perf_event_open(2) has them, for PMU specific events */
  | { readonly kind: 'raw'; readonly type: number; readonly config: number | bigint }
  /** memory touched: `access` is any of `r`, `w`, `rw`, or `x` for executed; length 1, 2, 4 or 8 bytes (8 for `x`) */
  | {
      readonly kind: 'breakpoint'
      readonly address: bigint
      readonly lengthBytes: number
      readonly access: 'r' | 'w' | 'rw' | 'x'
    }

/** How often: so many times a second, or every so many events (for `cpu-clock`: nanoseconds). */
export type PerfEventRate = { readonly frequencyHz: number } | { readonly period: number }

export interface PerfEventOptions extends PerfLinkOptions {
  /** unless told: every touch of a breakpoint, 99 times a second for clocks, every 1,000,000 events for the rest */
  readonly rate?: PerfEventRate
  /** one process (thread); every process when not given */
  readonly pid?: number
  /** also the threads and processes it makes from now on */
  readonly inherit?: boolean
  /** CPUs to sample on: all that are online unless told; for one process any */
  readonly cpus?: readonly number[]
  readonly excludeKernel?: boolean
  readonly excludeUser?: boolean
}

/**
 * Attaches a program of type PERF_EVENT:
 *
 *     attachPerfEvent(program, { kind: 'named', name: 'cpu-clock' }, { rate: { frequencyHz: 99 } })
 *
 * runs it 99 times a second on each CPU. On one CPU (`cpus: [0]`) that is a timer. One event is opened for each CPU.
 *
 * @throws SyscallError: ENOENT for an event this machine does not have; NotSupportedError for a cookie before Linux 5.15
 */
export function attachPerfEvent(
  program: Attachable,
  source: PerfEventSource,
  options: PerfEventOptions = {},
): Link {
  const target = describe(source)
  const action = `attach program "${program.name}" to ${target}`
  const attr: PerfEventAttr = {
    ...sourceAttr(source, options.rate),
    disabled: true,
    ...(options.inherit && { inherit: true }),
    ...(options.excludeKernel && { excludeKernel: true }),
    ...(options.excludeUser && { excludeUser: true }),
  }
  const cpus = options.cpus ?? (options.pid === undefined ? onlineCpus() : [-1])
  const fds: number[] = []
  for (const cpu of cpus) {
    const fd = perfEventOpen(attr, options.pid ?? -1, cpu)
    if (fd >= 0) {
      fds.push(fd)
      continue
    }
    // a CPU may have gone offline since it was listed
    if (fd === -errno.ENODEV && options.cpus === undefined && cpus.length > 1) continue
    for (const open of fds) closeFd(open)
    throw new SyscallError('perf_event_open', fd, action, openHint(-fd, source, cpu))
  }
  return new Link(target, linkPerfEvents(program, { fds, enable: true, action, hintFor }, options))
}

const DEFAULT_FREQUENCY_HZ = 99
const DEFAULT_PERIOD = 1_000_000
const BREAKPOINT_BITS = { r: 1, w: 2, rw: 3, x: 4 } as const

function sourceAttr(source: PerfEventSource, rate: PerfEventRate | undefined): PerfEventAttr {
  switch (source.kind) {
    case 'breakpoint':
      return {
        type: PERF_TYPE_BREAKPOINT,
        config: 0,
        bpType: BREAKPOINT_BITS[source.access],
        config1: source.address,
        config2: source.lengthBytes,
        ...rateAttr(rate ?? { period: 1 }),
      }
    case 'raw':
      return { type: source.type, config: source.config, ...rateAttr(rate ?? { period: DEFAULT_PERIOD }) }
    case 'named':
      return {
        ...perfEventNumber(source.name),
        ...rateAttr(
          rate ??
            (/clock$/.test(source.name) ? { frequencyHz: DEFAULT_FREQUENCY_HZ } : { period: DEFAULT_PERIOD }),
        ),
      }
  }
}

const rateAttr = (rate: PerfEventRate) =>
  'period' in rate ? { samplePeriod: rate.period } : { sampleFreq: rate.frequencyHz }

function describe(source: PerfEventSource): string {
  switch (source.kind) {
    case 'named':
      return `perf event ${source.name}`
    case 'raw':
      return `perf event of type ${source.type}, config 0x${source.config.toString(16)}`
    case 'breakpoint':
      return `${source.lengthBytes} bytes at 0x${source.address.toString(16)} (${source.access})`
  }
}

function openHint(error: number, source: PerfEventSource, cpu: number) {
  switch (error) {
    case errno.ENOENT:
    case errno.EOPNOTSUPP:
      return {
        hint: 'this machine has no such counter; virtual machines often have none of the hardware ones',
      }
    case errno.ESRCH:
      return { hint: 'there is no such process' }
    case errno.ENODEV:
      return { hint: `CPU ${cpu} is not online` }
    case errno.ENOSPC:
      return { hint: 'all breakpoint registers are in use (x86 has 4 a CPU)' }
    case errno.EINVAL:
      return {
        hint:
          source.kind === 'breakpoint'
            ? 'the address must be a multiple of the length, and the length 1, 2, 4 or 8; x86 cannot watch reads alone'
            : 'a frequency must not be above kernel.perf_event_max_sample_rate',
      }
    default:
      return { capabilities: ['CAP_PERFMON'] as const }
  }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return { hint: 'the program must be of type BPF_PROG_TYPE_PERF_EVENT' }
    case errno.EEXIST:
      return { hint: 'the event has a program already' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
