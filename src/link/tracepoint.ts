// Tracepoints as perf events: the program gets the record that tracefs describes (`TraceFs.format`).

import { errno, SyscallError } from '../errors/index.ts'
import {
  features,
  hasFeature,
  onlineCpus,
  openTraceFs,
  requireFeature,
  type TraceFs,
} from '../kernel/index.ts'
import {
  BPF_PERF_EVENT,
  bpfLinkCreate,
  closeFd,
  PERF_TYPE_TRACEPOINT,
  perfEventEnable,
  perfEventOpen,
  perfEventSetBpf,
} from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'

export interface TracepointOptions {
  /** what bpf_get_attach_cookie gives the program; Linux 5.15 */
  readonly cookie?: bigint
  /** where to look the tracepoint up; found or mounted when not given */
  readonly tracefs?: TraceFs
  /** `ioctl` forces the way of kernels before 5.15 */
  readonly mode?: 'link' | 'ioctl'
}

/**
 * Attaches a program of type TRACEPOINT: `attachTracepoint(program, 'sched', 'sched_switch')`. It runs on all CPUs and for
 * every process; filtering is the program's job. By bpf_link since Linux 5.15, by ioctl on a perf event before.
 *
 * Detaching waits for the kernel: 10 to 70 ms a tracepoint, one after the other also from several threads or at the end
 * of the process (perf_trace_destroy holds event_mutex over tracepoint_synchronize_unregister), so 40 of them take 1 to
 * 3 s. Raw tracepoints detach in 0.2 ms; who needs many places should ask whether one raw tracepoint can serve them.
 *
 * @throws BeetraceError `TRACEPOINT_UNKNOWN` with similar names; NotSupportedError for a cookie on an older kernel;
 *   SyscallError for the rest
 */
export function attachTracepoint(
  program: Attachable,
  system: string,
  event: string,
  { cookie, tracefs = openTraceFs(), mode }: TracepointOptions = {},
): Link {
  const target = `tracepoint ${system}:${event}`
  const action = `attach program "${program.name}" to ${target}`
  const id = tracefs.tracepointId(system, event)
  if (cookie !== undefined) requireFeature(features.perfEventLink)
  const byLink =
    mode === undefined ? cookie !== undefined || hasFeature(features.perfEventLink) : mode === 'link'

  const eventFd = openEvent(id, action)
  if (!byLink) return setProgram(eventFd, program, target, action)
  const linkFd = bpfLinkCreate({
    progFd: program.fd,
    target: eventFd,
    attachType: BPF_PERF_EVENT,
    options: { kind: 'perfEvent', ...(cookie !== undefined && { cookie }) },
  })
  // The link holds the event open by itself (kernel/bpf/syscall.c, bpf_perf_link_attach).
  closeFd(eventFd)
  if (linkFd < 0) throw new SyscallError('bpf(BPF_LINK_CREATE)', linkFd, action, hintFor(-linkFd))
  return new Link('bpf_link', linkFd, target)
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

function setProgram(eventFd: number, program: Attachable, target: string, action: string): Link {
  const steps = [
    ['ioctl(PERF_EVENT_IOC_SET_BPF)', () => perfEventSetBpf(eventFd, program.fd)],
    ['ioctl(PERF_EVENT_IOC_ENABLE)', () => perfEventEnable(eventFd)],
  ] as const
  for (const [syscall, step] of steps) {
    const result = step()
    if (result >= 0) continue
    closeFd(eventFd)
    throw new SyscallError(syscall, result, action, hintFor(-result))
  }
  return new Link('perf_event', eventFd, target)
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
