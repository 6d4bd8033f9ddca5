// What each probe type makes of the parts behind its name: one function a type, with bpftrace's checks and words.

import { hardwareEvents, type Provider, softwareEvents } from '../providers.ts'
import type { Reporter } from './attach-point.ts'
import { attach } from './attach-point-messages.ts'
import { hasWildcard, sourceMark } from './attach-point-parts.ts'
import { parseInteger } from './integer.ts'

export type ProviderTarget =
  | { readonly provider: 'begin' | 'end' }
  | { readonly provider: 'self'; readonly trigger: 'signal'; readonly signal: string }
  | { readonly provider: 'test' | 'bench'; readonly title: string }
  | KprobeTarget
  | FentryTarget
  | UprobeTarget
  | {
      readonly provider: 'usdt'
      /** '' with -p when none was given */
      readonly path: string
      readonly namespace: string | null
      readonly function: string
    }
  | { readonly provider: 'tracepoint'; readonly category: string; readonly event: string }
  /** `module` is `*` when none was given */
  | { readonly provider: 'rawtracepoint'; readonly module: string; readonly event: string }
  | TimerTarget
  /** `event` as written, a second name or the first; `count` null for the event's own */
  | { readonly provider: 'software' | 'hardware'; readonly event: string; readonly count: bigint | null }
  /** `mode` is sorted: "r" is not among what x86 can do, "w", "rw" and "x" are */
  | {
      readonly provider: 'watchpoint'
      readonly address: bigint
      readonly lengthBytes: number
      readonly mode: string
    }
  | { readonly provider: 'iter'; readonly iterator: string; readonly pin: string | null }

export interface KprobeTarget {
  readonly provider: 'kprobe' | 'kretprobe'
  readonly module: string | null
  /** '' for a bare address */
  readonly function: string
  readonly offset: bigint
  readonly address: bigint | null
}

export interface FentryTarget {
  readonly provider: 'fentry' | 'fexit'
  readonly module: string | null
  readonly function: string
  /** set for `fentry:bpf[:id]:name`, which attaches to a BPF program; `id` null for any */
  readonly bpf: { readonly id: bigint | null } | null
}

export interface UprobeTarget {
  readonly provider: 'uprobe' | 'uretprobe'
  /** a path, a pattern, a name found by PATH, `libc` … */
  readonly path: string
  /** "cpp": the function's name is a demangled one */
  readonly language: string | null
  /** '' for an address or a source line */
  readonly function: string
  readonly offset: bigint
  readonly address: bigint | null
  readonly source: { readonly file: string; readonly line: number; readonly column: number | null } | null
}

/** `unit` "hz" counts firings a second, the others say how long between two. */
export interface TimerTarget {
  readonly provider: 'profile' | 'interval'
  readonly unit: 's' | 'ms' | 'us' | 'hz'
  readonly rate: bigint
}

/** Reads the parts after the probe type. Null after a report, or, with `silent`, when their number does not fit. */
export function readTarget(
  provider: Provider,
  parts: readonly string[],
  reporter: Reporter,
  silent: boolean,
): ProviderTarget | null {
  const read = new Reading(provider, parts, reporter, silent)
  switch (provider) {
    case 'begin':
    case 'end':
      return (parts.length === 1 && parts[0] === '*') || read.count(0) ? { provider } : null
    case 'self':
      return readSelf(read)
    case 'test':
    case 'bench':
      if (!read.count(1)) return null
      return parts[0] === '' ? read.fail(attach.noName, { provider }) : { provider, title: parts[0]! }
    case 'kprobe':
    case 'kretprobe':
      return readKprobe(read, provider)
    case 'fentry':
    case 'fexit':
      return readFentry(read, provider)
    case 'uprobe':
    case 'uretprobe':
      return readUprobe(read, provider)
    case 'usdt':
      return readUsdt(read)
    case 'tracepoint': {
      // a lone pattern is about the event
      const [category, event] = parts.length === 1 && hasWildcard(parts[0]!) ? ['*', parts[0]!] : parts
      if (category === undefined || event === undefined || parts.length > 2) return read.wrongCount(2)
      if (category === '' || event === '') return read.fail(attach.tracepointTarget, {})
      return { provider, category, event }
    }
    case 'rawtracepoint': {
      if (!read.count(2, 1)) return null
      const event = parts.at(-1)!
      if (event === '') return read.fail(attach.rawtracepointFunction, {})
      return { provider, module: parts.length === 2 ? parts[0]! : '*', event }
    }
    case 'profile':
    case 'interval':
      return readTimer(read, provider)
    case 'software':
    case 'hardware':
      return readPerfEvent(read, provider)
    case 'watchpoint':
      return readWatchpoint(read)
    case 'iter': {
      if (parts.length !== 1 && parts.length !== 2) return silent ? null : read.fail(attach.iterCount, {})
      if (parts.some(hasWildcard)) return silent ? null : read.fail(attach.iterWildcard, {})
      if (parts[0] === '') return read.fail(attach.iterName, {})
      return { provider, iterator: parts[0]!, pin: parts[1] ?? null }
    }
  }
}

/** The parts of one attach point, and the ways to refuse them. */
class Reading {
  readonly provider: Provider
  readonly parts: readonly string[]
  readonly reporter: Reporter
  private readonly silent: boolean

  constructor(provider: Provider, parts: readonly string[], reporter: Reporter, silent: boolean) {
    this.provider = provider
    this.parts = parts
    this.reporter = reporter
    this.silent = silent
  }

  /** Whether there are as many parts as one of the given counts; reports otherwise. */
  count(expected: number, other?: number): boolean {
    if (this.parts.length === expected || this.parts.length === other) return true
    this.wrongCount(expected, other)
    return false
  }

  wrongCount(expected: number, other?: number): null {
    if (this.silent) return null
    const text = other === undefined ? `${expected}` : `${expected} or ${other}`
    const { provider, parts } = this
    return this.fail(attach.argumentCount, { provider, expected: text, found: parts.length })
  }

  fail: <Gaps extends string>(
    message: Parameters<typeof this.reporter.report<Gaps>>[0],
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    hint?: string,
  ) => null = (message, gaps, hint) => {
    this.reporter.report(message, gaps, hint)
    return null
  }
}

function readSelf(read: Reading): ProviderTarget | null {
  if (!read.count(2)) return null
  const [trigger, signal] = read.parts as [string, string]
  if (trigger !== 'signal') return read.fail(attach.badTrigger, { trigger })
  if (signal !== 'SIGUSR1') return read.fail(attach.badSignal, { signal })
  return { provider: 'self', trigger, signal }
}

/** `function`, `function+offset`; an all-digit text is an address. Null after a report. */
function readFunction(
  read: Reading,
  text: string,
  returns: boolean,
): { function: string; offset: bigint; address: bigint | null } | null {
  const pieces = text.split('+')
  if (pieces.length === 1) {
    const address = parseInteger(text)
    return address.ok
      ? { function: '', offset: 0n, address: address.value }
      : { function: text, offset: 0n, address: null }
  }
  if (returns) return read.fail(attach.offsetNotAllowed, {})
  if (pieces.length > 2) return read.fail(attach.oneOffset, {})
  const [name, offsetText] = pieces as [string, string]
  if (name === '' || offsetText === '') return read.fail(attach.badOffset, {})
  const offset = parseInteger(offsetText)
  if (!offset.ok) return read.fail(attach.badOffsetNumber, { problem: offset.problem })
  return { function: name, offset: offset.value, address: null }
}

function readKprobe(read: Reading, provider: KprobeTarget['provider']): KprobeTarget | null {
  if (!read.count(1, 2)) return null
  const found = readFunction(read, read.parts.at(-1)!, provider === 'kretprobe')
  if (found === null) return null
  if (found.address !== null && !read.reporter.context.unsafe) return read.fail(attach.addressUnsafe, {})
  if (found.function === '' && !found.address) return read.fail(attach.kprobeFunction, {})
  return { provider, module: read.parts.length === 2 ? read.parts[0]! : null, ...found }
}

function readFentry(read: Reading, provider: FentryTarget['provider']): FentryTarget | null {
  const { parts } = read
  if (parts.length < 1 || parts.length > 3) return read.wrongCount(1, 3)
  if (parts[0] === 'bpf') {
    if (parts.length === 1) return read.fail(attach.fentryBpfName, {})
    let id: bigint | null = null
    if (parts.length === 3 && parts[1] !== '*') {
      const number = parseInteger(parts[1]!)
      if (!number.ok) return read.fail(attach.fentryBpfId, {})
      id = number.value
    }
    return { provider, module: null, function: parts.at(-1)!, bpf: { id } }
  }
  if (parts.length === 3) return read.fail(attach.fentryCount, {})
  if (parts.at(-1) === '') return read.fail(attach.fentryFunction, {})
  return { provider, module: parts.length === 2 ? parts[0]! : null, function: parts.at(-1)!, bpf: null }
}

function readUprobe(read: Reading, provider: UprobeTarget['provider']): UprobeTarget | null {
  const { pidPath, unsafe } = read.reporter.context
  let parts = read.parts
  const short = parts.length === 1 || (parts.length === 2 && parts[0] === 'cpp')
  if (pidPath !== undefined && short) parts = [pidPath, ...parts]
  if (parts[1] === sourceMark) return readSourceLine(read, provider, parts)
  if (parts.length !== 2 && parts.length !== 3) return read.wrongCount(2, 3)
  const path = parts[0]!
  const language = parts.length === 3 ? parts[1]! : null
  const found = readFunction(read, parts.at(-1)!, provider === 'uretprobe')
  if (found === null) return null
  if (found.address !== null && hasWildcard(path)) return read.fail(attach.addressWildcard, {})
  if (path === '') return read.fail(attach.noTarget, { provider })
  if (found.function === '' && !found.address && !unsafe) return read.fail(attach.noFunction, { provider })
  if (language !== null && language !== 'cpp') return read.fail(attach.badLanguage, { language })
  return { provider, path, language, ...found, source: null }
}

/** `target@file:line[:column]` */
function readSourceLine(
  read: Reading,
  provider: UprobeTarget['provider'],
  parts: readonly string[],
): UprobeTarget | null {
  const [path, , file, lineText, columnText] = parts
  if (provider === 'uretprobe') return read.fail(attach.sourceNotAllowed, {})
  if (hasWildcard(path!)) return read.fail(attach.sourceWildcard, {})
  if (!file || !lineText || parts.length > 5) return read.fail(attach.sourceForm, {})
  const line = parseInteger(lineText)
  if (!line.ok) return read.fail(attach.badLine, { problem: line.problem })
  let column: number | null = null
  if (columnText !== undefined) {
    const number = parseInteger(columnText)
    if (!number.ok) return read.fail(attach.badColumn, { problem: number.problem })
    column = Number(number.value)
  }
  const source = { file, line: Number(line.value), column }
  return { provider, path: path!, language: null, function: '', offset: 0n, address: null, source }
}

function readUsdt(read: Reading): ProviderTarget | null {
  const { pidPath } = read.reporter.context
  const parts = pidPath !== undefined && read.parts.length === 1 ? ['', ...read.parts] : read.parts
  if (parts.length !== 2 && parts.length !== 3) return read.wrongCount(2, 3)
  const path = parts[0]!
  if (parts.at(-1) === '') return read.fail(attach.usdtFunction, {})
  if (path === '' && pidPath === undefined) return read.fail(attach.usdtTarget, {})
  const namespace = parts.length === 3 ? parts[1]! : null
  return { provider: 'usdt', path, namespace, function: parts.at(-1)! }
}

function readTimer(read: Reading, provider: TimerTarget['provider']): TimerTarget | null {
  const { parts } = read
  if (!read.count(1, 2)) return null
  const number = parseInteger(parts.at(-1)!)
  if (parts.length === 1) {
    if (hasWildcard(parts[0]!)) return read.fail(attach.badUnit, { unit: parts[0]! })
    if (!number.ok) {
      const hint = `for example ${provider}:1s, ${provider}:100ms or ${provider}:hz:99`
      return read.fail(attach.badRate, { provider, problem: number.problem }, hint)
    }
    if (number.value < 1000n) return read.fail(attach.smallRate, { provider, found: number.value })
    return { provider, unit: 'us', rate: number.value / 1000n }
  }
  const unit = parts[0]!
  if (!number.ok) return read.fail(attach.badRate, { provider, problem: number.problem })
  if (unit === '') return read.fail(attach.noUnit, { provider })
  if (unit !== 's' && unit !== 'ms' && unit !== 'us' && unit !== 'hz') {
    return read.fail(attach.badUnit, { unit }, 'the units are s, ms, us and hz')
  }
  if (number.value === 0n) return read.fail(attach.zeroRate, { provider })
  return { provider, unit, rate: number.value }
}

function readPerfEvent(read: Reading, provider: 'software' | 'hardware'): ProviderTarget | null {
  if (!read.count(1, 2)) return null
  const [event, countText] = read.parts as [string, string | undefined]
  let count: bigint | null = null
  if (countText !== undefined && countText !== '*') {
    const number = parseInteger(countText)
    if (!number.ok) return read.fail(attach.badCount, { provider, problem: number.problem })
    count = number.value
  }
  if (event === '') return read.fail(attach.noEvent, { provider })
  if (hasWildcard(event)) return read.fail(attach.eventWildcard, { provider })
  const known = provider === 'software' ? softwareEvents : hardwareEvents
  if (!known.some(k => k.name === event || k.alias === event)) {
    const names = known.map(k => k.name).join(', ')
    return read.fail(attach.badEvent, { provider, event }, `the ${provider} events are ${names}`)
  }
  return { provider, event, count: count === 0n ? null : count }
}

function readWatchpoint(read: Reading): ProviderTarget | null {
  if (!read.count(3)) return null
  const [addressText, lengthText, modeText] = read.parts as [string, string, string]
  const address = parseInteger(addressText)
  if (!address.ok) return read.fail(attach.badAddress, { problem: address.problem })
  const length = parseInteger(lengthText)
  if (!length.ok) return read.fail(attach.badLength, { problem: length.problem })
  if (address.value === 0n) return read.fail(attach.zeroAddress, {})
  const lengthBytes = Number(length.value)
  if (![1, 2, 4, 8].includes(lengthBytes)) return read.fail(attach.lengthRange, {})
  const mode = [...modeText].sort().join('')
  if (!/^[rwx]+$/.test(mode)) return read.fail(attach.badMode, {})
  if (/(.)\1/.test(mode)) return read.fail(attach.modeTwice, {})
  if (mode !== 'w' && mode !== 'rw' && mode !== 'x') {
    return read.fail(attach.unsupportedMode, { mode }, 'supported modes: rw,w,x')
  }
  return { provider: 'watchpoint', address: address.value, lengthBytes, mode }
}
