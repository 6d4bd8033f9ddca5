// The command line of `beetrace`: strace's letters and long names, read up to the command it runs.

import { parseArgs } from 'node:util'
import { UsageError } from '../errors/index.ts'
import { machineOf } from '../kernel/uapi/index.ts'
import { DEFAULT_TRACE_OPTIONS, type TraceOptions } from '../trace/options.ts'

export type TraceArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'trace'
      readonly options: TraceOptions
      /** program and its arguments; empty when only attaching */
      readonly command: readonly string[]
      /** processes to attach to */
      readonly pids: readonly number[]
      /** file to write to; undefined means stderr */
      readonly output: string | undefined
    }

const SPEC = {
  'follow-forks': { type: 'boolean', short: 'f' },
  attach: { type: 'string', short: 'p', multiple: true },
  output: { type: 'string', short: 'o' },
  expr: { type: 'string', short: 'e', multiple: true },
  trace: { type: 'string', multiple: true },
  'summary-only': { type: 'boolean', short: 'c' },
  'summary-wall-clock': { type: 'boolean', short: 'w' },
  time: { type: 'boolean', short: 't', multiple: true },
  'relative-timestamps': { type: 'boolean', short: 'r' },
  'syscall-times': { type: 'boolean', short: 'T' },
  'string-limit': { type: 'string', short: 's' },
  quiet: { type: 'boolean', short: 'q', multiple: true },
  'decode-fds': { type: 'boolean', short: 'y' },
  'successful-only': { type: 'boolean', short: 'z' },
  'failed-only': { type: 'boolean', short: 'Z' },
  columns: { type: 'string', short: 'a' },
  json: { type: 'boolean' },
  'ring-size': { type: 'string' },
  'max-threads': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

/** Reads `argv` (without node and script). Throws UsageError, which names the argument and what it takes. */
export async function parseTraceArguments(argv: readonly string[]): Promise<TraceArguments> {
  const { own, command } = splitCommand(argv)
  const values = parseOwn(own)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const pids = (values.attach ?? []).flatMap(parsePids)
  if (command.length === 0 && pids.length === 0) {
    throw new UsageError("name a command to run or a process to attach to: 'beetrace ls', 'beetrace -p PID'")
  }
  if (values['successful-only'] && values['failed-only']) {
    throw new UsageError('-z (successful only) and -Z (failed only) exclude each other')
  }
  const times = values.time?.length ?? 0
  const options: TraceOptions = {
    ...DEFAULT_TRACE_OPTIONS,
    follow: values['follow-forks'] ?? false,
    wanted: await callSetOf([...(values.trace ?? []), ...(values.expr ?? []).map(traceExpression)]),
    summary: values['summary-only'] ?? false,
    wallClock: values['summary-wall-clock'] ?? false,
    status: values['successful-only'] ? 'successful' : values['failed-only'] ? 'failed' : 'all',
    timestamps: values['relative-timestamps'] ? 'relative' : timestampsOf(times),
    durations: values['syscall-times'] ?? false,
    stringLimit: numberOption('-s', values['string-limit'], 0, 1 << 20) ?? DEFAULT_TRACE_OPTIONS.stringLimit,
    quiet: values.quiet?.length ?? 0,
    decodeFds: values['decode-fds'] ?? false,
    json: values.json ?? false,
    column: numberOption('-a', values.columns, 0, 1000) ?? DEFAULT_TRACE_OPTIONS.column,
    ringBytes: sizeOption('--ring-size', values['ring-size']) ?? DEFAULT_TRACE_OPTIONS.ringBytes,
    maxThreads:
      numberOption('--max-threads', values['max-threads'], 1, 1 << 22) ?? DEFAULT_TRACE_OPTIONS.maxThreads,
  }
  if (options.wallClock && !options.summary)
    throw new UsageError('-w is of use with -c only: beetrace -c -w …')
  if (options.summary && options.json) throw new UsageError('-c and --json exclude each other')
  return { kind: 'trace', options, command, pids, output: values.output }
}

/** Our options end at the first word that is not one, or at `--`: what follows belongs to the command. */
function splitCommand(argv: readonly string[]): { own: string[]; command: string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    options: SPEC,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional')
      return { own: argv.slice(0, token.index), command: argv.slice(token.index) }
    if (token.kind === 'option-terminator') {
      return { own: argv.slice(0, token.index), command: argv.slice(token.index + 1) }
    }
  }
  return { own: [...argv], command: [] }
}

function parseOwn(own: string[]) {
  try {
    return parseArgs({ args: own, options: SPEC, strict: true }).values
  } catch (error) {
    throw new UsageError(
      (error as Error).message.replace(/^./, c => c.toLowerCase()).replace(/\.? To specify.*$/s, ''),
    )
  }
}

/** `-e trace=SET`, `-e t=SET` and the bare `-e SET`; other qualifiers of strace are named as not known. */
function traceExpression(expression: string): string {
  const equals = expression.indexOf('=')
  if (equals < 0) return expression
  const qualifier = expression.slice(0, equals)
  if (qualifier === 'trace' || qualifier === 't') return expression.slice(equals + 1)
  throw new UsageError(`-e ${expression}: unknown qualifier '${qualifier}'; known: trace=SET`)
}

/** The names of the calls are loaded only for who asks by name. */
async function callSetOf(sets: readonly string[]): Promise<TraceOptions['wanted']> {
  const last = sets.at(-1)
  if (last === undefined) return undefined
  const { parseTraceSet } = await import('../trace/filter/index.ts')
  const [native, compat] = parseTraceSet(machineOf(process.arch), last)
  return { native, compat }
}

function timestampsOf(times: number): TraceOptions['timestamps'] {
  return times === 0 ? 'none' : times === 1 ? 'time' : times === 2 ? 'time-us' : 'epoch-us'
}

function parsePids(list: string): number[] {
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(word => {
      const pid = Number(word)
      if (!/^\d+$/.test(word) || pid < 1 || pid > 0x3fffff) {
        throw new UsageError(
          `-p ${list}: '${word}' is not a process id; give one or more numbers: -p 1234,1235`,
        )
      }
      return pid
    })
}

function numberOption(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= min && number <= max) return number
  throw new UsageError(`${name} ${value}: a whole number from ${min} to ${max} is needed`)
}

/** `64M`, `8192K`, `1G` or plain bytes; rounded up to the power of two a ring needs. */
function sizeOption(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const match = /^(\d+)([KMG]?)i?B?$/i.exec(value)
  const unit = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[match?.[2]?.toUpperCase() ?? '']
  const bytes = match ? Number(match[1]) * unit! : Number.NaN
  if (bytes >= 65536 && bytes <= 1024 ** 3) return 2 ** Math.ceil(Math.log2(bytes))
  throw new UsageError(`${name} ${value}: a size from 64K to 1G is needed, such as 64M`)
}
