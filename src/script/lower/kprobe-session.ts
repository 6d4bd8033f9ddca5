// Two probes that stand at the entry and at the return of the same functions become one program, attached by one link:
// a kprobe session (Linux 6.10). The program asks at which end it is.

import type { CheckedBody } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import type { Place } from '../compiled.ts'

export interface SessionBodies {
  readonly entry: CheckedBody
  readonly return: CheckedBody
}

/** Entry probes of the script that have exactly one return probe on the same functions, by their entry body. */
export function kprobeSessions(
  bodies: readonly CheckedBody[],
  { kernel }: CheckFacts,
): ReadonlyMap<CheckedBody, SessionBodies> {
  const found = new Map<CheckedBody, SessionBodies>()
  const entries = bodies.filter(body => mayPair(body, false))
  const returns = bodies.filter(body => mayPair(body, true))
  if (entries.length === 0 || returns.length === 0) return found
  for (const entry of entries) {
    const matching = returns.filter(other => functionsOf(other) === functionsOf(entry))
    const rivals = entries.filter(other => functionsOf(other) === functionsOf(entry))
    if (matching.length !== 1 || rivals.length !== 1) continue
    if (!kernel.has('kprobe_multi') || !kernel.has('kprobe_session')) return found
    found.set(entry, { entry, return: matching[0]! })
  }
  return found
}

function mayPair({ places, probe }: CheckedBody, returns: boolean): boolean {
  return (
    probe.attachPoints.length === 1 &&
    places.every(({ place, spec }) => isWhole(place, returns) && inKernel(spec))
  )
}

function isWhole(place: Place, returns: boolean): boolean {
  return (
    place.kind === 'kprobe' && place.returns === returns && place.offset === 0 && place.address === undefined
  )
}

/** Such links look names up in all modules at once: a probe that names a module is not for them. */
function inKernel(spec: CheckedBody['places'][number]['spec']): boolean {
  return 'module' in spec && spec.module === null
}

function functionsOf({ places }: CheckedBody): string {
  return places.map(({ place }) => (place.kind === 'kprobe' ? place.function : '')).join()
}
