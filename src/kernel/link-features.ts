// Ways to attach as features. Where the kernel looks at its arguments in a known order, it is asked with one that
// is wrong in a later step, so that nothing is attached: the errno tells how far it came.

import { statSync } from 'node:fs'
import { errno } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import {
  bpfLinkCreate,
  bpfObjGetInfoByFd,
  bpfRawTracepointOpen,
  type LinkCreateOptions,
} from '../sys/index.ts'
import type { Feature } from './feature.ts'
import { answer, withFd, withProgram } from './probe.ts'

const NO_FD = -1
/** an interface that does not exist */
const NO_IFINDEX = 0x7fffffff

/** A raw tracepoint's descriptor is a bpf_link: it can be pinned and has an id. Attaches to a rare event, briefly. */
export const rawTracepointLink: Feature = {
  name: 'bpf_link for raw tracepoints',
  since: '5.8',
  probe: () =>
    answer(
      withProgram({ type: bpf.BPF_PROG_TYPE_RAW_TRACEPOINT }, fd =>
        withFd(bpfRawTracepointOpen('task_newtask', fd), link =>
          Math.max(0, -bpfObjGetInfoByFd(link, new Uint8Array(LINK_INFO_BYTES))),
        ),
      ),
    ),
}

const LINK_INFO_BYTES = 16

/** A cookie for raw tracepoints. Without it the longer attribute is EINVAL, with it the descriptor is EBADF. */
export const rawTracepointCookie: Feature = {
  name: 'bpf cookie for raw tracepoints',
  since: '6.10',
  probe: () => answer(-bpfRawTracepointOpen('task_newtask', NO_FD, 1n), { proves: [errno.EBADF] }),
}

/**
 * A bpf_link on a perf event (tracepoint, kprobe, uprobe), with a cookie; before it there is the ioctl, without.
 * The kernel looks at the program first and then at the event's descriptor, which is bad.
 */
export const perfEventLink: Feature = {
  name: 'bpf_link and cookie for perf events',
  since: '5.15',
  probe: () =>
    answer(
      withProgram({ type: bpf.BPF_PROG_TYPE_TRACEPOINT }, progFd =>
        withFd(bpfLinkCreate({ progFd, target: NO_FD, attachType: bpf.BPF_PERF_EVENT }), () => 0),
      ),
      { proves: [errno.EBADF] },
    ),
}

/** Kernel probes through perf_event_open(2), without an entry in tracefs. */
export const kprobe: Feature = {
  name: 'kprobe',
  since: '4.17',
  probe: () => eventSource('kprobe', 'CONFIG_KPROBES'),
}

/** The same for user space. */
export const uprobe: Feature = {
  name: 'uprobe',
  since: '4.17',
  probe: () => eventSource('uprobe', 'CONFIG_UPROBES'),
}

/** One link on many kernel functions. Addresses are read from user memory last, and address 1 is no memory. */
export const kprobeMulti: Feature = {
  name: 'kprobe_multi',
  since: '5.18',
  probe: () =>
    onManyPlaces(
      bpf.BPF_TRACE_KPROBE_MULTI,
      { kind: 'kprobeMulti', count: 1, syms: BAD_POINTER },
      errno.EFAULT,
    ),
}

/** One program run at entry and return of a function, with a word kept between the two. */
export const kprobeSession: Feature = {
  name: 'kprobe session',
  since: '6.10',
  probe: () =>
    onManyPlaces(
      bpf.BPF_TRACE_KPROBE_SESSION,
      { kind: 'kprobeMulti', count: 1, syms: BAD_POINTER },
      errno.EFAULT,
    ),
}

/** One link on many places of a program. A directory is no file to probe: EBADF. */
export const uprobeMulti: Feature = {
  name: 'uprobe_multi',
  since: '6.6',
  probe: () => onManyPlaces(bpf.BPF_TRACE_UPROBE_MULTI, ON_DIRECTORY, errno.EBADF),
}

/** The same at entry and return of functions in user space. */
export const uprobeSession: Feature = {
  name: 'uprobe session',
  since: '6.13',
  probe: () => onManyPlaces(bpf.BPF_TRACE_UPROBE_SESSION, ON_DIRECTORY, errno.EBADF),
}

/** One link on many functions by BTF; older kernels want to be told one function when they load the program. */
export const tracingMulti: Feature = {
  name: 'fentry.multi',
  since: '7.2',
  probe: () =>
    answer(
      withProgram(
        { type: bpf.BPF_PROG_TYPE_TRACING, expectedAttachType: bpf.BPF_TRACE_FENTRY_MULTI },
        () => 0,
      ),
    ),
}

/** The file of uprobe_multi by its descriptor, which is none: EBADF. */
export const uprobeMultiPathFd: Feature = {
  name: 'uprobe_multi by descriptor',
  since: '7.2',
  probe: () =>
    onManyPlaces(
      bpf.BPF_TRACE_UPROBE_MULTI,
      { ...ON_DIRECTORY, pathFd: NO_FD, flags: bpf.BPF_F_UPROBE_MULTI_PATH_FD },
      errno.EBADF,
    ),
}

const BAD_POINTER = new BigUint64Array([1n])
const ON_DIRECTORY = { kind: 'uprobeMulti', path: '/', offsets: new BigUint64Array(1) } as const

function onManyPlaces(attachType: number, options: LinkCreateOptions, proof: number) {
  return answer(
    withProgram({ type: bpf.BPF_PROG_TYPE_KPROBE, expectedAttachType: attachType }, progFd =>
      withFd(bpfLinkCreate({ progFd, target: 0, attachType, options }), () => 0),
    ),
    { proves: [proof] },
  )
}

/** Programs of control groups by link; the descriptor is looked at last, and is none. */
export const cgroupLink: Feature = {
  name: 'cgroup link',
  since: '5.7',
  probe: () =>
    answer(
      withProgram(
        { type: bpf.BPF_PROG_TYPE_CGROUP_SKB, expectedAttachType: bpf.BPF_CGROUP_INET_EGRESS },
        progFd =>
          withFd(bpfLinkCreate({ progFd, target: NO_FD, attachType: bpf.BPF_CGROUP_INET_EGRESS }), () => 0),
      ),
      { proves: [errno.EBADF] },
    ),
}

/** XDP by link. The loopback has no driver that could run it: EOPNOTSUPP, or another program is there. */
export const xdpLink: Feature = {
  name: 'XDP link',
  since: '5.9',
  probe: () => {
    const flags = XDP_FLAGS_DRV_MODE
    return answer(
      withProgram({ type: bpf.BPF_PROG_TYPE_XDP }, progFd =>
        withFd(bpfLinkCreate({ progFd, target: LOOPBACK, attachType: bpf.BPF_XDP, flags }), () => 0),
      ),
      { proves: [errno.EOPNOTSUPP, errno.EBUSY, errno.EEXIST] },
    )
  },
}

/** the first interface of every network namespace */
const LOOPBACK = 1
const XDP_FLAGS_DRV_MODE = 4

/** Traffic control programs by link, on an interface that is not there: ENODEV. */
export const tcx: Feature = {
  name: 'tcx',
  since: '6.6',
  probe: () => onNoInterface(bpf.BPF_TCX_INGRESS),
}

/** Programs of a netkit device. */
export const netkit: Feature = {
  name: 'netkit',
  since: '6.7',
  probe: () => onNoInterface(bpf.BPF_NETKIT_PRIMARY),
}

function onNoInterface(attachType: number) {
  return answer(
    withProgram({ type: bpf.BPF_PROG_TYPE_SCHED_CLS, expectedAttachType: attachType }, progFd =>
      withFd(bpfLinkCreate({ progFd, target: NO_IFINDEX, attachType }), () => 0),
    ),
    { proves: [errno.ENODEV] },
  )
}

function eventSource(name: string, option: string) {
  const path = `/sys/bus/event_source/devices/${name}/type`
  return statSync(path, { throwIfNoEntry: false }) === undefined
    ? ({ kind: 'missing', reason: `no ${path}: the kernel was built without ${option}` } as const)
    : ({ kind: 'yes' } as const)
}
