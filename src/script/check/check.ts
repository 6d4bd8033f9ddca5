// The checker: walks all bodies until the types of maps and variables stand still, then once more to report.

import type { Probe, Script } from '../ast.ts'
import { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import type { Sources } from '../source.ts'
import { mentions } from '../tree.ts'
import { int8, isAggregate } from '../type.ts'
import { argumentFields } from './argument-fields.ts'
import { placeFacts } from './arguments.ts'
import type { CheckedBody, CheckedMap, CheckedScript } from './checked.ts'
import { type BodyState, Checker, type CheckFacts } from './checker.ts'
import { checkCondition, checkExpression } from './expression.ts'
import { say } from './messages.ts'
import { settled } from './promote.ts'
import { checkBlock } from './statement.ts'

/** A probe of the script and the places that its attach points mean. */
export interface ProbePlaces {
  readonly probe: Probe
  readonly places: readonly ResolvedPlace[]
}

export interface CheckInput {
  readonly script: Script
  readonly sources: Sources
  readonly probes: readonly ProbePlaces[]
}

/** Walks that grow types before the last; each settles at least one more, and scripts need three or four. */
const MAX_WALKS = 24

/**
 * Finds the types of everything in a script. What is wrong goes to `diagnostics`; the result is only to be lowered
 * when that has no errors.
 */
export function check(input: CheckInput, facts: CheckFacts, diagnostics: Diagnostics): CheckedScript {
  const c = new Checker(facts, diagnostics)
  const bodies = input.probes.flatMap(probe => bodiesOf(probe, facts))
  for (let walk = 0; walk < MAX_WALKS; walk++) {
    c.changed = false
    c.diagnostics = new Diagnostics()
    for (const body of bodies) checkBody(c, body)
    if (!c.changed && !settleUnknownMaps(c)) break
  }
  c.diagnostics = diagnostics
  for (const body of bodies) checkBody(c, body)
  return {
    script: input.script,
    sources: input.sources,
    config: facts.config,
    maps: checkedMaps(c, input.script),
    bodies: bodies as readonly CheckedBody[],
  }
}

/** One body for all places whose arguments have the same types, or for all places when it does not ask for them. */
function bodiesOf({ probe, places }: ProbePlaces, facts: CheckFacts): BodyState[] {
  const groups = new Map<string, ResolvedPlace[]>()
  const asks = mentions(probe, name => name === 'args' || name === 'retval')
  const counts = mentions(probe, name => /^arg\d+$/.test(name))
  for (const place of places) {
    const typed = asks && place.place.kind !== 'uprobe' && place.place.kind !== 'kprobe'
    // the locations of a USDT probe may each have its arguments in other registers
    const usdt = counts ? (place.usdt?.arguments.map(({ text }) => text).join(' ') ?? '') : ''
    const key = `${place.spec.provider} ${typed ? argumentsKey(place, probe, facts) : ''} ${usdt}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [place])
    else group.push(place)
  }
  return [...groups.values()].map(group => ({
    probe,
    places: group,
    ...(asks ? placeFacts(group[0]!, facts) : { arguments: undefined, result: undefined }),
    types: new Map(),
    constants: new Map(),
    variables: new Map(),
    written: new Map(),
    locals: new Map(),
  }))
}

/**
 * Places with the same key have the same arguments, as far as the probe looks at them: system calls all have
 * `args.__syscall_nr`, and one program does for all.
 */
function argumentsKey({ place }: ResolvedPlace, probe: Probe, facts: CheckFacts): string {
  const fields = argumentFields(probe)
  if (place.kind !== 'tracepoint' || fields === undefined) return place.probe
  const format = facts.kernel.tracepointFormat(place.category, place.name)
  if (format === undefined) return place.probe
  const used = format.fields.filter(({ name }) => fields.has(name))
  if (used.length < fields.size) return place.probe
  return JSON.stringify([place.category === 'syscalls', used])
}

function checkBody(c: Checker, body: BodyState): void {
  c.body = body
  c.scopes = [new Map()]
  c.loopDepth = 0
  c.callbackDepth = 0
  const { predicate } = body.probe
  if (predicate !== null) checkCondition(c, predicate, checkExpression(c, predicate))
  checkBlock(c, body.probe.body)
}

/** Maps that are only ever read and written to each other have no type of their own: a literal 0's will do. */
function settleUnknownMaps(c: Checker): boolean {
  let settledOne = false
  for (const map of c.maps.values()) {
    if (map.value === undefined && map.scalar !== undefined && map.selfMade) {
      map.value = int8
      settledOne = true
    }
  }
  return settledOne
}

function checkedMaps(c: Checker, script: Script): Map<string, CheckedMap> {
  const made = new Map<string, CheckedMap>()
  const declared = new Map(script.mapDeclarations.map(node => [node.name, node]))
  for (const map of c.maps.values()) {
    if (map.value === undefined) {
      // what it is assigned has no type, which has been said
      if (c.diagnostics.ok) c.diagnostics.report(say.undefinedMap, map.span, { name: map.name })
      continue
    }
    const declaration = declared.get(map.name)
    made.set(map.name, {
      name: map.name,
      ...(map.scalar !== false || map.key === undefined ? {} : { key: settledDeep(map.key) }),
      value: settled(map.value),
      ...(declaration === undefined ? {} : { declared: declaration }),
    })
  }
  checkDeclarations(c, script, made)
  return made
}

function settledDeep(type: CheckedMap['value']): CheckedMap['value'] {
  if (type.kind === 'tuple') return { ...type, elements: type.elements.map(settledDeep) }
  return settled(type)
}

const MAP_TYPES: Readonly<Record<string, boolean>> = {
  hash: false,
  lruhash: false,
  percpuhash: true,
  percpulruhash: true,
}

function checkDeclarations(c: Checker, script: Script, maps: ReadonlyMap<string, CheckedMap>): void {
  for (const node of script.mapDeclarations) {
    const perCpu = MAP_TYPES[node.mapType]
    if (perCpu === undefined) {
      c.report(
        say.unknownMapType,
        node,
        { type: node.mapType },
        `Valid map types: ${Object.keys(MAP_TYPES).join(', ')}`,
      )
      continue
    }
    const map = maps.get(node.name)
    if (map === undefined) c.report(say.unusedMap, node, { name: node.name })
    else if (perCpu !== isAggregate(map.value)) {
      const used = isAggregate(map.value) ? 'percpuhash' : 'hash'
      c.report(say.incompatibleMapType, node, { declared: node.mapType, used })
    }
  }
}
