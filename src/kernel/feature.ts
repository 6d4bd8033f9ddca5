// What a kernel feature is and how its presence is asked for: by doing, once, and believing only a certain answer.

import { BeetraceError, NotSupportedError } from '../errors/errors.ts'

/** A feature of the kernel as a named value. */
export interface Feature {
  /** short and unique: `map BPF_MAP_TYPE_RINGBUF`, `bpf cookie` */
  readonly name: string
  /** the first mainline kernel that has it; a distribution may have brought it to an older one */
  readonly since: string
  /** tries it on the running kernel; leaves nothing behind and throws nothing */
  readonly probe: () => FeatureAnswer
}

/**
 * The kernel's answer:
 * - `yes`: it worked;
 * - `missing`: this kernel does not know it, or was built without it. Certain, for as long as the kernel runs;
 * - `refused`: the kernel would not say. Lack of privilege, lockdown or another policy, or a shortage of
 *   memory or descriptors: it may have the feature and answer otherwise next time.
 */
export type FeatureAnswer =
  | { readonly kind: 'yes' }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Whether the running kernel has a feature. Certain answers are kept for the life of the process: neither a new
 * program nor a changed setting can alter them. A refusal is asked again.
 */
export function askFeature(feature: Feature): FeatureAnswer {
  const known = certain.get(feature.name)
  if (known !== undefined) return known
  const answer = feature.probe()
  if (answer.kind !== 'refused') certain.set(feature.name, answer)
  return answer
}

/** Answers of the running kernel by the feature's name. */
const certain = new Map<string, FeatureAnswer>()

/** Whether the kernel has the feature and lets us use it: what a choice between two ways asks. */
export function hasFeature(feature: Feature): boolean {
  return askFeature(feature).kind === 'yes'
}

/**
 * For what cannot be done another way.
 * @throws NotSupportedError when it is missing; BeetraceError `REFUSED` when the kernel refused to show it
 */
export function requireFeature(feature: Feature): void {
  const answer = askFeature(feature)
  if (answer.kind === 'missing')
    throw new NotSupportedError(feature.name, { since: feature.since, reason: answer.reason })
  if (answer.kind === 'refused')
    throw new BeetraceError('REFUSED', `this kernel refuses ${feature.name}: ${answer.reason}`)
}
