// What an entry of the language is: one builtin, function or aggregation with its whole story, what it takes, its type,
// and what code it becomes. How it is printed follows from its type.

import type { Value } from '../../ir/index.ts'
import type { Call, Identifier } from '../ast.ts'
import type { Checker } from '../check/checker.ts'
import type { Datum } from '../lower/datum.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { AggregateType, ScriptType } from '../type.ts'

/** A name that stands for a value: `pid`, `comm`. Without arguments it may be called as well: `pid()`. */
export interface BuiltinEntry {
  readonly name: string
  type(c: Checker, node: Identifier): ScriptType | undefined
  lower(l: Lowering, node: Identifier): Datum
}

/** What an argument must be. */
export interface Parameter {
  readonly kind: 'int' | 'string' | 'pointer'
  readonly literal?: true
}

export interface FunctionEntry {
  readonly name: string
  /** how many arguments, at least and at most */
  readonly args: readonly [number, number]
  /** only with `--unsafe`; bpftrace refuses a function ("call") in other words than a macro of its library ("flag") */
  readonly unsafe?: 'call' | 'flag'
  /** checked before `type` is asked; null for any */
  readonly parameters?: readonly (Parameter | null)[]
  /** these arguments are not expressions to be checked: maps, bare words */
  readonly raw?: readonly number[]
  /** the providers it may stand in; all when absent */
  readonly providers?: readonly string[]
  /** `args` are the types of the arguments, undefined where not known */
  type(c: Checker, call: Call, args: readonly (ScriptType | undefined)[]): ScriptType | undefined
  lower(l: Lowering, call: Call): Datum
}

/** `count()` and the like: only assigned to a map. */
export interface AggregateEntry {
  readonly name: string
  readonly args: readonly [number, number]
  /** call shown in a hint */
  readonly example: string
  type(c: Checker, call: Call, args: readonly (ScriptType | undefined)[]): AggregateType | undefined
  /**
   * Makes the arguments' values; called before the element is looked up. What it gives is handed to `update`.
   */
  evaluate(l: Lowering, call: Call): Value | undefined
  /** Adds to the element at `at + offset`, this CPU's own. */
  update(l: Lowering, type: AggregateType, at: Value, offset: number, value: Value | undefined): void
  /**
   * Writes the element that the first value makes; only for elements of up to two words. Larger ones start from
   * zeros and are updated.
   */
  first?(l: Lowering, type: AggregateType, at: Value, offset: number, value: Value | undefined): void
}
