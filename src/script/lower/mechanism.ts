// Probes on functions of the kernel take whichever mechanism this kernel offers: where it has no kprobes they run by
// fentry and fexit, where it has no trampolines by kprobes, as long as the body asks for nothing that only its own has.

import { isGlob } from '../../kernel/glob.ts'
import { argumentFields } from '../check/argument-fields.ts'
import { placeFacts } from '../check/arguments.ts'
import type { CheckedBody } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import type { Place } from '../compiled.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import { mentions } from '../tree.ts'
import { argumentOffset } from './registers.ts'

type Kprobe = Extract<Place, { kind: 'kprobe' }>
type Fentry = Extract<Place, { kind: 'fentry' | 'fexit' }>

/** The body as it is run on this kernel: itself, or once for each of its places by the other mechanism. */
export function byOfferedMechanism(body: CheckedBody, facts: CheckFacts): readonly CheckedBody[] {
  const { kind } = body.places[0]!.place
  const has = (feature: 'kprobe' | 'fentry') => facts.kernel.has(feature)
  if (kind === 'kprobe' && !has('kprobe') && has('fentry')) return byFentry(body, facts)
  if ((kind === 'fentry' || kind === 'fexit') && !has('fentry') && has('kprobe')) return byKprobe(body)
  return [body]
}

/** What only the registers of a kprobe, or its right to change them, can serve. */
const ONLY_KPROBES: ReadonlySet<string> = new Set(['reg', 'ctx', 'override'])

function byFentry(body: CheckedBody, facts: CheckFacts): readonly CheckedBody[] {
  if (mentions(body.probe, name => ONLY_KPROBES.has(name))) return [body]
  const made = body.places.map(resolved => fentryOf(body, resolved, facts))
  const found = made.filter(one => one !== undefined)
  // a wildcard takes what there is; a function that is named is needed
  const needed = body.places.filter(({ spec }) => !('function' in spec) || !isGlob(spec.function))
  const complete = needed.every(resolved => made[body.places.indexOf(resolved)] !== undefined)
  return found.length > 0 && complete ? found : [body]
}

function fentryOf(body: CheckedBody, resolved: ResolvedPlace, facts: CheckFacts): CheckedBody | undefined {
  const place = resolved.place as Kprobe
  if (place.offset !== 0 || place.address !== undefined) return undefined
  const traced: Fentry = {
    kind: place.returns ? 'fexit' : 'fentry',
    probe: place.probe,
    module: place.module ?? 'vmlinux',
    function: place.function,
  }
  const moved = { ...resolved, place: traced }
  const { arguments: args, result } = placeFacts(moved, facts)
  if (args === undefined || !args.simple) return undefined
  const wanted = args.def.members().length
  const asksForMore = mentions(body.probe, name => /^arg\d+$/.test(name) && Number(name.slice(3)) >= wanted)
  const asksForNothing = mentions(body.probe, name => name === 'retval') && result === undefined
  if (asksForMore || asksForNothing) return undefined
  return { ...body, places: [moved], arguments: args, result }
}

/** What the verifier's types of an fentry program's arguments are needed for. */
const ONLY_FENTRY: ReadonlySet<string> = new Set(['skboutput', 'socket_cookie'])

function byKprobe(body: CheckedBody): readonly CheckedBody[] {
  const returns = body.places[0]!.place.kind === 'fexit'
  if (mentions(body.probe, name => ONLY_FENTRY.has(name))) return [body]
  if (mentions(body.probe, name => name === 'args')) {
    const fields = argumentFields(body.probe)
    // registers hold the arguments when a function is entered, one by one, and no longer when it returns
    if (returns || fields === undefined || body.arguments?.simple !== true) return [body]
    const members = body.arguments.def.members()
    if (members.some(({ name }, i) => fields.has(name) && argumentOffset(i) === undefined)) return [body]
  }
  const places = body.places.map((resolved): ResolvedPlace | undefined => {
    const { probe, module, function: name, programId } = resolved.place as Fentry
    return programId === undefined
      ? { ...resolved, place: { kind: 'kprobe', probe, returns, module, function: name, offset: 0 } }
      : undefined
  })
  const moved = places.filter(place => place !== undefined)
  return moved.length === places.length ? [{ ...body, places: moved }] : [body]
}
