// The compiler as a whole, stage after stage: text in, kernel objects described out. What must be known of the kernel
// and of programs is asked of the facts that are handed in.

import { isGlob } from '../kernel/glob.ts'
import { check } from './check/check.ts'
import type { CheckedScript } from './check/checked.ts'
import type { CheckFacts } from './check/checker.ts'
import { checkNamedOptions } from './check/named-options.ts'
import type { CompiledScript } from './compiled.ts'
import { readConfig, type ScriptConfig } from './config.ts'
import type { KernelFacts, RunFacts, UserFacts } from './facts.ts'
import { builtinOf, functions } from './language/index.ts'
import { type LowerOptions, lower } from './lower/lower.ts'
import type { AttachPointSpec } from './parse/attach-point.ts'
import { attachPointsOfAll, type ParsedScript, type ParseOptions, parseScript } from './parse/index.ts'
import { resolveMessages as say } from './resolve/messages.ts'
import { placesOf, type ResolveContext, type ResolvedPlace } from './resolve/places.ts'
import { layOutDefinitions, NO_DEFINITIONS, TypeScope } from './types/index.ts'

export interface ScriptFacts {
  readonly kernel: KernelFacts
  readonly user: UserFacts
  readonly run: RunFacts
}

/** What each stage made; a stage that was not reached because of errors is undefined. */
export interface Compilation {
  readonly parsed: ParsedScript
  readonly config: ScriptConfig
  /** what each probe of the script is attached to */
  readonly places: readonly (readonly ResolvedPlace[])[]
  readonly checked?: CheckedScript
  readonly compiled?: CompiledScript
  /** every function after every stage of the back end; empty unless asked for */
  readonly ir: string
}

export interface CompileOptions extends Pick<LowerOptions, 'onMaps'> {
  /** whether to keep the text of every stage of the back end */
  readonly dumpIr?: boolean
}

/**
 * Compiles a script. `name` is what messages call it. What is wrong with it is in `parsed.diagnostics`; everything that
 * can be found is found in one run.
 */
export function compileScript(
  name: string,
  content: string | Uint8Array,
  options: ParseOptions,
  facts: ScriptFacts,
  { dumpIr = false, onMaps }: CompileOptions = {},
): Compilation {
  const parsed = parseScript(name, content, { isBuiltin: isWord, ...options })
  const { script, diagnostics, sources } = parsed
  checkNamedOptions(script, facts.run.named ?? {}, diagnostics)
  const config = readConfig(script.config, facts.run.environment, diagnostics)
  if (!diagnostics.ok) return { parsed, config, places: [], ir: '' }
  const places = resolveProbes(parsed, config, facts)
  if (!diagnostics.ok) return { parsed, config, places, ir: '' }
  const checkFacts: CheckFacts = { ...facts, config, types: typesOf(parsed, facts.kernel) }
  const probes = script.probes.flatMap((probe, i) =>
    places[i]!.length === 0 ? [] : [{ probe, places: places[i]! }],
  )
  const checked = check({ script, sources, probes }, checkFacts, diagnostics)
  if (!diagnostics.ok) return { parsed, config, places, checked, ir: '' }
  let ir = ''
  const dump = (stage: string, text: string): void => {
    ir += `--- ${stage}\n${text}\n`
  }
  const compiled = lower(checked, checkFacts, { ...(dumpIr && { dump }), ...(onMaps && { onMaps }) })
  return { parsed, config, places, checked, compiled, ir }
}

function isWord(name: string): boolean {
  return functions.has(name) || builtinOf(name) !== undefined
}

/** The script's own C definitions, then the kernel's. */
function typesOf(parsed: ParsedScript, kernel: KernelFacts): TypeScope {
  const btf = () => kernel.btf()
  const others = new TypeScope(NO_DEFINITIONS, btf)
  const own = layOutDefinitions(parsed.c, (name, tag) => {
    if (tag === 'enum') return others.enumeration(name)
    return tag === 'typedef' ? others.named(name) : others.struct(name, tag)
  })
  return new TypeScope(own, btf)
}

function resolveProbes(parsed: ParsedScript, config: ScriptConfig, facts: ScriptFacts): ResolvedPlace[][] {
  const { script, diagnostics } = parsed
  const { run } = facts
  const specs = attachPointsOfAll(
    script.probes,
    {
      parameters: run.positional,
      unsafe: run.unsafe,
      ...(run.pidPath === undefined ? {} : { pidPath: run.pidPath }),
    },
    diagnostics,
  )
  const context: ResolveContext = {
    kernel: facts.kernel,
    user: facts.user,
    diagnostics,
    missingProbes: config.missing_probes,
    pid: run.pid,
    unsafe: run.unsafe,
    notFound: new Map(),
  }
  let count = 0
  return script.probes.map((probe, i) => {
    const places = specs[i]!.flatMap(spec => placesOf(spec, context))
    if (places.length === 0 && specs[i]!.length > 0 && specs[i]!.every(spec => context.notFound.has(spec))) {
      const message = config.missing_probes === 'error' ? say.noAttachPoints : say.noAttachPointsSkipped
      if (config.missing_probes === 'error') reportWildcards(specs[i]!, context)
      if (config.missing_probes !== 'ignore') diagnostics.report(message, probe.span)
    }
    count += places.length
    if (count > config.max_probes && count - places.length <= config.max_probes) {
      diagnostics.report(
        say.tooManyProbes,
        probe.span,
        { count, limit: config.max_probes },
        { hints: [MORE_PROBES] },
      )
    }
    return places
  })
}

/** Those that found nothing in a probe without any place; all others have been reported. */
function reportWildcards(specs: readonly AttachPointSpec[], { notFound, diagnostics }: ResolveContext): void {
  for (const spec of specs) {
    const target = notFound.get(spec)!
    const gaps = { provider: spec.provider, target }
    if (isGlob(target)) diagnostics.report(say.noMatches, spec.node.span, gaps)
  }
}

const MORE_PROBES = 'You can increase the limit through the BPFTRACE_MAX_PROBES environment variable.'
