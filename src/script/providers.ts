// The probe types: their names, their short and old names, and which of them a wildcard in the name's place finds.
// From bpftrace's src/probe_types.h and src/probe_matcher.h.

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
export const softwareEvents: readonly PerfEvent[] = [
  { name: 'alignment-faults', config: 7, count: 1 },
  { name: 'bpf-output', config: 10, count: 1 },
  { name: 'context-switches', alias: 'cs', config: 3, count: 1000 },
  { name: 'cpu-clock', alias: 'cpu', config: 0, count: 1_000_000 },
  { name: 'cpu-migrations', config: 4, count: 1 },
  { name: 'dummy', config: 9, count: 1 },
  { name: 'emulation-faults', config: 8, count: 1 },
  { name: 'major-faults', config: 6, count: 1 },
  { name: 'minor-faults', config: 5, count: 100 },
  { name: 'page-faults', alias: 'faults', config: 2, count: 100 },
  { name: 'task-clock', config: 1, count: 1 },
]

/** The same of perf's hardware type. */
export const hardwareEvents: readonly PerfEvent[] = [
  { name: 'backend-stalls', config: 8, count: 1_000_000 },
  { name: 'branch-instructions', alias: 'branches', config: 4, count: 100_000 },
  { name: 'branch-misses', config: 5, count: 100_000 },
  { name: 'bus-cycles', config: 6, count: 100_000 },
  { name: 'cache-misses', config: 3, count: 1_000_000 },
  { name: 'cache-references', config: 2, count: 1_000_000 },
  { name: 'cpu-cycles', alias: 'cycles', config: 0, count: 1_000_000 },
  { name: 'frontend-stalls', config: 7, count: 1_000_000 },
  { name: 'instructions', config: 1, count: 1_000_000 },
  { name: 'ref-cycles', config: 9, count: 1_000_000 },
]

export interface PerfEvent {
  readonly name: string
  readonly alias?: string
  /** PERF_COUNT_SW_* or PERF_COUNT_HW_* (linux/perf_event.h) */
  readonly config: number
  readonly count: number
}
