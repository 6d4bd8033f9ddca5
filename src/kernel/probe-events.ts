// Probes as entries of tracefs (kprobe_events, uprobe_events): the way before perf_event_open(2) could make them itself
// (Linux 4.17). The entries belong to nobody: whoever dies without removing them leaves them behind, so ours are named after
// the process that made them, and later processes of this package clear away those of the dead.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { BeetraceError } from '../errors/index.ts'
import type { TraceFs } from './tracefs.ts'

/** The group all our entries are in. */
export const PROBE_GROUP = 'beetrace'

export type ProbeEventKind = 'kprobe' | 'uprobe'

let made = 0

/**
 * Adds an entry and gives its name. `place` is what the kernel's Documentation/trace/kprobetrace.rst calls SYM[+offs] or
 * MEMADDR, or uprobetracer.rst PATH:OFFSET[(REF_CTR_OFFSET)].
 * @throws BeetraceError `PROBE_EVENT` with the kernel's own words where it has some (error_log, Linux 5.2)
 */
export function addProbeEvent(
  tracefs: TraceFs,
  kind: ProbeEventKind,
  place: string,
  isReturn: boolean,
): string {
  const name = `${kind[0]}_${process.pid}_${ownStartTime()}_${made++}`
  write(tracefs, kind, `${isReturn ? 'r' : 'p'}:${PROBE_GROUP}/${name} ${place}`)
  return name
}

/** Removes an entry; false when it is gone already or still in use. */
export function removeProbeEvent(tracefs: TraceFs, kind: ProbeEventKind, name: string): boolean {
  try {
    write(tracefs, kind, `-:${PROBE_GROUP}/${name}`)
    return true
  } catch {
    return false
  }
}

/** Names of our entries whose process is no more. One that is still enabled the kernel does not let us remove (EBUSY). */
export function staleProbeEvents(tracefs: TraceFs, kind: ProbeEventKind): string[] {
  return parseProbeEvents(readProbeEvents(tracefs, kind)).filter(name => {
    const owner = /^[ku]_(\d+)_(\d+)_\d+$/.exec(name)
    return owner !== null && startTime(Number(owner[1])) !== owner[2]
  })
}

/** Names in the lines of kprobe_events or uprobe_events that are of our group: `p:beetrace/k_12_3456_0 vfs_read`. */
export function parseProbeEvents(text: string): string[] {
  return [...text.matchAll(/^[pr]\d*:beetrace\/(\S+) /gm)].map(match => match[1]!)
}

const file = (tracefs: TraceFs, kind: ProbeEventKind) => `${tracefs.root}/${kind}_events`

function write(tracefs: TraceFs, kind: ProbeEventKind, line: string): void {
  try {
    // the file takes one command a write, and O_TRUNC would remove everybody's
    const fd = openSync(file(tracefs, kind), 'a')
    try {
      writeSync(fd, `${line}\n`)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? `the kernel has no ${kind}_events` : lastError(tracefs)
    throw new BeetraceError(
      'PROBE_EVENT',
      `cannot write "${line}" to ${file(tracefs, kind)} (${code})${reason === '' ? '' : `: ${reason}`}`,
      { cause },
    )
  }
}

/** All entries, of everybody; empty where the kernel has no such file. */
export function readProbeEvents(tracefs: TraceFs, kind: ProbeEventKind): string {
  try {
    return readFileSync(file(tracefs, kind), 'latin1')
  } catch {
    return ''
  }
}

/** `[12.345] trace_kprobe: error: Failed to register probe event` and the command with a caret under it. */
function lastError(tracefs: TraceFs): string {
  try {
    const all = [...readFileSync(`${tracefs.root}/error_log`, 'latin1').matchAll(/error: (.*)/g)]
    return all.at(-1)?.[1] ?? ''
  } catch {
    return ''
  }
}

let own: string | undefined
const ownStartTime = (): string => (own ??= startTime(process.pid) ?? '0')

/** When a process started, in clock ticks since boot (field 22 of its stat): tells it from a later one of that number. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
