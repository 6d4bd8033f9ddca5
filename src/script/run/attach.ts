// From places to links: which call of the `link` floor it is, and with what. A program that serves many functions is
// attached by one link where it was made for that (kprobe_multi, uprobe_multi).

import { BeetraceError, errno, SyscallError } from '../../errors/index.ts'
import { type TraceFs, threadIds } from '../../kernel/index.ts'
import {
  attachKprobe,
  attachKprobeMulti,
  attachPerfEvent,
  attachRawTracepoint,
  attachTracepoint,
  attachTracing,
  attachUprobe,
  attachUprobeMulti,
  type Link,
} from '../../link/index.ts'
import type { Program } from '../../program/index.ts'
import {
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_RAW_TP,
  BPF_TRACE_UPROBE_MULTI,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
} from '../../sys/index.ts'
import type { Place } from '../compiled.ts'
import type { LoadedProgram } from './objects.ts'

type PlaceOf<K extends Place['kind']> = Extract<Place, { kind: K }>

export interface AttachOptions {
  readonly onlineCpus: readonly number[]
  /** where tracepoints are looked up */
  readonly traceFs: () => TraceFs
  /** what is attached goes here at once, so that a failure can undo it */
  readonly links: Link[]
  /** hears of a place that could not be attached to; throws when that shall be the end */
  readonly failed: (place: Place, error: BeetraceError) => void
}

/**
 * Attaches all programs, in bpftrace's order: where the kernel runs first what came last, from the last to the first, so
 * that probes on one place run as they stand in the script.
 */
export function attachPrograms(programs: readonly LoadedProgram[], options: AttachOptions): void {
  const isLastFirst = ({ source }: LoadedProgram) => source.places.some(runsLastFirst)
  for (const loaded of programs) if (!isLastFirst(loaded)) attachProgram(loaded, options)
  for (const loaded of programs.toReversed()) if (isLastFirst(loaded)) attachProgram(loaded, options)
}

function runsLastFirst(place: Place): boolean {
  return (
    place.kind === 'uprobe' ||
    place.kind === 'fentry' ||
    place.kind === 'fexit' ||
    (place.kind === 'kprobe' && !place.returns)
  )
}

function attachProgram({ program, source }: LoadedProgram, options: AttachOptions): void {
  const { spec } = source
  const places = source.through === undefined ? source.places : [source.through]
  if (spec.expectedAttachType === BPF_TRACE_KPROBE_SESSION) {
    // its places at the return come with those at the entry
    const entries = (places as readonly PlaceOf<'kprobe'>[]).filter(({ returns }) => !returns)
    attachTogether(entries, some => attachFunctions(program, some, 'session'), options)
    return
  }
  if (spec.expectedAttachType === BPF_TRACE_KPROBE_MULTI) {
    attachTogether(places as readonly PlaceOf<'kprobe'>[], some => attachFunctions(program, some), options)
    return
  }
  if (spec.expectedAttachType === BPF_TRACE_UPROBE_MULTI) {
    for (const ofFile of byFile(places as readonly PlaceOf<'uprobe'>[])) {
      attachTogether(ofFile, some => attachFileOffsets(program, some), options)
    }
    return
  }
  for (const place of places) {
    if (isOfThread(place) && place.pid !== undefined) {
      attachToThreads(program, place, place.pid, options)
    } else {
      attachTogether([place], () => attachPlace(program, place, options), options)
    }
  }
}

function isOfThread(place: Place): place is PlaceOf<'watchpoint' | 'profile' | 'perf'> {
  return place.kind === 'watchpoint' || place.kind === 'profile' || place.kind === 'perf'
}

/** Such an event belongs to a thread: each that runs has its own, and those to come inherit it. */
function attachToThreads(
  program: Program,
  place: PlaceOf<'watchpoint' | 'profile' | 'perf'>,
  pid: number,
  options: AttachOptions,
): void {
  for (const thread of new Set([pid, ...threadIds(pid)])) {
    const attach = (): Link | undefined => {
      try {
        return attachPlace(program, { ...place, pid: thread }, options)
      } catch (error) {
        // it has ended since it was listed
        if (thread !== pid && error instanceof SyscallError && error.errno === errno.ESRCH) return undefined
        throw error
      }
    }
    attachTogether([place], attach, options)
  }
}

/**
 * One link for all places, or none: where the kernel refuses, halves are tried until it is known which places it are, so
 * that one function that cannot be probed does not cost the others.
 */
function attachTogether<P extends Place>(
  places: readonly P[],
  attach: (places: readonly P[]) => Link | undefined,
  options: AttachOptions,
): void {
  try {
    const link = attach(places)
    if (link !== undefined) options.links.push(link)
  } catch (error) {
    if (!(error instanceof BeetraceError)) throw error
    if (places.length === 1) {
      options.failed(places[0]!, error)
      return
    }
    const half = places.length >> 1
    attachTogether(places.slice(0, half), attach, options)
    attachTogether(places.slice(half), attach, options)
  }
}

const CPU_CLOCK = { kind: 'raw', type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_CPU_CLOCK } as const

/** `begin`, `end` and `self` are run by the session, and iterators by whoever reads them: they have no link. */
function attachPlace(
  program: Program,
  place: Place,
  { onlineCpus, traceFs }: Pick<AttachOptions, 'onlineCpus' | 'traceFs'>,
): Link | undefined {
  const cookie = place.cookie === undefined ? {} : { cookie: place.cookie }
  switch (place.kind) {
    case 'begin':
    case 'end':
    case 'self':
    case 'test':
    case 'bench':
    case 'iter':
      return undefined
    case 'interval':
      return attachPerfEvent(program, CPU_CLOCK, {
        rate: { period: Number(place.periodNs) },
        cpus: onlineCpus.slice(0, 1),
        ...cookie,
      })
    case 'profile':
      return attachPerfEvent(program, CPU_CLOCK, {
        rate: { period: Number(place.periodNs) },
        ...process(place),
        ...cookie,
      })
    case 'perf': {
      const { type, config, count } = place
      return attachPerfEvent(
        program,
        { kind: 'raw', type, config },
        { rate: { period: Number(count) }, ...process(place), ...cookie },
      )
    }
    case 'tracepoint':
      return attachTracepoint(program, place.category, place.name, { tracefs: traceFs(), ...cookie })
    case 'rawtracepoint':
      return program.expectedAttachType === BPF_TRACE_RAW_TP
        ? attachTracing(program, { target: place.probe })
        : attachRawTracepoint(program, place.name, cookie)
    case 'kprobe': {
      const at =
        place.address === undefined
          ? { name: functionName(place), offset: place.offset }
          : { address: place.address }
      return attachKprobe(program, at, { isReturn: place.returns, ...cookie })
    }
    case 'uprobe': {
      const { path, fileOffset, refCtrOffset, returns } = place
      const at = {
        path,
        offset: Number(fileOffset),
        ...(refCtrOffset === undefined ? {} : { refCtrOffset: Number(refCtrOffset) }),
      }
      return attachUprobe(program, at, {
        isReturn: returns,
        ...(place.pid === undefined ? {} : { pid: place.pid }),
        ...cookie,
      })
    }
    case 'watchpoint': {
      const { address, length, mode } = place
      // x86 and arm64 know execution of one instruction only, which is said by a word's length
      const lengthBytes = mode === 'x' ? 8 : length
      const source = { kind: 'breakpoint', address, lengthBytes, access: mode } as const
      return attachPerfEvent(program, source, {
        rate: { period: 1 },
        ...process(place),
        ...cookie,
      })
    }
    case 'fentry':
    case 'fexit':
      return attachTracing(program, { target: place.probe, ...cookie })
  }
}

/** For one process, and the threads and processes it makes from now on. */
function process({ pid }: { readonly pid?: number }): { readonly pid?: number; readonly inherit?: true } {
  return pid === undefined ? {} : { pid, inherit: true }
}

function attachFunctions(
  program: Program,
  places: readonly PlaceOf<'kprobe'>[],
  at: 'entry' | 'return' | 'session' = places[0]!.returns ? 'return' : 'entry',
): Link {
  // kprobe_multi looks names up in all modules at once and takes no module in front
  const names = places.map(place => place.function)
  const cookies = places.map(({ cookie }) => cookie ?? 0n)
  return attachKprobeMulti(program, { names, cookies }, { at })
}

function byFile(places: readonly PlaceOf<'uprobe'>[]): Iterable<readonly PlaceOf<'uprobe'>[]> {
  const files = new Map<string, PlaceOf<'uprobe'>[]>()
  for (const place of places) {
    const known = files.get(place.path)
    if (known === undefined) files.set(place.path, [place])
    else known.push(place)
  }
  return files.values()
}

function attachFileOffsets(program: Program, places: readonly PlaceOf<'uprobe'>[]): Link {
  const { path, returns, pid } = places[0]!
  const at = {
    path,
    offsets: places.map(({ fileOffset }) => Number(fileOffset)),
    cookies: places.map(({ cookie }) => cookie ?? 0n),
    ...(places.some(({ refCtrOffset }) => refCtrOffset !== undefined)
      ? { refCtrOffsets: places.map(({ refCtrOffset }) => Number(refCtrOffset ?? 0n)) }
      : {}),
  }
  return attachUprobeMulti(program, at, {
    at: returns ? 'return' : 'entry',
    ...(pid === undefined ? {} : { pid }),
  })
}

function functionName({ module, function: name }: PlaceOf<'kprobe'>): string {
  return module === undefined || module === 'vmlinux' ? name : `${module}:${name}`
}
