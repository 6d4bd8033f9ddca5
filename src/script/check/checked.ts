// What the checker hands to the lowering: the tree, and for each node what was found out about it.

import type { Probe, Script } from '../ast.ts'
import type { ScriptConfig } from '../config.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import type { Sources } from '../source.ts'
import type { Span } from '../span.ts'
import type { ScriptType, StructDef } from '../type.ts'

/** A value known when the script is compiled; strings are byte strings. */
export type Constant = bigint | string | boolean

export interface CheckedScript {
  readonly script: Script
  readonly sources: Sources
  readonly config: ScriptConfig
  /** in the order of their first mention */
  readonly maps: ReadonlyMap<string, CheckedMap>
  readonly bodies: readonly CheckedBody[]
}

export interface CheckedMap {
  readonly name: string
  /** absent for a map without keys */
  readonly key?: ScriptType
  readonly value: ScriptType
  readonly declared?: { readonly mapType: string; readonly maxEntries: number }
}

/** An action block as it is for places where everything in it has the same types. */
export interface CheckedBody {
  readonly probe: Probe
  readonly places: readonly ResolvedPlace[]
  readonly arguments: ProbeArguments | undefined
  readonly result: ProbeResult | undefined
  /** by node id */
  readonly types: ReadonlyMap<number, ScriptType>
  /** by node id */
  readonly constants: ReadonlyMap<number, Constant>
  /** what each mention of a scratch variable means, by node id */
  readonly variables: ReadonlyMap<number, LocalVariable>
  /** types as written or worked out: of casts, declarations, sizeof; by node id */
  readonly written: ReadonlyMap<number, ScriptType>
}

/** A scratch variable, by the node that brought it in. */
export interface LocalVariable {
  readonly id: number
  readonly name: string
  readonly span: Span
  type: ScriptType | undefined
  /** `let $x : T`: assignments do not change the type */
  readonly fixed: boolean
  /** the variable of a `for` over a map: a pair that is only taken apart costs nothing to make */
  readonly loop: boolean
  assigned: boolean
}

/** What `args` is. */
export interface ProbeArguments {
  readonly def: StructDef
  /**
   * `record`: the struct lies in the program's context as it is. `words`: each member is a whole u64 of the context, at
   * its offset.
   */
  readonly layout: 'record' | 'words'
  /** of `words`: each argument fits a register, so that it is the nth register of the calling convention as well */
  readonly simple?: boolean
  readonly space: 'kernel' | 'user'
}

/** Where the traced function's result is in the context: a u64. */
export interface ProbeResult {
  readonly type: ScriptType
  readonly offsetBytes: number
}
