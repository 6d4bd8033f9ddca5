// tracefs: finding or mounting it, and the tracepoints it describes.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { nearNames } from '../btf/index.ts'
import { BeetraceError, NotSupportedError } from '../errors/index.ts'
import { mountSpecial } from './mount-special.ts'
import { findMount, readMounts } from './mounts.ts'
import { parseTracepointFormat, type TracepointFormat } from './tracepoint-format.ts'

/** Where the kernel keeps a directory for it (since 4.1), and where everyone looks first. */
export const TRACEFS_PATH = '/sys/kernel/tracing'

/**
 * The tracepoints of the running kernel, as a mounted tracefs shows them. Lists and formats are read when first
 * asked for and kept as long as this object: a module loaded later shows in a new one only.
 */
export class TraceFs {
  /** the directory it is mounted on */
  readonly root: string
  readonly #formats = new Map<string, TracepointFormat>()
  readonly #events = new Map<string, readonly string[]>()
  #systems: readonly string[] | undefined

  constructor(root: string) {
    this.root = root
  }

  /** Names of the groups of tracepoints (`syscalls`, `sched` …), sorted. */
  systems(): readonly string[] {
    return (this.#systems ??= this.#directories('events'))
  }

  /** Names of the tracepoints of a group, sorted; empty when there is no such group. */
  events(system: string): readonly string[] {
    let events = this.#events.get(system)
    if (events === undefined) {
      events = this.systems().includes(system) ? this.#directories(`events/${system}`) : []
      this.#events.set(system, events)
    }
    return events
  }

  /** All tracepoints as `system:name`, sorted; reading the whole tree takes some 10 ms. */
  tracepoints(): string[] {
    return this.systems().flatMap(system => this.events(system).map(event => `${system}:${event}`))
  }

  /**
   * The format of a tracepoint; a few 10 µs the first time.
   * @throws BeetraceError `TRACEPOINT_UNKNOWN`, naming similar ones, or `TRACEPOINT_FORMAT`
   */
  format(system: string, event: string): TracepointFormat {
    const key = `${system}:${event}`
    let format = this.#formats.get(key)
    if (format === undefined) {
      format = parseTracepointFormat(this.#read(system, event, 'format'))
      this.#formats.set(key, format)
    }
    return format
  }

  /**
   * The number of a tracepoint for perf_event_open(2), without parsing its format.
   * @throws BeetraceError `TRACEPOINT_UNKNOWN`, naming similar ones
   */
  tracepointId(system: string, event: string): number {
    return this.#formats.get(`${system}:${event}`)?.id ?? Number(this.#read(system, event, 'id'))
  }

  #read(system: string, event: string, file: string): string {
    // A slash would leave the directory; no tracepoint has one in its name.
    if (!/^[\w-]+$/.test(system) || !/^[\w-]+$/.test(event)) throw this.#unknown(system, event)
    try {
      return readFileSync(`${this.root}/events/${system}/${event}/${file}`, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(this.root, cause)
      throw this.#unknown(system, event, cause)
    }
  }

  #unknown(system: string, event: string, cause?: unknown): BeetraceError {
    const events = this.events(system)
    const near = events.length > 0 ? nearNames(event, events).map(name => `${system}:${name}`) : []
    if (events.length === 0) near.push(...this.#elsewhere(event))
    if (events.length === 0 && near.length === 0)
      near.push(...nearNames(system, this.systems()).map(name => `${name}:*`))
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `look in ${this.root}/events`
    const what = events.length > 0 ? '' : ` (no group "${system}")`
    return new BeetraceError(
      'TRACEPOINT_UNKNOWN',
      `this kernel has no tracepoint ${system}:${event}${what}: ${hint}`,
      {
        cause,
      },
    )
  }

  /** The same event in another group: `syscalls` for `syscall` is most often the mistake. */
  #elsewhere(event: string): string[] {
    const found = this.systems().filter(system => this.events(system).includes(event))
    return found.slice(0, 3).map(system => `${system}:${event}`)
  }

  #directories(path: string): string[] {
    try {
      const entries = readdirSync(`${this.root}/${path}`, { withFileTypes: true })
      return entries
        .filter(e => e.isDirectory())
        .map(e => e.name)
        .sort()
    } catch (cause) {
      throw unreadable(this.root, cause)
    }
  }
}

/**
 * Where tracefs is mounted, the usual place first; undefined when it is nowhere. A mounted debugfs has one
 * inside, mounted by the kernel when looked at (until 6.17's CONFIG_TRACEFS_AUTOMOUNT_DEPRECATED).
 */
export function findTraceFs(): string | undefined {
  const mounts = readMounts()
  const direct = findMount(mounts, 'tracefs', [TRACEFS_PATH])
  if (direct !== undefined) return direct
  const debugfs = findMount(mounts, 'debugfs', ['/sys/kernel/debug'])
  return debugfs !== undefined && isDirectory(`${debugfs}/tracing/events`) ? `${debugfs}/tracing` : undefined
}

/**
 * Finds tracefs, or mounts it at /sys/kernel/tracing, where it stays for everyone (as it is on any machine that
 * systemd started).
 * @throws NotSupportedError when the kernel has none; SyscallError naming the command to run when
 *   mounting is refused
 */
export function openTraceFs(): TraceFs {
  const found = findTraceFs()
  if (found !== undefined) return new TraceFs(found)
  if (!isDirectory(TRACEFS_PATH))
    throw new NotSupportedError('tracefs', {
      reason: `there is no ${TRACEFS_PATH}, so the kernel was built without CONFIG_TRACING, or sysfs is not mounted`,
    })
  mountSpecial({ fsType: 'tracefs', path: TRACEFS_PATH, option: 'CONFIG_TRACING' })
  return new TraceFs(TRACEFS_PATH)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function unreadable(root: string, cause: unknown): BeetraceError {
  const { code } = cause as NodeJS.ErrnoException
  const hint = code === 'EACCES' || code === 'EPERM' ? ': run as root, tracefs is closed to others' : ''
  return new BeetraceError('TRACEFS', `cannot read tracepoints in ${root} (${code})${hint}`, { cause })
}
