// From attach points to the places they mean on this machine: wildcards expanded, files and functions found. Nothing is
// attached here; what is not there is reported with what is near.

import { nearNames } from '../../btf/near-names.ts'
import type { UsdtLocation } from '../../elf/index.ts'
import { globMatcher, isGlob } from '../../kernel/glob.ts'
import type { Place } from '../compiled.ts'
import type { Diagnostics } from '../diagnostics/index.ts'
import type { KernelFacts, KernelFunction, UserFacts } from '../facts.ts'
import type { AttachPointSpec } from '../parse/attach-point.ts'
import { hardwareEvents, softwareEvents } from '../providers.ts'
import { resolveMessages as say } from './messages.ts'
import { uprobePlaces, usdtPlaces } from './user-places.ts'

/** A place, the attach point that meant it, and what only USDT probes have. */
export interface ResolvedPlace {
  readonly place: Place
  readonly spec: AttachPointSpec
  /** where the arguments of a USDT probe are */
  readonly usdt?: UsdtLocation
}

export interface ResolveContext {
  readonly kernel: KernelFacts
  readonly user: UserFacts
  readonly diagnostics: Diagnostics
  /** config `missing_probes` */
  readonly missingProbes: 'error' | 'warn' | 'ignore'
  /** `-p` or the process of `-c` */
  readonly pid: number | undefined
  readonly unsafe: boolean
  /** attach points for which there is no place on this machine, and what they wanted */
  readonly notFound: Map<AttachPointSpec, string>
}

type SpecOf<P extends AttachPointSpec['provider']> = Extract<AttachPointSpec, { provider: P }>

/** All places of an attach point, in the order of their names. Reports when there is none. */
export function placesOf(spec: AttachPointSpec, context: ResolveContext): ResolvedPlace[] {
  switch (spec.provider) {
    case 'begin':
    case 'end':
      return one(spec, { kind: spec.provider, probe: spec.provider })
    case 'self':
      return one(spec, { kind: 'self', probe: `self:signal:${spec.signal}`, signal: spec.signal })
    case 'test':
    case 'bench':
      return one(spec, {
        kind: spec.provider,
        probe: `${spec.provider}:${spec.title}`,
        title: spec.title,
      })
    case 'interval':
    case 'profile': {
      const periodNs = spec.unit === 'hz' ? 1_000_000_000n / spec.rate : spec.rate * UNIT_NS[spec.unit]
      const probe = `${spec.provider}:${spec.unit}:${spec.rate}`
      if (spec.provider === 'interval') return one(spec, { kind: 'interval', probe, periodNs })
      return one(spec, { kind: 'profile', probe, periodNs, ...ofProcess(context) })
    }
    case 'software':
    case 'hardware':
      return perfPlaces(spec, context)
    case 'tracepoint':
      return tracepointPlaces(spec, context)
    case 'rawtracepoint':
      return rawTracepointPlaces(spec, context)
    case 'kprobe':
    case 'kretprobe':
      return kprobePlaces(spec, context)
    case 'fentry':
    case 'fexit':
      return fentryPlaces(spec, context)
    case 'uprobe':
    case 'uretprobe':
      return uprobePlaces(spec, context)
    case 'usdt':
      return usdtPlaces(spec, context)
    case 'watchpoint':
      return watchpointPlaces(spec, context)
    case 'iter':
      return iteratorPlaces(spec, context)
  }
}

const UNIT_NS = { s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n } as const
/** perf_event_open's type numbers, linux/perf_event.h */
const PERF_TYPE_HARDWARE = 0
const PERF_TYPE_SOFTWARE = 1

/** What is attached for one process only, where the kernel can do that. */
export function ofProcess({ pid }: ResolveContext): { readonly pid?: number } {
  return pid === undefined ? {} : { pid }
}

function perfPlaces(spec: SpecOf<'software' | 'hardware'>, context: ResolveContext): ResolvedPlace[] {
  const isSoftware = spec.provider === 'software'
  const events = isSoftware ? softwareEvents : hardwareEvents
  const event = events.find(({ name, alias }) => name === spec.event || alias === spec.event)!
  const count = spec.count ?? BigInt(event.count)
  return one(spec, {
    kind: 'perf',
    probe: `${spec.provider}:${spec.event}:${spec.count ?? ''}`,
    type: isSoftware ? PERF_TYPE_SOFTWARE : PERF_TYPE_HARDWARE,
    config: BigInt(event.config),
    count,
    ...ofProcess(context),
  })
}

function tracepointPlaces(spec: SpecOf<'tracepoint'>, context: ResolveContext): ResolvedPlace[] {
  const { category, event } = spec
  const full = `${category}:${event}`
  const found = tracepointsNamed(category, event, context)
  if (found.length === 0) return missing(spec, full, context, context.kernel.tracepoints())
  return found.map(full => {
    const colon = full.indexOf(':')
    const place = { category: full.slice(0, colon), name: full.slice(colon + 1) }
    return { spec, place: { kind: 'tracepoint', probe: `tracepoint:${full}`, ...place } }
  })
}

function rawTracepointPlaces(spec: SpecOf<'rawtracepoint'>, context: ResolveContext): ResolvedPlace[] {
  const all = context.kernel.rawTracepoints()
  const inModule = globMatcher(spec.module)
  const named = globMatcher(spec.event)
  const found = all.filter(full => {
    const { module, name } = splitModule(full)
    return named(name) && (spec.module === '*' || inModule(module))
  })
  const target = spec.module === '*' ? spec.event : `${spec.module}:${spec.event}`
  if (found.length === 0) return missing(spec, target, context, all, spec.event)
  return found.map(full => {
    const { module, name } = splitModule(full)
    return { spec, place: { kind: 'rawtracepoint', probe: `rawtracepoint:${module}:${name}`, name, module } }
  })
}

function kprobePlaces(spec: SpecOf<'kprobe' | 'kretprobe'>, context: ResolveContext): ResolvedPlace[] {
  const { provider, address } = spec
  const returns = provider === 'kretprobe'
  const offset = Number(spec.offset)
  if (address !== null) {
    const probe = `${provider}:${address}`
    return one(spec, { kind: 'kprobe', probe, returns, function: '', offset, address })
  }
  let places = functionsOf(spec.module, spec.function, context)
  if (isGlob(spec.function)) places = places.filter(({ name }) => !name.startsWith(NOT_FOR_WILDCARDS))
  if (places.length === 0 && !isGlob(spec.function)) {
    if (context.missingProbes !== 'ignore') {
      context.diagnostics.report(say.notTraceable, spec.node.span, { function: spec.function })
    }
    // Where functions cannot be listed, or the user insists, the kernel is asked when it comes to attaching.
    if (context.unsafe) places = [{ name: spec.function, module: spec.module ?? 'vmlinux' }]
  }
  if (places.length === 0) return missingFunction(spec, context)
  return places.map(({ name, module }) => {
    const prefix = spec.module === null ? '' : `${module}:`
    const probe = `${provider}:${prefix}${name}${offset === 0 ? '' : `+${offset}`}`
    return { spec, place: { kind: 'kprobe', probe, returns, module, function: name, offset } }
  })
}

/** bpftrace leaves these out, too: what a program itself calls can hang the machine when all of it is probed. */
const NOT_FOR_WILDCARDS = 'rcu_'

function fentryPlaces(spec: SpecOf<'fentry' | 'fexit'>, context: ResolveContext): ResolvedPlace[] {
  if (spec.bpf !== null) return programPlaces(spec, spec.bpf.id, context)
  // a trampoline needs the function's type
  const places = functionsOf(spec.module, spec.function, context).filter(
    ({ name, module }) => context.kernel.moduleBtf(module)?.find(name, 'func') !== undefined,
  )
  if (places.length === 0) return missingFunction(spec, context)
  return places.map(({ name, module }) => {
    const probe = `${spec.provider}:${module}:${name}`
    return { spec, place: { kind: spec.provider, probe, module, function: name } }
  })
}

/** Functions of BPF programs that are loaded now. */
function programPlaces(
  spec: SpecOf<'fentry' | 'fexit'>,
  id: bigint | null,
  context: ResolveContext,
): ResolvedPlace[] {
  const all = context.kernel.programFunctions?.(id === null ? undefined : Number(id)) ?? []
  const named = globMatcher(spec.function)
  const found = all.filter(({ name }) => named(name))
  if (found.length === 0) {
    const target = `bpf:${id === null ? '' : `${id}:`}${spec.function}`
    return missing(spec, target, context, new Set(all.map(({ name }) => name)), spec.function)
  }
  return found.map(({ programId, name }) => {
    const probe = `${spec.provider}:bpf:${programId}:${name}`
    return { spec, place: { kind: spec.provider, probe, module: 'bpf', function: name, programId } }
  })
}

function watchpointPlaces(spec: SpecOf<'watchpoint'>, context: ResolveContext): ResolvedPlace[] {
  return one(spec, {
    kind: 'watchpoint',
    probe: `watchpoint:0x${spec.address.toString(16)}:${spec.lengthBytes}:${spec.mode}`,
    address: spec.address,
    length: spec.lengthBytes as 1 | 2 | 4 | 8,
    mode: spec.mode as 'r' | 'w' | 'rw' | 'x',
    ...ofProcess(context),
  })
}

function iteratorPlaces(spec: SpecOf<'iter'>, context: ResolveContext): ResolvedPlace[] {
  if (!context.kernel.iterators().includes(spec.iterator)) {
    const near = nearNames(spec.iterator, context.kernel.iterators())
    const hints = near.length === 0 ? [] : [`did you mean ${near.join(' or ')}?`]
    context.diagnostics.report(say.unknownIterator, spec.node.span, { name: spec.iterator }, { hints })
    return []
  }
  const pin = spec.pin === null ? {} : { pin: spec.pin }
  return one(spec, { kind: 'iter', probe: `iter:${spec.iterator}`, iterator: spec.iterator, ...pin })
}

/** Functions of the kernel and its modules that a pattern names, each name once in a module. */
function functionsOf(module: string | null, pattern: string, { kernel }: ResolveContext): KernelFunction[] {
  const inModule = module === null || module === '*' ? () => true : globMatcher(module)
  const named = globMatcher(pattern)
  const seen = new Set<string>()
  const candidates = isGlob(pattern) ? kernel.functions() : kernel.functionsNamed(pattern)
  return candidates.filter(f => {
    if (!named(f.name) || !inModule(f.module)) return false
    const key = `${f.module}:${f.name}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function missingFunction(
  spec: SpecOf<'kprobe' | 'kretprobe' | 'fentry' | 'fexit'>,
  context: ResolveContext,
): ResolvedPlace[] {
  const { module, function: name } = spec
  const functions = context.kernel.functions()
  if (
    module !== null &&
    !isGlob(module) &&
    functions.length > 0 &&
    !functions.some(f => f.module === module)
  ) {
    context.diagnostics.report(say.moduleNotLoaded, spec.node.span, {
      module,
      provider: spec.provider,
      function: name,
    })
    return []
  }
  const target = module === null ? name : `${module}:${name}`
  const near = isGlob(name) ? [] : functions.map(f => f.name)
  return missing(spec, target, context, near, name)
}

/** Reports that nothing matches, as `missing_probes` asks; `name` is the part of the target that was looked for in `near`. */
export function missing(
  spec: AttachPointSpec,
  target: string,
  { diagnostics, missingProbes, notFound }: ResolveContext,
  near: Iterable<string>,
  name = target,
): [] {
  notFound.set(spec, target)
  if (missingProbes === 'ignore') return []
  // a wildcard may find nothing as long as another attach point of its probe finds something
  if (missingProbes === 'error' && isGlob(target)) return []
  const message = missingProbes === 'error' ? say.noMatches : say.noMatchesSkipped
  const names = isGlob(target) ? [] : nearNames(name, near)
  const hints = names.length === 0 ? [] : [`did you mean ${names.map(name => `"${name}"`).join(' or ')}?`]
  diagnostics.report(message, spec.node.span, { provider: spec.provider, target }, { hints })
  return []
}

function one(spec: AttachPointSpec, place: Place): ResolvedPlace[] {
  return [{ spec, place: spec.name === null ? place : { ...place, probe: spec.name } }]
}

/** Without wildcards one file is looked at; with them the whole tree. */
function tracepointsNamed(category: string, event: string, { kernel }: ResolveContext): readonly string[] {
  const full = `${category}:${event}`
  if (isGlob(full)) return kernel.tracepoints().filter(globMatcher(full))
  return kernel.tracepointFormat(category, event) === undefined ? [] : [full]
}

/** `xfs:xfs_read` is a module's, `sched_switch` the kernel's own. */
function splitModule(full: string): { readonly module: string; readonly name: string } {
  const colon = full.indexOf(':')
  return colon < 0
    ? { module: 'vmlinux', name: full }
    : { module: full.slice(0, colon), name: full.slice(colon + 1) }
}
