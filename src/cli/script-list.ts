// `bee -l`: probes and types that there are, or the probes that a script names.

import { existsSync } from 'node:fs'
import { PrivilegeError } from '../errors/index.ts'
import { checkPrivileges, VMLINUX_BTF_PATH } from '../kernel/index.ts'
import type { Place } from '../script/compiled.ts'
import type { KernelFacts } from '../script/facts.ts'
import { type ListContext, type ListedProbe, listProbes } from '../script/list/list-probes.ts'
import { isTypePattern, listTypes } from '../script/list/list-types.ts'
import { parametersOf } from '../script/list/parameters.ts'
import { attachPointsOfAll, parseScript } from '../script/parse/index.ts'
import { type Provider, providerOf } from '../script/providers.ts'
import { placesOf } from '../script/resolve/places.ts'
import { MachineKernelFacts } from '../script/run/kernel-facts.ts'
import { whyUnsupported } from '../script/run/requirements.ts'
import { MachineUserFacts } from '../script/run/user-facts.ts'
import type { BeeArguments } from './bee-arguments.ts'
import { readScript } from './script-files.ts'

type ListRequest = Extract<BeeArguments, { kind: 'list' }>

/** Prints the list; that nothing matches is said, but is no failure. */
export function runList(
  { pattern, options }: ListRequest,
  print: (text: string) => void,
  say: (text: string) => void,
): number {
  const privileged = mayTrace()
  const kernel = new MachineKernelFacts({
    functionList: options.traceableFunctions,
    without: options.withoutFeatures,
    // the kernel answers nobody else
    assumed: privileged ? [] : ['kprobe', 'fentry', 'iter'],
  })
  using user = new MachineUserFacts()
  const leftOut = new Map<string, Provider[]>()
  const context: ListContext = {
    kernel,
    user,
    pid: options.pid,
    leftOut: (provider, { message }) => {
      const known = leftOut.get(message)
      if (known === undefined) leftOut.set(message, [provider])
      else if (!known.includes(provider)) known.push(provider)
    },
  }
  let count = 0
  const show = (text: string): void => {
    count++
    print(`${text}\n`)
  }
  const showProbe = (probe: ListedProbe): void => {
    show(`${probe.provider}:${probe.rest}`)
    if (options.verbose) for (const declaration of parametersOf(probe, kernel)) print(`    ${declaration}\n`)
  }
  if (pattern !== undefined && (existsSync(pattern) || /\{/.test(pattern))) {
    for (const probe of probesOfScript(pattern, context)) showProbe(probe)
    return 0
  }
  if (pattern !== undefined && options.warnings && /\.bt$/.test(pattern)) {
    say(
      `WARNING: It appears that '${pattern}' is a filename but the file does not exist. Treating '${pattern}' as a search pattern.\n`,
    )
  }
  // several patterns may stand in one word
  for (const each of (pattern ?? '*').split(/\s*,\s*/)) {
    if (isTypePattern(each)) for (const text of typesLike(each, kernel, options.verbose)) show(text)
    else for (const probe of listProbes(each.trim(), context)) showProbe(probe)
  }
  if (count === 0 && leftOut.size > 0) {
    for (const message of leftOut.keys()) say(`ERROR: ${message}\n`)
    return 1
  }
  if (options.warnings) {
    for (const [message, providers] of leftOut)
      say(`WARNING: ${providers.join(', ')} probes are not listed: ${message}\n`)
    if (!privileged && guesses(pattern ?? '*')) say(UNSURE)
  }
  if (count === 0 && options.warnings) {
    const named = pattern ?? '*'
    say(`WARNING: nothing matches '${named}'${whyNothing(named, kernel) ?? wider(named)}\n`)
  }
  return 0
}

/** Whether we may load programs, and so can find out what the kernel takes. */
function mayTrace(): boolean {
  try {
    checkPrivileges('list')
    return true
  } catch (error) {
    if (error instanceof PrivilegeError) return false
    throw error
  }
}

/** Whether a pattern may list functions of the kernel or its iterators. */
function guesses(pattern: string): boolean {
  return pattern.split(/\s*,\s*/).some(each => {
    if (isTypePattern(each)) return false
    const provider = providerOf(each.replace(/:.*$/s, ''))
    return provider === undefined || /^(k|f|iter)/.test(provider)
  })
}

const UNSURE =
  'WARNING: without privileges the kernel does not say which functions can be probed, and by what: ' +
  'listed are all that it names. Run as root to know\n'

/** That this kernel has nothing of the kind at all. */
function whyNothing(pattern: string, kernel: KernelFacts): string | undefined {
  if (isTypePattern(pattern)) {
    return kernel.btf() === undefined ? `: this kernel tells nothing of its types (${VMLINUX_BTF})` : ''
  }
  const provider = providerOf(pattern.replace(/:.*$/s, ''))
  const kind = provider?.replace('kretprobe', 'kprobe') as Place['kind'] | undefined
  const reason = kind === undefined ? undefined : whyUnsupported(kind, kernel)
  return reason === undefined ? undefined : ` on this kernel: ${reason}`
}

const VMLINUX_BTF = `${VMLINUX_BTF_PATH}, CONFIG_DEBUG_INFO_BTF`

function wider(pattern: string): string {
  const word = pattern.replace(/^.*:/s, '')
  return word === '' || /[*,/]/.test(word) ? '' : `; try bee -l '*${word}*'`
}

function typesLike(pattern: string, kernel: KernelFacts, whole: boolean): string[] {
  const btf = kernel.btf()
  return btf === undefined ? [] : listTypes(pattern, btf, whole)
}

/** What a script's probes mean on this machine, each once. */
function* probesOfScript(pattern: string, context: ListContext): Generator<ListedProbe> {
  const parsed = parseScript(pattern, existsSync(pattern) ? readScript(pattern) : pattern)
  const specs = attachPointsOfAll(parsed.script.probes, { parameters: [] }, parsed.diagnostics)
  const seen = new Set<string>()
  for (const spec of specs.flat()) {
    if (['begin', 'end', 'self', 'test', 'bench'].includes(spec.provider)) continue
    const resolved = placesOf(spec, {
      ...context,
      diagnostics: parsed.diagnostics,
      missingProbes: 'ignore',
      unsafe: false,
      notFound: new Map(),
    })
    for (const { place } of resolved) {
      const rest = shownRest(place.probe)
      if (seen.has(`${spec.provider}:${rest}`)) continue
      seen.add(`${spec.provider}:${rest}`)
      yield { provider: spec.provider, rest }
    }
  }
}

/** Without the provider; of counts and rates only the unit or event, as a list shows them. */
function shownRest(probe: string): string {
  const rest = probe.slice(probe.indexOf(':') + 1)
  return /^(interval|profile|software|hardware):/.test(probe) ? `${rest.split(':')[0]}:` : rest
}
