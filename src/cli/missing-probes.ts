// Which probes of a compiled script are attached: those that the user chose, and what it means when one cannot be.

import type { BeetraceError } from '../errors/index.ts'
import type { CompiledScript, Place } from '../script/compiled.ts'
import type { KernelFacts } from '../script/facts.ts'
import { unsupportedPrograms } from '../script/run/requirements.ts'

/** `--probe-filter`: probes whose name it matches, and those that begin and end the script. */
export function chosenProbes(script: CompiledScript, probeFilter: RegExp | undefined): CompiledScript {
  if (probeFilter === undefined) return script
  const stays = ({ kind, probe }: Place) => kind === 'begin' || kind === 'end' || probeFilter.test(probe)
  const programs = script.programs
    .map(program => ({ ...program, places: program.places.filter(stays) }))
    .filter(({ places }) => places.length > 0)
  return { ...script, programs }
}

/** The script without programs that this kernel cannot run, where that is allowed. */
export function withoutUnsupported(
  script: CompiledScript,
  kernel: KernelFacts,
  probes: MissingProbes,
): CompiledScript {
  const unsupported = unsupportedPrograms(script, kernel)
  if (unsupported.length === 0) return script
  for (const { program, error } of unsupported)
    for (const place of program.places) probes.failed(place, error)
  const left = new Set(script.programs)
  for (const { program } of unsupported) left.delete(program)
  return { ...script, programs: [...left] }
}

/** What a probe that cannot be attached means: config `missing_probes`, in bpftrace's words. */
export class MissingProbes {
  readonly #mode: 'error' | 'warn' | 'ignore'
  readonly #say: (text: string) => void

  constructor(mode: 'error' | 'warn' | 'ignore', say: (text: string) => void) {
    this.#mode = mode
    this.#say = say
  }

  failed(place: Place, error: BeetraceError): void {
    if (this.#mode === 'ignore') return
    if (this.#mode === 'warn') {
      this.#say(`WARNING: ${error.message}\nWARNING: Unable to attach probe: ${place.probe}. Skipping.\n`)
      return
    }
    this.#say(
      `ERROR: ${error.message}\nERROR: Unable to attach probe: ${place.probe}. ` +
        "If this is expected, set the 'missing_probes' config variable to 'warn'.\n",
    )
    throw new AttachStopped()
  }
}

/** A probe could not be attached, which has been said already. */
export class AttachStopped extends Error {}
