// The lifetime of a tracefs probe entry: it goes when its link does, and with ours go those of processes that died.

import {
  PROBE_GROUP,
  type ProbeEventKind,
  removeProbeEvent,
  staleProbeEvents,
  type TraceFs,
} from '../kernel/index.ts'
import type { LinkHold } from './link.ts'

/**
 * Attaches to the entry `name` by `attach`, which gets its tracepoint id, and makes the hold remove the entry. When attaching
 * fails, it is removed at once.
 */
export function forgetProbeEvent(
  tracefs: TraceFs,
  kind: ProbeEventKind,
  name: string,
  attach: (tracepointId: number) => LinkHold,
): LinkHold {
  const release = () => {
    removeProbeEvent(tracefs, kind, name)
  }
  try {
    for (const stale of staleProbeEvents(tracefs, kind)) removeProbeEvent(tracefs, kind, stale)
    return { ...attach(tracefs.tracepointId(PROBE_GROUP, name)), release }
  } catch (error) {
    release()
    throw error
  }
}
