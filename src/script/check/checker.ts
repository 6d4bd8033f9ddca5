// The state of a check: what is known so far of maps, variables and nodes, and the ways by which the rules of
// `language/` ask and report.
//
// Types of maps and variables grow as more uses are seen, so all bodies are walked again and again until nothing
// changes. Only the last walk reports.

import type { Call, Expression, Identifier, MapName, Node, Probe } from '../ast.ts'
import type { ScriptConfig } from '../config.ts'
import { type Diagnostic, Diagnostics } from '../diagnostics/diagnostics.ts'
import type { Message } from '../diagnostics/message.ts'
import type { KernelFacts, RunFacts, UserFacts } from '../facts.ts'
import type { Provider } from '../providers.ts'
import type { ResolvedPlace } from '../resolve/places.ts'
import type { Span } from '../span.ts'
import { intOf, type ScriptType } from '../type.ts'
import type { TypeScope } from '../types/index.ts'
import type { Constant, LocalVariable, ProbeArguments, ProbeResult } from './checked.ts'
import { assignVariableType, checkExpression } from './expression.ts'
import { say } from './messages.ts'
import { isCastable, isSigned, isWhole, promote, sameType } from './promote.ts'
import { typeText } from './type-text.ts'

/** What a check needs to know beside the tree. */
export interface CheckFacts {
  readonly kernel: KernelFacts
  readonly user: UserFacts
  readonly run: RunFacts
  readonly config: ScriptConfig
  readonly types: TypeScope
}

export interface MapState {
  readonly name: string
  readonly span: Span
  /** undefined until a use says so */
  scalar: boolean | undefined
  key: ScriptType | undefined
  value: ScriptType | undefined
  /** of the integers handed to `sum` and the like */
  argument: ScriptType | undefined
  /** changed from what it was (`++`, `+=`) before anything gave it a type */
  selfMade: boolean
}

/** A body while it is checked: the CheckedBody to be. */
export interface BodyState {
  readonly probe: Probe
  readonly places: readonly ResolvedPlace[]
  readonly arguments: ProbeArguments | undefined
  readonly result: ProbeResult | undefined
  readonly types: Map<number, ScriptType>
  readonly constants: Map<number, Constant>
  readonly variables: Map<number, LocalVariable>
  readonly written: Map<number, ScriptType>
  /** variables by the node that brings them in; kept from walk to walk */
  readonly locals: Map<number, LocalVariable>
}

export class Checker {
  readonly facts: CheckFacts
  readonly maps = new Map<string, MapState>()
  readonly final: Diagnostics
  /** where reports of this walk go */
  diagnostics = new Diagnostics()
  /** whether a type of a map or variable changed in this walk */
  changed = false
  body!: BodyState
  scopes: Map<string, LocalVariable>[] = []
  loopDepth = 0
  /** inside of a `for` loop, whose body is a function of its own without the program's context */
  callbackDepth = 0
  /** inside of sizeof, typeof and the like: nothing is run */
  metaDepth = 0

  constructor(facts: CheckFacts, final: Diagnostics) {
    this.facts = facts
    this.final = final
  }

  get config(): ScriptConfig {
    return this.facts.config
  }

  /** The provider of the places of this body. */
  get provider(): Provider {
    return this.body.places[0]!.spec.provider
  }

  get reporting(): boolean {
    return this.diagnostics === this.final
  }

  // ---- reports ------------------------------------------------------------------------------------------------

  report<Gaps extends string>(
    message: Message<Gaps>,
    node: { readonly span: Span },
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    hint?: string,
  ): Diagnostic {
    const diagnostic = this.diagnostics.report<string>(message as Message, node.span, gaps)
    if (hint !== undefined) diagnostic.hints.push(hint)
    return diagnostic
  }

  /** An error whose words only one place has. */
  error(node: { readonly span: Span }, text: string, hint?: string): undefined {
    this.report(say.free, node, { text }, hint)
    return undefined
  }

  warn(node: { readonly span: Span }, text: string): void {
    this.report(say.freeWarning, node, { text })
  }

  // ---- what is known of nodes ---------------------------------------------------------------------------------

  typeOf(node: Node): ScriptType | undefined {
    return this.body.types.get(node.id)
  }

  constantOf(node: Node): Constant | undefined {
    return this.body.constants.get(node.id)
  }

  integerConstant(node: Node | undefined): bigint | undefined {
    const value = node === undefined ? undefined : this.constantOf(node)
    return typeof value === 'bigint' ? value : undefined
  }

  stringConstant(node: Node | undefined): string | undefined {
    const value = node === undefined ? undefined : this.constantOf(node)
    return typeof value === 'string' ? value : undefined
  }

  // ---- maps ---------------------------------------------------------------------------------------------------

  map(node: MapName): MapState {
    let state = this.maps.get(node.name)
    if (state === undefined) {
      state = {
        name: node.name,
        span: node.span,
        scalar: undefined,
        key: undefined,
        value: undefined,
        argument: undefined,
        selfMade: false,
      }
      this.maps.set(node.name, state)
      this.changed = true
    }
    return state
  }

  /** A use of a map without (`scalar`) or with a key; false when another use said otherwise. */
  useMap(node: MapName, scalar: boolean, at: { readonly span: Span } = node): boolean {
    const state = this.map(node)
    if (state.scalar === undefined) {
      state.scalar = scalar
      this.changed = true
    }
    if (state.scalar === scalar) return true
    this.report(scalar ? say.keyedUsedAsScalar : say.scalarUsedWithKey, at, { name: node.name })
    return false
  }

  /** A key that a map is used with. */
  useKey(map: MapState, type: ScriptType | undefined, at: { readonly span: Span }): void {
    if (type === undefined) return
    if (['hist', 'lhist', 'stats', 'tseries'].includes(type.kind)) {
      this.report(say.cannotBeKey, at, { type: typeText(type) })
      return
    }
    if (type.kind === 'none' || (isCastable(type) && map.key !== undefined && !isWhole(map.key))) {
      this.report(say.notAKey, at, { type: typeText(type) })
      return
    }
    const key = isCastable(type) ? intOf(64, isSigned(type)) : type
    const promoted = promote(map.key, key)
    if (promoted === undefined) {
      const gaps = { name: map.name, type: typeText(type), current: typeText(map.key) }
      this.report(say.keyMismatch, at, gaps)
      return
    }
    if (map.key === undefined || !sameType(map.key, promoted)) {
      map.key = promoted
      this.changed = true
    }
  }

  /** A value, not an aggregation's, that is stored in a map. */
  useValue(map: MapState, type: ScriptType | undefined, at: { readonly span: Span }): void {
    if (type === undefined) return
    const closed = map.value !== undefined && isCastable(map.value)
    const promoted = closed ? undefined : promote(map.value, type)
    if (promoted === undefined) {
      const gaps = { name: map.name, type: typeText(type), current: typeText(map.value) }
      this.report(say.mapMismatch, at, gaps)
      return
    }
    if (map.value === undefined || !sameType(map.value, promoted)) {
      map.value = stored(promoted)
      this.changed = true
    }
  }

  /** An aggregation assigned to a map. */
  useAggregate(map: MapState, type: ScriptType, call: Call): void {
    if (map.value === undefined) {
      map.value = type
      this.changed = true
      return
    }
    const promoted = map.value.kind === type.kind ? promote(map.value, type) : undefined
    if (promoted === undefined) {
      if (map.value.kind === type.kind) {
        const what = { hist: 'bits in a single hist', lhist: 'lhist bounds in a single map' } as Record<
          string,
          string
        >
        this.error(call, `Different ${what[type.kind] ?? `${type.kind} bounds in a single map`} unsupported`)
        return
      }
      const gaps = { name: map.name, type: typeText(type), current: typeText(map.value) }
      this.report(say.mapMismatch, call, gaps)
      return
    }
    if (!sameType(map.value, promoted)) {
      map.value = promoted
      this.changed = true
    }
  }

  // ---- variables ----------------------------------------------------------------------------------------------

  findVariable(name: string): LocalVariable | undefined {
    for (const scope of this.scopes) {
      const found = scope.get(name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Brings a variable into the innermost scope; the same object in every walk. */
  declare(
    node: Node,
    name: string,
    options: { fixed?: ScriptType | undefined; loop?: boolean } = {},
  ): LocalVariable {
    let variable = this.body.locals.get(node.id)
    if (variable === undefined) {
      variable = {
        id: node.id,
        name,
        span: node.span,
        type: options.fixed,
        fixed: options.fixed !== undefined,
        loop: options.loop ?? false,
        assigned: false,
      }
      this.body.locals.set(node.id, variable)
    }
    variable.assigned = false
    this.scopes.at(-1)!.set(name, variable)
    return variable
  }

  setVariableType(variable: LocalVariable, type: ScriptType): void {
    if (variable.type !== undefined && sameType(variable.type, type)) return
    variable.type = type
    this.changed = true
  }

  inScope<T>(walk: () => T): T {
    this.scopes.push(new Map())
    try {
      return walk()
    } finally {
      this.scopes.pop()
    }
  }

  /** Whether a program of these places may look at its context here; reports when it may not. */
  needsContext(node: Identifier | Call): boolean {
    if (this.callbackDepth === 0) return true
    this.report(say.notInFor, node, { name: node.name })
    return false
  }

  /** For entries of the language, which must not import the walk that calls them. */
  checkExpression(node: Expression): ScriptType | undefined {
    return checkExpression(this, node)
  }

  assignVariableType(name: string, type: ScriptType, at: { readonly span: Span }): void {
    assignVariableType(this, name, type, at)
  }
}

/** Values in maps are copies: wherever they came from, they lie with us now. */
export function stored(type: ScriptType): ScriptType {
  if (type.kind === 'struct' || type.kind === 'array') return { ...type, space: 'none' }
  if (type.kind === 'tuple') return { ...type, elements: type.elements.map(stored) }
  return type
}
