// The words of the language: builtins, functions and aggregations by name.

import { aggregateEntries } from './aggregates.ts'
import { clockBuiltins } from './builtins/clock.ts'
import { probeBuiltins } from './builtins/probe.ts'
import { processBuiltins, taskFunctions } from './builtins/process.ts'
import { stackBuiltins } from './builtins/stack.ts'
import { systemBuiltins } from './builtins/system.ts'
import type { AggregateEntry, BuiltinEntry, FunctionEntry } from './entry.ts'
import { effectFunctions } from './functions/effect.ts'
import { kernelFunctions } from './functions/kernel.ts'
import { mapFunctions } from './functions/map.ts'
import { miscFunctions } from './functions/misc.ts'
import { networkFunctions } from './functions/network.ts'
import { outputFunctions } from './functions/output.ts'
import { stringFunctions } from './functions/string.ts'
import { symbolFunctions } from './functions/symbol.ts'

export const builtins: ReadonlyMap<string, BuiltinEntry> = byName([
  ...processBuiltins,
  ...systemBuiltins,
  ...clockBuiltins,
  ...probeBuiltins,
  ...stackBuiltins,
])

/** The builtin that a name means: `pid`, `arg3`, and `__builtin_comm`, as bpftrace's own library writes it. */
export function builtinOf(name: string): BuiltinEntry | undefined {
  if (/^arg\d+$/.test(name)) return builtins.get('arg')
  return builtins.get(name.replace(/^__builtin_/, ''))
}

export const functions: ReadonlyMap<string, FunctionEntry> = byName([
  ...taskFunctions,
  ...outputFunctions,
  ...mapFunctions,
  ...stringFunctions,
  ...symbolFunctions,
  ...networkFunctions,
  ...miscFunctions,
  ...kernelFunctions,
  ...effectFunctions,
])

export const aggregates: ReadonlyMap<string, AggregateEntry> = byName(aggregateEntries)

function byName<Entry extends { readonly name: string }>(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map(entry => [entry.name, entry]))
}
