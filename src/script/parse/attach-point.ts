// Attach points from their text: `kprobe:vfs_read+8`, `u:libc:malloc`, `interval:s:1` …, with bpftrace's rules for
// names, quotes, positional parameters and numbers (src/ast/passes/attachpoint_passes.cpp). Whether the thing exists on
// this machine is found out later.

import { nearNames } from '../../btf/near-names.ts'
import { globMatcher } from '../../kernel/glob.ts'
import type { AttachPoint, Probe } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { Message } from '../diagnostics/message.ts'
import { type Provider, providerOf, providers } from '../providers.ts'
import { attach } from './attach-point-messages.ts'
import { hasWildcard, splitAttachPoint } from './attach-point-parts.ts'
import { type ProviderTarget, readTarget } from './attach-point-target.ts'

/** One attach point, understood. Wildcards are still in its names. */
export type AttachPointSpec = ProviderTarget & {
  /** the node it comes from; a wildcard in the probe type's place makes several of one node */
  readonly node: AttachPoint
  /** `name=` before the probe type: what the builtin `probe` says instead of the full name */
  readonly name: string | null
}

export interface AttachPointContext {
  /** the values of `$1`, `$2` …; one that was not given is empty */
  readonly parameters: readonly string[]
  /** path of the program that -p names: the target of a uprobe may then be left out */
  readonly pidPath?: string
  /** --unsafe */
  readonly unsafe?: boolean
}

export interface Reporter {
  readonly context: AttachPointContext
  report<Gaps extends string>(
    message: Message<Gaps>,
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    hint?: string,
  ): void
}

/** `attachPointsOf` for every probe, in their order; the names of `test` and `bench` probes must differ. */
export function attachPointsOfAll(
  probes: readonly Probe[],
  context: AttachPointContext,
  diagnostics: Diagnostics,
): AttachPointSpec[][] {
  const titles = new Map<string, AttachPoint>()
  return probes.map(probe => {
    const specs = attachPointsOf(probe, context, diagnostics)
    for (const spec of specs) {
      if (spec.provider !== 'test' && spec.provider !== 'bench') continue
      const key = `${spec.provider}:${spec.title}`
      const other = titles.get(key)
      titles.set(key, spec.node)
      if (other === undefined) continue
      const gaps = { name: spec.title, provider: spec.provider.toUpperCase() }
      const notes = [{ text: 'this is the other instance', span: other.span }]
      diagnostics.report(attach.nameTwice, spec.node.span, gaps, { notes })
    }
    return specs
  })
}

/** What a probe is attached to, with what is wrong reported; a probe with nothing left is an error too. */
export function attachPointsOf(
  probe: Probe,
  context: AttachPointContext,
  diagnostics: Diagnostics,
): AttachPointSpec[] {
  const specs: AttachPointSpec[] = []
  let wrong = false
  for (const node of probe.attachPoints) {
    const found = parseAttachPoint(node, context, diagnostics)
    if (found === null) {
      wrong = true
    } else if (found.some(f => f.provider === 'iter') && specs.some(s => s.provider === 'iter')) {
      diagnostics.report(attach.iterOne, node.span)
      wrong = true
    } else {
      specs.push(...found)
    }
  }
  if (specs.length === 0 && !wrong) diagnostics.report(attach.noAttachPoints, probe.span)
  return specs
}

/** One attach point; none for an empty one, several for a wildcard probe type, null after an error. */
export function parseAttachPoint(
  node: AttachPoint,
  context: AttachPointContext,
  diagnostics: Diagnostics,
): AttachPointSpec[] | null {
  let wrong = false
  const reporter: Reporter = {
    context,
    report(message, gaps, hint) {
      wrong = true
      const diagnostic = diagnostics.report<string>(message as Message, node.span, gaps)
      if (hint !== undefined) diagnostic.hints.push(hint)
    },
  }
  const parts = splitAttachPoint(node.raw, reporter)
  if (parts === null) return null
  let first = parts[0]!
  // an empty one may stand after the last comma
  if (first === '') return []
  let name: string | null = null
  const equals = first.indexOf('=')
  if (equals !== -1 && equals < first.length - 1) {
    name = first.slice(0, equals)
    first = first.slice(equals + 1)
  }
  const isWild = hasWildcard(first)
  const candidates = isWild ? providersLike(first, parts, context) : providerOf(first)
  if (candidates === undefined || candidates.length === 0) {
    if (isWild) reporter.report(attach.noProviderMatches, { provider: first })
    else reporter.report(attach.unknownProvider, { provider: first }, providerHint(first))
    return null
  }
  const names = typeof candidates === 'string' ? [candidates] : candidates
  const rest = isWild && parts.length === 1 ? ['*'] : parts.slice(1)
  const specs: AttachPointSpec[] = []
  for (const provider of names) {
    // of several probe types, those whose form does not fit are left out without a word
    const target = readTarget(provider, rest, reporter, names.length > 1)
    if (target !== null) specs.push({ ...target, node, name })
  }
  return wrong ? null : specs
}

/** The probe types that a pattern finds: a program's when the next part is a path or -p is given, else the kernel's. */
function providersLike(pattern: string, parts: readonly string[], context: AttachPointContext): Provider[] {
  const side = context.pidPath !== undefined || parts[1]?.includes('/') ? 'user' : 'kernel'
  const wanted = parts.length === 1 ? '*' : pattern
  const matches = globMatcher(wanted)
  return providers
    .filter(p => p.listed === side && (matches(p.name) || p.aliases.some(matches)))
    .map(p => p.name)
}

function providerHint(word: string): string | undefined {
  const near = nearNames(
    word,
    providers.map(p => p.name),
  )
  if (near.length === 0) return "bee -l lists what can be probed: bee -l 'tracepoint:*'"
  return `did you mean ${near.map(n => `"${n}"`).join(' or ')}?`
}
