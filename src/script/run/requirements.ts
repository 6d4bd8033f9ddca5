// What the probes of a script need of the kernel, asked before anything is loaded: a kernel without kprobes answers with
// errors that say nothing of them.

import { NotSupportedError } from '../../errors/index.ts'
import type { CompiledScript, Place, ScriptProgram } from '../compiled.ts'
import type { KernelFacts, ScriptFeature } from '../facts.ts'

/** A program that this kernel cannot run. */
export interface UnsupportedProgram {
  readonly program: ScriptProgram
  readonly error: NotSupportedError
}

/** Programs whose kind of probe the kernel does not have; for each an error that says what could be used instead. */
export function unsupportedPrograms(script: CompiledScript, kernel: KernelFacts): UnsupportedProgram[] {
  return script.programs.flatMap(program => {
    const error = unsupported(program.places[0]!, kernel)
    return error === undefined ? [] : [{ program, error }]
  })
}

function unsupported(place: Place, kernel: KernelFacts): NotSupportedError | undefined {
  const reason = whyUnsupported(place.kind, kernel)
  return reason === undefined ? undefined : new NotSupportedError(place.probe, { reason })
}

/** What this kernel lacks for a kind of probe and what could be used instead; `undefined` when it lacks nothing. */
export function whyUnsupported(kind: Place['kind'], kernel: KernelFacts): string | undefined {
  const need = NEEDS[kind]
  if (need === undefined || kernel.has(need.feature)) return undefined
  const instead = need.instead.find(other => other.feature === undefined || kernel.has(other.feature))
  return `it has no ${need.what}; ${instead!.advice}`
}

interface Need {
  readonly feature: ScriptFeature
  readonly what: string
  /** the first that this kernel has is proposed */
  readonly instead: readonly { readonly feature?: ScriptFeature; readonly advice: string }[]
}

const TRACEPOINTS = {
  advice: "tracepoints are near most functions: bee -l 'tracepoint:*', bee -l 'rawtracepoint:*'",
}

const TRACING: Need = {
  feature: 'fentry',
  what: 'programs of type BPF_PROG_TYPE_TRACING, or refuses them',
  instead: [
    {
      feature: 'kprobe',
      advice:
        'a kprobe would stand in, were it not for args at the return, args as a whole, skboutput() or socket_cookie()',
    },
    TRACEPOINTS,
  ],
}

const NEEDS: Readonly<Partial<Record<Place['kind'], Need>>> = {
  kprobe: {
    feature: 'kprobe',
    what: 'kprobes (CONFIG_KPROBE_EVENTS)',
    instead: [
      {
        feature: 'fentry',
        advice:
          'fentry would stand in, were it not for an offset, reg(), ctx, override() or an argument that the function has not',
      },
      TRACEPOINTS,
    ],
  },
  fentry: TRACING,
  fexit: TRACING,
  iter: {
    feature: 'iter',
    what: 'programs of type BPF_PROG_TYPE_TRACING, or refuses them',
    instead: [{ advice: 'what iterators list can be gathered by tracepoints as it changes' }],
  },
}
