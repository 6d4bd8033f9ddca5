// The probe types: their names, their short and old names, and which of them a wildcard in the name's place finds.
// From bpftrace's src/probe_types.h and src/probe_matcher.h.

import { hardwareEvents as hardwareNumbers, softwareEvents as softwareNumbers } from '../kernel/uapi/index.ts'

export type Provider =
  | 'begin'
  | 'end'
  | 'self'
  | 'test'
  | 'bench'
  | 'kprobe'
  | 'kretprobe'
  | 'fentry'
  | 'fexit'
  | 'uprobe'
  | 'uretprobe'
  | 'usdt'
  | 'tracepoint'
  | 'rawtracepoint'
  | 'profile'
  | 'interval'
  | 'software'
  | 'hardware'
  | 'watchpoint'
  | 'iter'

interface ProviderEntry {
  readonly name: Provider
  readonly aliases: readonly string[]
  /** found by a wildcard when the rest of the attach point looks like the kernel's, or like a program's */
  readonly listed?: 'kernel' | 'user'
}

export const providers: readonly ProviderEntry[] = [
  { name: 'kprobe', aliases: ['k'], listed: 'kernel' },
  { name: 'kretprobe', aliases: ['kr'] },
  { name: 'uprobe', aliases: ['u'], listed: 'user' },
  { name: 'uretprobe', aliases: ['ur'] },
  { name: 'usdt', aliases: ['U'], listed: 'user' },
  { name: 'begin', aliases: [] },
  { name: 'end', aliases: [] },
  { name: 'self', aliases: [] },
  { name: 'test', aliases: [] },
  { name: 'bench', aliases: [] },
  { name: 'tracepoint', aliases: ['t'], listed: 'kernel' },
  { name: 'profile', aliases: ['p'] },
  { name: 'interval', aliases: ['i'] },
  { name: 'software', aliases: ['s'], listed: 'kernel' },
  { name: 'hardware', aliases: ['h'], listed: 'kernel' },
  { name: 'watchpoint', aliases: ['w'] },
  { name: 'fentry', aliases: ['f', 'kfunc'], listed: 'kernel' },
  { name: 'fexit', aliases: ['fr', 'kretfunc'] },
  { name: 'iter', aliases: ['it'], listed: 'kernel' },
  { name: 'rawtracepoint', aliases: ['rt'], listed: 'kernel' },
]

/**
 * The probe type that a word names. Aliases are exact, so that `U` is usdt and `u` is uprobe; full names are not
 * (`BEGIN`, `Kprobe`).
 */
export function providerOf(word: string): Provider | undefined {
  for (const { name, aliases } of providers) if (aliases.includes(word)) return name
  const lower = word.toLowerCase()
  return providers.find(p => p.name === lower || p.aliases.includes(lower))?.name
}

/** Events of perf's software type by name and second name; `count` is how many make one firing when none is given. */
export const softwareEvents: readonly PerfEvent[] = numbered(softwareNumbers, [
  { name: 'alignment-faults', count: 1 },
  { name: 'bpf-output', count: 1 },
  { name: 'context-switches', alias: 'cs', count: 1000 },
  { name: 'cpu-clock', alias: 'cpu', count: 1_000_000 },
  { name: 'cpu-migrations', count: 1 },
  { name: 'dummy', count: 1 },
  { name: 'emulation-faults', count: 1 },
  { name: 'major-faults', count: 1 },
  { name: 'minor-faults', count: 100 },
  { name: 'page-faults', alias: 'faults', count: 100 },
  { name: 'task-clock', count: 1 },
])

/** The same of perf's hardware type. */
export const hardwareEvents: readonly PerfEvent[] = numbered(hardwareNumbers, [
  { name: 'backend-stalls', count: 1_000_000 },
  { name: 'branch-instructions', alias: 'branches', count: 100_000 },
  { name: 'branch-misses', count: 100_000 },
  { name: 'bus-cycles', count: 100_000 },
  { name: 'cache-misses', count: 1_000_000 },
  { name: 'cache-references', count: 1_000_000 },
  { name: 'cpu-cycles', alias: 'cycles', count: 1_000_000 },
  { name: 'frontend-stalls', count: 1_000_000 },
  { name: 'instructions', count: 1_000_000 },
  { name: 'ref-cycles', count: 1_000_000 },
])

export interface PerfEvent {
  readonly name: string
  /** PERF_COUNT_SW_* or PERF_COUNT_HW_* */
  readonly config: number
  readonly alias?: string
  readonly count: number
}

function numbered<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  events: readonly { readonly name: Name; readonly alias?: string; readonly count: number }[],
): PerfEvent[] {
  return events.map(event => ({ ...event, config: numbers[event.name] }))
}
