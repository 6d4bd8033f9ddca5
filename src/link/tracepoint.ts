// Tracepoints as perf events: the program gets the record that tracefs describes (`TraceFs.format`).

import { errno, SyscallError } from '../errors/index.ts'
import { onlineCpus, openTraceFs, type TraceFs } from '../kernel/index.ts'
import { PERF_TYPE_TRACEPOINT, perfEventOpen } from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'
import { linkPerfEvents, type PerfLinkOptions } from './perf-link.ts'

export interface TracepointOptions extends PerfLinkOptions {
  /** where to look the tracepoint up; found or mounted when not given */
  readonly tracefs?: TraceFs
}

/**
 * Attaches a program of type TRACEPOINT: `attachTracepoint(program, 'sched', 'sched_switch')`. It runs on all CPUs and for
 * every process; filtering is the program's job. By bpf_link since Linux 5.15, by ioctl on a perf event before.
 *
 * Detaching waits for the kernel, 10 to 70 ms a tracepoint: close many with `closeLinks`. Raw tracepoints detach in 0.2 ms;
 * who needs many places should ask whether one raw tracepoint can serve them.
 *
 * @throws BeetraceError `TRACEPOINT_UNKNOWN` with similar names; NotSupportedError for a cookie on an older kernel;
 *   SyscallError for the rest
 */
export function attachTracepoint(
  program: Attachable,
  system: string,
  event: string,
  options: TracepointOptions = {},
): Link {
  const { tracefs = openTraceFs() } = options
  const target = `tracepoint ${system}:${event}`
  const action = `attach program "${program.name}" to ${target}`
  const eventFd = openEvent(tracefs.tracepointId(system, event), action)
  const hold = linkPerfEvents(program, { fds: [eventFd], enable: false, action, hintFor }, options)
  return new Link(target, { ...hold, lingers: true })
}

/**
 * One event is enough: a program hangs on the tracepoint, not on the event, and runs wherever it is hit. The event must
 * still name a CPU, and CPU 0 can be offline.
 */
function openEvent(id: number, action: string): number {
  const fd = perfEventOpen({ type: PERF_TYPE_TRACEPOINT, config: id }, -1, onlineCpus()[0]!)
  if (fd < 0) throw new SyscallError('perf_event_open', fd, action, { capabilities: ['CAP_PERFMON'] })
  return fd
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return { hint: 'the program must be of type BPF_PROG_TYPE_TRACEPOINT' }
    case errno.EACCES:
      return { hint: 'the program reads beyond the record of this tracepoint' }
    case errno.EEXIST:
      return { hint: 'this program is attached to this tracepoint already' }
    case errno.E2BIG:
      return { hint: 'a tracepoint takes at most 64 programs' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
