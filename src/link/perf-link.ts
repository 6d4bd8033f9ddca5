// A program on an open perf event, by bpf_link or by ioctl: the last step of tracepoints, kprobes, uprobes and samples.

import { SyscallError, type SyscallErrorOptions } from '../errors/index.ts'
import { features, hasFeature, requireFeature } from '../kernel/index.ts'
import { BPF_PERF_EVENT, bpfLinkCreate, closeFd, perfEventEnable, perfEventSetBpf } from '../sys/index.ts'
import type { Attachable, LinkHold } from './link.ts'

/** How a program gets onto perf events. */
export interface PerfLinkOptions {
  /** what bpf_get_attach_cookie gives the program; Linux 5.15 */
  readonly cookie?: bigint
  /** `ioctl` forces the way of kernels before 5.15 */
  readonly mode?: 'link' | 'ioctl'
}

/** What else to know of the events. */
export interface PerfEvents {
  /** open descriptors, taken over: closed also when attaching fails */
  readonly fds: readonly number[]
  /** whether they were opened disabled: tracepoints run their programs either way */
  readonly enable: boolean
  /** `attach program "x" to tracepoint a:b` */
  readonly action: string
  readonly hintFor: (errnoNumber: number) => SyscallErrorOptions
}

/**
 * By bpf_link since Linux 5.15. The events stay open beside the links, though a link holds its event by itself: closing the
 * link then only takes the program off, and the slow part, taking the event down, can be left to another (`closeLinks`).
 *
 * @throws NotSupportedError for a cookie on an older kernel; SyscallError
 */
export function linkPerfEvents(
  program: Attachable,
  events: PerfEvents,
  { cookie, mode }: PerfLinkOptions,
): LinkHold {
  const links: number[] = []
  let byLink = mode !== 'ioctl'
  try {
    for (const eventFd of events.fds) {
      if (byLink) {
        const linkFd = createLink(program, eventFd, cookie)
        if (linkFd >= 0) links.push(linkFd)
        else if (isForeseen(cookie, mode)) byLink = false
        else attempt('bpf(BPF_LINK_CREATE)', linkFd, events)
      }
      if (!byLink) attempt('ioctl(PERF_EVENT_IOC_SET_BPF)', perfEventSetBpf(eventFd, program.fd), events)
      if (events.enable || !byLink) attempt('ioctl(PERF_EVENT_IOC_ENABLE)', perfEventEnable(eventFd), events)
    }
    return { links, events: events.fds }
  } catch (error) {
    for (const fd of [...links, ...events.fds]) closeFd(fd)
    throw error
  }
}

/** A descriptor, or -errno. */
function createLink(program: Attachable, eventFd: number, cookie: bigint | undefined): number {
  return bpfLinkCreate({
    progFd: program.fd,
    target: eventFd,
    attachType: BPF_PERF_EVENT,
    options: { kind: 'perfEvent', ...(cookie !== undefined && { cookie }) },
  })
}

/**
 * Whether a link was refused because the kernel has none, which is asked only then: the question takes a program of its own.
 * Throws NotSupportedError when there is no other way.
 */
function isForeseen(cookie: bigint | undefined, mode: PerfLinkOptions['mode']): boolean {
  if (cookie !== undefined) requireFeature(features.perfEventLink)
  return mode === undefined && !hasFeature(features.perfEventLink)
}

function attempt(syscall: string, result: number, { action, hintFor }: PerfEvents): number {
  if (result < 0) throw new SyscallError(syscall, result, action, hintFor(-result))
  return result
}
