// The command line of `bee` for scripts: bpftrace's letters and long names.

import { parseArgs } from 'node:util'
import { BeetraceError, UsageError } from '../errors/index.ts'

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
      /** `-- --name=value`, for the script's `getopt`; '' for one without a value */
      readonly named: Readonly<Record<string, string>>
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
  /** run the script's `test` or `bench` probes */
  readonly mode: 'run' | 'test' | 'bench'
  /** probes to attach, of those in the script */
  readonly probeFilter: RegExp | undefined
  /** a file that lists the kernel's functions */
  readonly traceableFunctions: string | undefined
  /** kernel features to do without, to see what a script does on a kernel that has them not */
  readonly withoutFeatures: readonly AvoidableFeature[]
  readonly stages: readonly Stage[]
  readonly includeFolders: readonly string[]
  readonly includeFiles: readonly string[]
}

const AVOIDABLE = ['kprobe', 'kprobe_multi', 'kprobe_session', 'fentry', 'uprobe_multi'] as const
export type AvoidableFeature = (typeof AVOIDABLE)[number]

const SPEC = {
  e: { type: 'string', short: 'e' },
  list: { type: 'boolean', short: 'l' },
  pid: { type: 'string', short: 'p' },
  cmd: { type: 'string', short: 'c' },
  output: { type: 'string', short: 'o' },
  format: { type: 'string', short: 'f' },
  B: { type: 'string', short: 'B' },
  quiet: { type: 'boolean', short: 'q' },
  verbose: { type: 'boolean', short: 'v' },
  'no-warnings': { type: 'boolean' },
  warnings: { type: 'boolean', short: 'k' },
  unsafe: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  mode: { type: 'string' },
  test: { type: 'boolean' },
  bench: { type: 'boolean' },
  'probe-filter': { type: 'string' },
  'traceable-functions': { type: 'string' },
  'no-feature': { type: 'string' },
  'usdt-file-activation': { type: 'boolean' },
  debug: { type: 'string', short: 'd', multiple: true },
  I: { type: 'string', short: 'I', multiple: true },
  include: { type: 'string', multiple: true },
  info: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const MODES = ['run', 'test', 'bench'] as const

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
    format: parseFormat(values.format ?? 'text'),
    buffering: oneOf('-B', values.B ?? 'line', ['line', 'full', 'none']),
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
    warnings: !values['no-warnings'],
    helperErrors: values.warnings ?? false,
    unsafe: values.unsafe ?? false,
    dryRun: values['dry-run'] ?? false,
    mode: values.test ? 'test' : values.bench ? 'bench' : oneOf('--mode', values.mode ?? 'run', MODES),
    probeFilter: values['probe-filter'] === undefined ? undefined : regularExpression(values['probe-filter']),
    traceableFunctions: values['traceable-functions'],
    withoutFeatures: (values['no-feature'] ?? '')
      .split(',')
      .filter(name => name !== '')
      .map(name => oneOf('--no-feature', name, AVOIDABLE)),
    stages: (values.debug ?? []).map(stage => oneOf('-d', stage, ['ast', 'types', 'ir', 'insns'])),
    includeFolders: values.I ?? [],
    includeFiles: values.include ?? [],
  }
  const named = namedOf(rest)
  const operands = [...positionals, ...rest.filter(word => !isNamed(word))]
  if (values.list) {
    if (operands.length > 1) throw new UsageError(`-l takes one pattern, not ${operands.length}: quote it`)
    return { kind: 'list', pattern: operands[0] ?? values.e, options }
  }
  if (options.pid !== undefined && options.command !== undefined) {
    throw new UsageError('-p and -c exclude each other: trace a process that runs, or start one')
  }
  if (values.e !== undefined) {
    return { kind: 'script', source: { kind: 'text', text: values.e }, positional: operands, named, options }
  }
  const [path, ...positional] = operands
  if (path === undefined)
    throw new UsageError("name a script, or give one with -e: bee -e 'begin { print(1) }'")
  return { kind: 'script', source: { kind: 'file', path }, positional, named, options }
}

/** Our options stand anywhere before `--`; behind it everything is the script's. */
function splitScript(argv: readonly string[]): { readonly own: string[]; readonly rest: string[] } {
  for (let at = 0; at < argv.length; at++) {
    if (argv[at] === '--') return { own: argv.slice(0, at), rest: argv.slice(at + 1) }
    if (VALUED.has(argv[at]!)) at++
  }
  return { own: [...argv], rest: [] }
}

/** `--name=value` and `--name` of what stands behind `--`. */
function namedOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.filter(isNamed).map(word => {
      const [, name, value] = /^--([^=]*)=?(.*)$/s.exec(word)!
      return [name!, value!]
    }),
  )
}

function isNamed(word: string): boolean {
  return word.startsWith('--')
}

function parseOwn(args: string[]) {
  try {
    return parseArgs({ args, options: SPEC, allowPositionals: true })
  } catch (error) {
    const { message } = error as Error
    const valued = /^Option '(?:(-\w), )?(--?[\w-]+)(?: <value>)?' argument (?:missing|is ambiguous)/.exec(
      message,
    )
    if (valued !== null) throw new UsageError(`${valued[1] ?? valued[2]} takes a value`)
    throw new UsageError(message.replace(/\. To specify a positional.*$/s, ''))
  }
}

/** include/linux/threads.h, 64 bits */
const PID_MAX_LIMIT = 4 * 1024 * 1024

function parsePid(text: string): number {
  if (!/^\d/.test(text)) throw new BeetraceError('USAGE_PID', `Failed to parse pid: invalid integer: ${text}`)
  if (!/^\d+$/.test(text)) {
    throw new BeetraceError('USAGE_PID', `Failed to parse pid: invalid trailing bytes: ${text}`)
  }
  const pid = Number(text)
  if (pid > PID_MAX_LIMIT) throw new BeetraceError('USAGE_PID', `Pid out of range: ${text}`)
  return pid
}

function parseFormat(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text
  throw new BeetraceError(
    'USAGE_FORMAT',
    `Invalid output format "${text}"\nHINT: valid formats are text and json`,
  )
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UsageError(`Invalid --probe-filter regex '${text}': ${(error as Error).message}`)
  }
}

function oneOf<const T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find(word => word === value)
  if (found === undefined) throw new UsageError(`${option} takes ${allowed.join(', ')}, not '${value}'`)
  return found
}
