// What a kernel feature is and how its presence is asked for: by doing, once, and believing only a certain answer.

import { BeetraceError, NotSupportedError } from '../errors/index.ts'
import { checkPrivileges, type Privileges, readPrivileges, TRACING_CAPABILITIES } from './privileges.ts'

/** A feature of the kernel as a named value. */
export interface Feature {
  /** short and unique: `map BPF_MAP_TYPE_RINGBUF`, `bpf cookie` */
  readonly name: string
  /** the first mainline kernel that has it; a distribution may have brought it to an older one */
  readonly since: string
  /** tries it on the running kernel and leaves nothing behind */
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
  | {
      readonly kind: 'refused'
      readonly reason: string
      /** whether it was not allowed, rather than not possible now */
      readonly denied: boolean
    }

/**
 * Whether the running kernel has a feature. Certain answers are kept for the life of the process: neither a new
 * program nor a changed setting can alter them. A refusal is asked again.
 */
export function askFeature(feature: Feature): FeatureAnswer {
  const known = certain.get(feature.name)
  if (known !== undefined) return known
  const answer = attempt(feature)
  if (answer.kind !== 'refused') certain.set(feature.name, answer)
  return answer
}

/** What keeps a probe from asking (no descriptor left to read a file with) is a refusal as well; a bug is not. */
function attempt(feature: Feature): FeatureAnswer {
  try {
    return feature.probe()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { kind: 'refused', reason: message, denied: code === 'EPERM' || code === 'EACCES' }
  }
}

/** Answers of the running kernel by the feature's name. */
const certain = new Map<string, FeatureAnswer>()

/** Whether the kernel has the feature and lets us use it: what a choice between two ways asks. */
export function hasFeature(feature: Feature): boolean {
  return askFeature(feature).kind === 'yes'
}

/**
 * For what cannot be done another way.
 * @throws NotSupportedError when it is missing; PrivilegeError when it was refused for want of capabilities;
 *   BeetraceError `REFUSED` when it was refused in spite of them
 */
export function requireFeature(feature: Feature, privileges: () => Privileges = readPrivileges): void {
  const answer = askFeature(feature)
  if (answer.kind === 'missing')
    throw new NotSupportedError(feature.name, { since: feature.since, reason: answer.reason })
  if (answer.kind !== 'refused') return
  const what = `this kernel refuses ${feature.name}: ${answer.reason}`
  if (!answer.denied) throw new BeetraceError('REFUSED', what)
  const held = privileges()
  checkPrivileges(`use ${feature.name}`, TRACING_CAPABILITIES, held)
  const lockdown =
    held.lockdown === undefined || held.lockdown === 'none' ? '' : ` (lockdown: ${held.lockdown})`
  throw new BeetraceError(
    'REFUSED',
    `${what}: this process has the capabilities, so it is a policy of this machine${lockdown}, or a limit of its container`,
  )
}
