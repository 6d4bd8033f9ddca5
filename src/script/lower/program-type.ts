// Which type of BPF program a body becomes at a place.

import {
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
} from '../../sys/bpf-constants.generated.ts'
import type { Probe } from '../ast.ts'
import type { Place } from '../compiled.ts'
import { mentions } from '../tree.ts'

/** Helpers that take what the kernel vouches for, and so exist for programs of BPF_PROG_TYPE_TRACING only. */
const FOR_TYPED_POINTERS: ReadonlySet<string> = new Set(['skboutput', 'socket_cookie'])

/** BPF_PROG_TYPE_* of a probe's body at one of its places. */
export function programType(probe: Probe, place: Place): number {
  switch (place.kind) {
    case 'begin':
    case 'end':
    case 'self':
    case 'test':
      return BPF_PROG_TYPE_RAW_TRACEPOINT
    // One program of this type serves many tracepoints; one of type tracing sees its own with the types of its arguments.
    case 'rawtracepoint':
      return mentions(probe, name => FOR_TYPED_POINTERS.has(name))
        ? BPF_PROG_TYPE_TRACING
        : BPF_PROG_TYPE_RAW_TRACEPOINT
    // The kernel repeats and times these.
    case 'bench':
      return BPF_PROG_TYPE_XDP
    case 'tracepoint':
      return BPF_PROG_TYPE_TRACEPOINT
    case 'interval':
    case 'profile':
    case 'perf':
    case 'watchpoint':
      return BPF_PROG_TYPE_PERF_EVENT
    case 'kprobe':
    case 'uprobe':
      return BPF_PROG_TYPE_KPROBE
    case 'fentry':
    case 'fexit':
    case 'iter':
      return BPF_PROG_TYPE_TRACING
  }
}
