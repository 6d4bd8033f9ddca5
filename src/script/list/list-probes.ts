// What there is to probe: `bee -l [PATTERN]`. A pattern is `provider:rest` with wildcards anywhere, `provider` alone, or
// the rest alone, which is looked for in every provider of the kernel.

import { BeetraceError } from '../../errors/index.ts'
import { globMatcher, isGlob } from '../../kernel/glob.ts'
import type { KernelFacts, UserFacts } from '../facts.ts'
import { hardwareEvents, type Provider, providerOf, providers, softwareEvents } from '../providers.ts'

/** One probe, written so that a script can have it. */
export interface ListedProbe {
  readonly provider: Provider
  /** what stands behind the provider */
  readonly rest: string
}

export interface ListContext {
  readonly kernel: KernelFacts
  readonly user: UserFacts
  readonly pid: number | undefined
  /** hears why the probes of a provider cannot be listed; without it that is thrown */
  readonly leftOut?: (provider: Provider, error: BeetraceError) => void
}

/** All probes that the pattern matches, provider by provider, sorted by name within each. */
export function* listProbes(pattern: string, context: ListContext): Generator<ListedProbe> {
  const colon = pattern.indexOf(':')
  const known = colon < 0 ? providerOf(pattern) : undefined
  const [first, rest] =
    known !== undefined
      ? [known, '*']
      : colon < 0
        ? ['*', pattern]
        : [pattern.slice(0, colon), pattern.slice(colon + 1)]
  for (const provider of matchingProviders(first, rest, context.pid)) {
    try {
      for (const found of probesOf(provider, rest === '' ? '*' : rest, context))
        yield { provider, rest: found }
    } catch (error) {
      if (!(error instanceof BeetraceError) || context.leftOut === undefined) throw error
      context.leftOut(provider, error)
    }
  }
}

/** A wildcard finds the kernel's providers, and those of programs when a file or a process says which. */
function matchingProviders(first: string, rest: string, pid: number | undefined): Provider[] {
  if (!isGlob(first) && first !== '') {
    const provider = providerOf(first)
    return provider === undefined ? [] : [provider]
  }
  const matches = globMatcher(first === '' ? '*' : first)
  const named = pid !== undefined || (rest.includes('/') && !isGlob(rest.slice(0, rest.indexOf(':'))))
  return providers
    .filter(({ listed }) => listed === 'kernel' || (listed === 'user' && named))
    .map(({ name }) => name)
    .filter(matches)
    .sort()
}

function probesOf(provider: Provider, rest: string, context: ListContext): Iterable<string> {
  const { kernel } = context
  switch (provider) {
    case 'tracepoint':
      return withGroup(kernel.tracepoints(), rest)
    case 'rawtracepoint':
      return withGroup(kernel.rawTracepoints().map(withModule).sort(), rest)
    case 'kprobe':
    case 'kretprobe':
      // fentry can take their place
      if (!kernel.has('kprobe') && !kernel.has('fentry')) return []
      return rest.includes(':')
        ? withGroup(functionNames(kernel, true), rest)
        : functionNames(kernel, false).filter(globMatcher(rest))
    case 'fentry':
    case 'fexit':
      if (!kernel.has('fentry') && !kernel.has('kprobe')) return []
      return rest.startsWith('bpf:')
        ? programFunctions(kernel).filter(
            globMatcher(rest.split(':').length > 2 ? rest : `bpf:*:${rest.slice(4)}`),
          )
        : withGroup(functionNames(kernel, true), rest)
    case 'software':
      return events(softwareEvents, rest)
    case 'hardware':
      return events(hardwareEvents, rest)
    case 'interval':
    case 'profile':
      return ['hz', 'ms', 's', 'us'].filter(globMatcher(rest.split(':')[0]!)).map(unit => `${unit}:`)
    case 'iter':
      return kernel.has('iter') ? kernel.iterators().filter(globMatcher(rest)) : []
    case 'uprobe':
    case 'uretprobe':
      return userFunctions(rest, context)
    case 'usdt':
      return usdtProbes(rest, context)
    case 'self':
    case 'begin':
    case 'end':
    case 'test':
    case 'bench':
    case 'watchpoint':
      return []
  }
}

/** `group:name`, where a pattern without a colon is about the name. */
function withGroup(all: readonly string[], rest: string): string[] {
  return all.filter(globMatcher(rest.includes(':') ? rest : `*:${rest}`))
}

function withModule(name: string): string {
  return name.includes(':') ? name : `vmlinux:${name}`
}

/** `bpf:ID:NAME` of the programs that are loaded. */
function programFunctions(kernel: KernelFacts): string[] {
  return (kernel.programFunctions?.() ?? []).map(({ programId, name }) => `bpf:${programId}:${name}`)
}

function functionNames(kernel: KernelFacts, withModules: boolean): string[] {
  return [
    ...new Set(kernel.functions().map(({ name, module }) => (withModules ? `${module}:${name}` : name))),
  ].sort()
}

function events(all: readonly { readonly name: string; readonly alias?: string }[], rest: string): string[] {
  const matches = globMatcher(rest.split(':')[0]!)
  return all
    .flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
    .filter(matches)
    .map(name => `${name}:`)
    .sort()
}

/** `PATH:FUNCTION`; a pattern without a colon is a function in whatever the process has mapped. */
function* userFunctions(rest: string, { user, pid }: ListContext): Generator<string> {
  const colon = rest.lastIndexOf(':')
  const [target, name] = colon < 0 ? ['*', rest] : [rest.slice(0, colon), rest.slice(colon + 1)]
  if (target === '*' && pid === undefined) return
  for (const path of user.files(target, pid)) {
    const names = new Set(user.functions(path, name).map(symbol => symbol.name))
    for (const each of [...names].sort()) yield `${path}:${each}`
  }
}

/** `PATH:PROVIDER:NAME`, `PATH:NAME` or `NAME`. */
function* usdtProbes(rest: string, { user, pid }: ListContext): Generator<string> {
  const parts = rest.split(':')
  const name = globMatcher(parts.at(-1)!)
  const namespace = globMatcher(parts.length === 3 ? parts[1]! : '*')
  const target = parts.length > 1 ? parts[0]! : '*'
  for (const path of user.files(target, pid)) {
    const found = user.usdt(path).filter(probe => name(probe.name) && namespace(probe.provider))
    yield* new Set(found.map(probe => `${path}:${probe.provider}:${probe.name}`).sort())
  }
}
