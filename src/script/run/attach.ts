// From places to links: which call of the `link` floor it is, and with what. A program that serves many functions is
// attached by one link where it was made for that (kprobe_multi, uprobe_multi).

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
  BPF_TRACE_UPROBE_MULTI,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
} from '../../sys/index.ts'
import type { Place, ScriptProgram } from '../compiled.ts'

type PlaceOf<K extends Place['kind']> = Extract<Place, { kind: K }>

/** Attaches a program to all its places; what was attached goes to `links` at once, so that a failure can undo it. */
export function attachProgram(
  program: Program,
  { spec, places }: ScriptProgram,
  onlineCpus: readonly number[],
  links: Link[],
): void {
  if (spec.expectedAttachType === BPF_TRACE_KPROBE_MULTI) {
    links.push(attachFunctions(program, places as readonly PlaceOf<'kprobe'>[]))
    return
  }
  if (spec.expectedAttachType === BPF_TRACE_UPROBE_MULTI) {
    attachFileOffsets(program, places as readonly PlaceOf<'uprobe'>[], links)
    return
  }
  for (const place of places) {
    const link = attachPlace(program, place, onlineCpus)
    if (link !== undefined) links.push(link)
  }
}

const CPU_CLOCK = { kind: 'raw', type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_CPU_CLOCK } as const

/** `begin`, `end` and `self` are run by the session, and iterators by whoever reads them: they have no link. */
function attachPlace(program: Program, place: Place, onlineCpus: readonly number[]): Link | undefined {
  const cookie = place.cookie === undefined ? {} : { cookie: place.cookie }
  switch (place.kind) {
    case 'begin':
    case 'end':
    case 'self':
    case 'iter':
      return undefined
    case 'interval':
      return attachPerfEvent(program, CPU_CLOCK, {
        rate: { period: Number(place.periodNs) },
        cpus: onlineCpus.slice(0, 1),
        ...cookie,
      })
    case 'profile':
      return attachPerfEvent(program, CPU_CLOCK, { rate: { period: Number(place.periodNs) }, ...cookie })
    case 'perf': {
      const { type, config, count } = place
      return attachPerfEvent(
        program,
        { kind: 'raw', type, config },
        { rate: { period: Number(count) }, ...cookie },
      )
    }
    case 'tracepoint':
      return attachTracepoint(program, place.category, place.name, cookie)
    case 'rawtracepoint':
      return attachRawTracepoint(program, place.name, cookie)
    case 'kprobe': {
      const at =
        place.address === undefined
          ? { name: functionName(place), offset: place.offset }
          : { address: place.address }
      return attachKprobe(program, at, { isReturn: place.returns, ...cookie })
    }
    case 'uprobe': {
      const { path, fileOffset, refCtrOffset, returns, pid } = place
      const at = {
        path,
        offset: Number(fileOffset),
        ...(refCtrOffset === undefined ? {} : { refCtrOffset: Number(refCtrOffset) }),
      }
      return attachUprobe(program, at, {
        isReturn: returns,
        ...(pid === undefined ? {} : { pid }),
        ...cookie,
      })
    }
    case 'watchpoint': {
      const { address, length, mode, pid } = place
      const source = { kind: 'breakpoint', address, lengthBytes: length, access: mode } as const
      return attachPerfEvent(program, source, {
        rate: { period: 1 },
        ...(pid === undefined ? {} : { pid }),
        ...cookie,
      })
    }
    case 'fentry':
    case 'fexit':
      return attachTracing(program, { target: place.probe, ...cookie })
  }
}

function attachFunctions(program: Program, places: readonly PlaceOf<'kprobe'>[]): Link {
  const names = places.map(functionName)
  const cookies = places.map(({ cookie }) => cookie ?? 0n)
  return attachKprobeMulti(program, { names, cookies }, { at: places[0]!.returns ? 'return' : 'entry' })
}

/** One link for each file. */
function attachFileOffsets(program: Program, places: readonly PlaceOf<'uprobe'>[], links: Link[]): void {
  const byPath = new Map<string, PlaceOf<'uprobe'>[]>()
  for (const place of places) {
    const known = byPath.get(place.path)
    if (known === undefined) byPath.set(place.path, [place])
    else known.push(place)
  }
  for (const [path, all] of byPath) {
    const { returns, pid } = all[0]!
    const at = {
      path,
      offsets: all.map(({ fileOffset }) => Number(fileOffset)),
      cookies: all.map(({ cookie }) => cookie ?? 0n),
      ...(all.some(({ refCtrOffset }) => refCtrOffset !== undefined)
        ? { refCtrOffsets: all.map(({ refCtrOffset }) => Number(refCtrOffset ?? 0n)) }
        : {}),
    }
    links.push(
      attachUprobeMulti(program, at, {
        at: returns ? 'return' : 'entry',
        ...(pid === undefined ? {} : { pid }),
      }),
    )
  }
}

function functionName({ module, function: name }: PlaceOf<'kprobe'>): string {
  return module === undefined || module === 'vmlinux' ? name : `${module}:${name}`
}
