// The lowering: each body of a checked script becomes a BPF program, described as plain data for the run loop.

import { IrError } from '../../errors/index.ts'
import { compileSpec, program as newProgram, type Program, u32 } from '../../ir/index.ts'
import type { MapSpec, ProgramSpec } from '../../spec/spec.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_RAW_TP,
  BPF_TRACE_UPROBE_MULTI,
} from '../../sys/bpf-constants.generated.ts'
import type { Node, Probe } from '../ast.ts'
import type { CheckedBody, CheckedScript } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import {
  CONTROL_EXITED,
  CONTROL_MAP,
  type CompiledScript,
  type Place,
  type ScriptProgram,
} from '../compiled.ts'
import { pidTgid } from '../language/builtins/process.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import { mentions, visitChildren } from '../tree.ts'
import { kprobeSessions, type SessionBodies } from './kprobe-session.ts'
import { Lowering, type ProgramState } from './lowering.ts'
import { byOfferedMechanism } from './mechanism.ts'
import { programType } from './program-type.ts'
import { ScriptBuilder } from './script-builder.ts'
import { lowerBlock, predicateOf } from './statement.ts'
import {
  enterSystemCall,
  groupSystemCalls,
  namesProbeInLoop,
  type SystemCalls,
  sharedTracepoint,
} from './system-calls.ts'

export interface LowerOptions {
  /** gets the text of every function after every stage of the back end (`-d ir`) */
  readonly dump?: (stage: string, text: string) => void
  /** gets the maps that are known before any program is made, as they will be in `mapSpecs` */
  readonly onMaps?: (specs: readonly MapSpec[]) => void
}

/** Makes programs and maps of a script without errors. @throws IrError IR_STACK, IR_TOO_LARGE */
export function lower(checked: CheckedScript, facts: CheckFacts, options: LowerOptions = {}): CompiledScript {
  const shared = new ScriptBuilder(checked, facts)
  options.onMaps?.(shared.foreseenMaps())
  const programs: ScriptProgram[] = []
  const bodies = checked.bodies.flatMap(body => byOfferedMechanism(body, facts))
  const sessions = kprobeSessions(bodies, facts)
  const done = new Set<CheckedBody>()
  for (const body of bodies) {
    const session = sessions.get(body)
    const together =
      session === undefined ? undefined : compileSession(shared, session, programs.length, options)
    if (together !== undefined) {
      programs.push(together)
      done.add(body).add(session!.return)
    }
  }
  for (const body of bodies) {
    if (done.has(body)) continue
    for (const { places, calls } of placesOfPrograms(body, facts)) {
      programs.push(compileBody(shared, { ...body, places }, calls, programs.length, options))
    }
  }
  const { maps, actions, timeFormats, cgroupPatterns, stacks } = shared
  return { mapSpecs: shared.finishedMaps(), programs, maps, actions, timeFormats, cgroupPatterns, stacks }
}

/** The places that one program serves. */
interface ProgramPlaces {
  readonly places: readonly ResolvedPlace[]
  /** set when it is attached to all system calls, and looks for the places itself */
  readonly calls?: SystemCalls
}

function placesOfPrograms(body: CheckedBody, facts: CheckFacts): readonly ProgramPlaces[] {
  const { groups, rest } = groupSystemCalls(body, facts)
  const together = groups.map(calls => ({ places: calls.places, calls }))
  return [...together, ...separatePrograms(body.probe, rest, facts).map(places => ({ places }))]
}

/** One program for all places, unless it must know them apart and the kernel cannot tell it. */
function separatePrograms(
  probe: Probe,
  places: readonly ResolvedPlace[],
  facts: CheckFacts,
): readonly (readonly ResolvedPlace[])[] {
  if (places.length < 2) return places.map(place => [place])
  const first = places[0]!.place
  // A program of BPF_PROG_TYPE_TRACING belongs to what it was loaded for.
  if (programType(probe, first) === BPF_PROG_TYPE_TRACING) return places.map(p => [p])
  if (!mentions(probe, name => name === 'probe')) return [places]
  if (namesProbeInLoop(probe)) return places.map(p => [p])
  const cookies = first.kind === 'rawtracepoint' ? 'raw_tracepoint_cookie' : 'attach_cookie'
  const hasContextCookie = !['begin', 'end', 'self', 'test', 'bench'].includes(first.kind)
  return hasContextCookie && facts.kernel.has(cookies) ? [places] : places.map(p => [p])
}

function compileBody(
  shared: ScriptBuilder,
  body: CheckedBody,
  calls: SystemCalls | undefined,
  index: number,
  options: LowerOptions,
): ScriptProgram {
  const { place } = body.places[0]!
  const program = buildProgram(shared, body, calls, index, (program, state) => {
    program.main((b, ctx) => {
      const l = new Lowering(b, state, ctx, value => b.return(leaving(l, value)))
      lowerProbe(l)
    })
  })
  return {
    spec: { ...programSpec(program, place, options), ...multiAttach(body, shared.facts) },
    ...(calls === undefined
      ? { places: placesWithCookies(body) }
      : { places: calls.places.map(({ place }) => place), through: sharedTracepoint(calls) }),
    span: body.probe.span,
  }
}

/** One program for both ends; undefined when the two do not fit in one. */
function compileSession(
  shared: ScriptBuilder,
  bodies: SessionBodies,
  index: number,
  options: LowerOptions,
): ScriptProgram | undefined {
  const { entry } = bodies
  const mapCount = shared.mapSpecs.length
  const returnArguments = shared.facts.types.kernelTypes()?.parameters(IS_RETURN, 'kernel')?.parameters.length
  try {
    const program = buildProgram(shared, entry, undefined, index, (program, state) => {
      program.main((b, ctx) => {
        const atReturn: ProgramState = {
          ...state,
          body: bodies.return,
          captured: capturedVariables(bodies.return),
          sharedOffsets: new Map(),
        }
        // the return is skipped after an entry that gave something else than 0
        const build = (of: ProgramState): void => lowerProbe(new Lowering(b, of, ctx, () => b.return(0)))
        const isReturn = b.callKfunc(IS_RETURN, returnArguments === 1 ? [ctx] : [])
        b.if(b.ne(b.and(isReturn, 1), 0), () => build(atReturn))
        state.callbacks = atReturn.callbacks
        build(state)
        // the two never run at once: their buffers may be the same
        state.scratchBytes = Math.max(state.scratchBytes, atReturn.scratchBytes)
        state.slackBytes = Math.max(state.slackBytes, atReturn.slackBytes)
      })
    })
    const spec = { ...programSpec(program, entry.places[0]!.place, options) }
    return {
      spec: { ...spec, expectedAttachType: BPF_TRACE_KPROBE_SESSION },
      places: [...placesWithCookies(entry), ...placesWithCookies(bodies.return)],
      span: entry.probe.span,
    }
  } catch (error) {
    if (!(error instanceof IrError)) throw error
    shared.mapSpecs.length = mapCount
    return undefined
  }
}

/** Linux 6.10; takes the context since 7.0 */
const IS_RETURN = 'bpf_session_is_return'

/** Makes a program with its buffers; `build` gives it its main function. */
function buildProgram(
  shared: ScriptBuilder,
  body: CheckedBody,
  calls: SystemCalls | undefined,
  index: number,
  build: (program: Program, state: ProgramState) => void,
): Program {
  const { place } = body.places[0]!
  const scratchMap = `scratch${index}`
  const scratchSpec = {
    name: scratchMap,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: shared.facts.kernel.possibleCpus,
  }
  // Programs may name what stands in the list when they are built. How large the buffer is shows in the end.
  const scratchAt = shared.mapSpecs.push(scratchSpec) - 1
  const program = newProgram({
    name: programName(body, index),
    progType: programType(body.probe, place),
    license: shared.facts.config.license,
    maps: shared.mapSpecs,
  })
  const state: ProgramState = {
    program,
    body,
    ...(calls === undefined ? {} : { calls }),
    shared,
    scratchMap,
    scratchBytes: 0,
    slackBytes: 0,
    captured: capturedVariables(body),
    sharedOffsets: new Map(),
    callbacks: 0,
    stopOffset: undefined,
  }
  build(program, state)
  if (state.scratchBytes === 0) shared.mapSpecs.splice(scratchAt, 1)
  else {
    const valueSize = (state.scratchBytes + state.slackBytes + 7) & ~7
    shared.mapSpecs[scratchAt] = { ...scratchSpec, valueSize }
  }
  return program
}

/** What it is attached to, as an identifier: what `bpftool prog` and the verifier's messages call it. */
function programName({ places }: CheckedBody, index: number): string {
  const { place, spec } = places[0]!
  const attached = places.length === 1 ? place.probe : spec.node.raw
  return `${attached.replace(/\W+/g, '_').slice(0, LONGEST_NAME)}_${index + 1}`
}

/** of a function in BTF, KSYM_NAME_LEN, less a number */
const LONGEST_NAME = 120

/** The whole of a body: who it is for, its predicate, its block. */
function lowerProbe(l: Lowering): void {
  const { b, state } = l
  const { probe } = state.body
  l.at(probe.span)
  if (ends(state)) {
    const exited = b.load(b.mapValue(CONTROL_MAP), CONTROL_EXITED, u32)
    b.if(b.ne(exited, 0), () => b.return(0))
  }
  if (state.calls !== undefined) l.callName = enterSystemCall(l, state.calls)
  if (isForOneProcess(state)) {
    b.if(b.ne(b.shr(pidTgid(l), 32), state.shared.facts.run.pid!), () => b.return(0))
  }
  if (probe.predicate !== null) {
    l.at(probe.predicate.span)
    const holds = predicateOf(l, probe.predicate)
    b.if(b.not(holds), () => b.return(0))
  }
  lowerBlock(l, probe.body)
  b.return(0)
}

/**
 * Whether a body is run by a clock and may call `exit()`: then it runs no more once somebody did, so that what it prints
 * does not depend on how soon the exit is read. Other bodies run until they are detached, as bpftrace's do.
 */
function ends({ body }: ProgramState): boolean {
  const { kind } = body.places[0]!.place
  return (kind === 'interval' || kind === 'profile') && mentions(body.probe, name => name === 'exit')
}

/** `-p` holds for every probe of a process; where the kernel cannot choose it when attaching, the program does. */
function isForOneProcess({ body, shared }: ProgramState): boolean {
  const { pid, childPid } = shared.facts.run
  const { kind } = body.places[0]!.place
  return pid !== undefined && pid !== childPid && FILTERED.includes(kind)
}

const FILTERED: readonly Place['kind'][] = ['kprobe', 'fentry', 'fexit', 'tracepoint', 'rawtracepoint']

/** Programs of type tracing must give 0. */
function leaving(l: Lowering, value: Parameters<Lowering['leave']>[0]): Parameters<Lowering['leave']>[0] {
  if (typeof value === 'number') return value
  const { kind } = l.body.places[0]!.place
  const fixed = kind === 'fentry' || kind === 'fexit' || kind === 'iter'
  return fixed ? 0 : l.b.convert(value, { kind: 'int', bits: 64, signed: false })
}

function placesWithCookies({ places }: CheckedBody): Place[] {
  if (places.length === 1) return [places[0]!.place]
  return places.map(({ place }, i) => ({ ...place, cookie: BigInt(i) }))
}

/** Several functions in one link, where the kernel has such. */
function multiAttach({ places }: CheckedBody, facts: CheckFacts): { expectedAttachType?: number } {
  if (places.length < 2) return {}
  const all = places.map(({ place }) => place)
  if (all.every(p => p.kind === 'kprobe' && p.offset === 0 && p.address === undefined)) {
    const sameEnd = all.every(p => p.kind === 'kprobe' && p.returns === (all[0] as typeof p).returns)
    return sameEnd && facts.kernel.has('kprobe_multi') ? { expectedAttachType: BPF_TRACE_KPROBE_MULTI } : {}
  }
  if (all.every(p => p.kind === 'uprobe') && facts.kernel.has('uprobe_multi')) {
    return { expectedAttachType: BPF_TRACE_UPROBE_MULTI }
  }
  return {}
}

function programSpec(program: Program, place: Place, { dump }: LowerOptions): ProgramSpec {
  const spec = compileSpec(program, dump === undefined ? {} : { dump })
  switch (place.kind) {
    case 'fentry':
      return { ...spec, expectedAttachType: BPF_TRACE_FENTRY, attachTo: target(place) }
    case 'fexit':
      return { ...spec, expectedAttachType: BPF_TRACE_FEXIT, attachTo: target(place) }
    case 'iter':
      return { ...spec, expectedAttachType: BPF_TRACE_ITER, attachTo: place.iterator }
    case 'rawtracepoint':
      return spec.type === BPF_PROG_TYPE_TRACING
        ? {
            ...spec,
            expectedAttachType: BPF_TRACE_RAW_TP,
            attachTo: target({ ...place, function: place.name }),
          }
        : spec
    default:
      return spec
  }
}

/** A function, with its module when it is not the kernel's own; of a BPF program the run loop knows the program. */
function target(place: { readonly module: string; readonly function: string }): string {
  return place.module === 'vmlinux' || place.module === 'bpf'
    ? place.function
    : `${place.module}:${place.function}`
}

/** Variables that the callback of a loop shares with what is around it, and those whose address is taken. */
function capturedVariables(body: CheckedBody): Set<number> {
  const captured = new Set<number>()
  const homes = new Map<number, number>()
  let loops = 0
  const walk = (node: Node, loop: number): void => {
    if (node.kind === 'variable') {
      const variable = body.variables.get(node.id)
      if (variable !== undefined) {
        const home = homes.get(variable.id)
        if (home === undefined) homes.set(variable.id, loop)
        else if (home !== loop) captured.add(variable.id)
      }
      return
    }
    if (node.kind === 'address-of' && node.operand.kind === 'variable') {
      const variable = body.variables.get(node.operand.id)
      if (variable !== undefined) captured.add(variable.id)
    }
    if (node.kind === 'for') {
      if (node.iterable.kind === 'range') walk(node.iterable, loop)
      const inner = ++loops
      walk(node.variable, inner)
      walk(node.body, inner)
      return
    }
    visitChildren(node, child => walk(child, loop))
  }
  walk(body.probe.body, 0)
  return captured
}
