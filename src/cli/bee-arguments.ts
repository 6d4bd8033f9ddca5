// The command line of `bee` for scripts: bpftrace's letters and long names.

import { parseArgs } from 'node:util'
import { UsageError } from '../errors/index.ts'

export type Stage = 'ast' | 'types' | 'ir' | 'insns'

export type BeeArguments =
  | { readonly kind: 'help' | 'version' | 'info' }
  /** `pattern` is a probe's, a struct's, or the path of a script */
  | { readonly kind: 'list'; readonly pattern: string | undefined; readonly options: ScriptOptions }
  | {
      readonly kind: 'script'
      readonly source:
        | { readonly kind: 'text'; readonly text: string }
        | { readonly kind: 'file'; readonly path: string }
      /** `$1` … */
      readonly positional: readonly string[]
      readonly options: ScriptOptions
    }

export interface ScriptOptions {
  readonly pid: number | undefined
  readonly command: string | undefined
  readonly output: string | undefined
  readonly format: 'text' | 'json'
  readonly buffering: 'line' | 'full' | 'none'
  readonly quiet: boolean
  readonly verbose: boolean
  readonly warnings: boolean
  readonly helperErrors: boolean
  readonly unsafe: boolean
  readonly dryRun: boolean
  readonly stages: readonly Stage[]
  readonly includeFolders: readonly string[]
  readonly includeFiles: readonly string[]
}

const SPEC = {
  e: { type: 'string', short: 'e' },
  l: { type: 'boolean', short: 'l' },
  pid: { type: 'string', short: 'p' },
  cmd: { type: 'string', short: 'c' },
  output: { type: 'string', short: 'o' },
  format: { type: 'string', short: 'f' },
  B: { type: 'string', short: 'B' },
  quiet: { type: 'boolean', short: 'q' },
  verbose: { type: 'boolean', short: 'v' },
  'no-warnings': { type: 'boolean' },
  k: { type: 'boolean', short: 'k' },
  unsafe: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  debug: { type: 'string', short: 'd', multiple: true },
  I: { type: 'string', short: 'I', multiple: true },
  include: { type: 'string', multiple: true },
  info: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

/** Options that take a value: what follows one of them is no script. */
const VALUED = new Set(
  Object.entries(SPEC).flatMap(([name, spec]) =>
    spec.type === 'string' ? [`--${name}`, ...('short' in spec ? [`-${spec.short}`] : [])] : [],
  ),
)

/** Reads `argv` (without node and script). Throws UsageError. */
export function parseBeeArguments(argv: readonly string[]): BeeArguments {
  const { own, rest } = splitScript(argv)
  const { values, positionals } = parseOwn(own)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  if (values.info) return { kind: 'info' }
  const options: ScriptOptions = {
    pid: values.pid === undefined ? undefined : parsePid(values.pid),
    command: values.cmd,
    output: values.output,
    format: oneOf('-f', values.format ?? 'text', ['text', 'json']),
    buffering: oneOf('-B', values.B ?? 'line', ['line', 'full', 'none']),
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
    warnings: !values['no-warnings'],
    helperErrors: values.k ?? false,
    unsafe: values.unsafe ?? false,
    dryRun: values['dry-run'] ?? false,
    stages: (values.debug ?? []).map(stage => oneOf('-d', stage, ['ast', 'types', 'ir', 'insns'])),
    includeFolders: values.I ?? [],
    includeFiles: values.include ?? [],
  }
  const operands = [...positionals, ...rest]
  if (values.l) {
    if (operands.length > 1) throw new UsageError(`-l takes one pattern, not ${operands.length}: quote it`)
    return { kind: 'list', pattern: operands[0] ?? values.e, options }
  }
  if (options.pid !== undefined && options.command !== undefined) {
    throw new UsageError('-p and -c exclude each other: trace a process that runs, or start one')
  }
  if (values.e !== undefined) {
    return { kind: 'script', source: { kind: 'text', text: values.e }, positional: operands, options }
  }
  const [path, ...positional] = operands
  if (path === undefined)
    throw new UsageError("name a script, or give one with -e: bee -e 'begin { print(1) }'")
  return { kind: 'script', source: { kind: 'file', path }, positional, options }
}

/**
 * Our options end at the first operand: what stands behind a script's name is the script's, whatever it looks like.
 * A listing has no script, so its options may stand anywhere.
 */
function splitScript(argv: readonly string[]): { readonly own: string[]; readonly rest: string[] } {
  let at = 0
  let listing = false
  for (; at < argv.length; at++) {
    const word = argv[at]!
    if (word === '--') return { own: argv.slice(0, at), rest: argv.slice(at + 1) }
    if (!word.startsWith('-') || word === '-') break
    listing ||= /^-[a-zA-Z]*l/.test(word)
    if (VALUED.has(word)) at++
  }
  return listing ? { own: [...argv], rest: [] } : { own: argv.slice(0, at), rest: argv.slice(at) }
}

function parseOwn(args: string[]) {
  try {
    return parseArgs({ args, options: SPEC, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/\. To specify a positional.*$/s, ''))
  }
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`-p takes a process id, not '${text}'`)
  return Number(text)
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find(word => word === value)
  if (found === undefined) throw new UsageError(`${option} takes ${allowed.join(', ')}, not '${value}'`)
  return found
}
