// The state of making one function of one program: the builder, where variables live, the buffers, and what was
// computed already in this or an outer arm of the control flow.

import type { Program } from '../../ir/index.ts'
import { type Builder, pointer, u32, u64, type Value, type Variable } from '../../ir/index.ts'
import type { Expression, Node } from '../ast.ts'
import type { CheckedBody, Constant, LocalVariable } from '../check/checked.ts'
import type { CheckFacts } from '../check/checker.ts'
import { layoutOf } from '../layout.ts'
import type { Provider } from '../providers.ts'
import { lineOf, positionOf } from '../source.ts'
import type { Span } from '../span.ts'
import { none, type ScriptType } from '../type.ts'
import { lowerCondition } from './expression.ts'
import type { ScriptBuilder } from './script-builder.ts'
import { zeroTail } from './store.ts'
import type { SystemCalls } from './system-calls.ts'

/** Memory the verifier knows: `offset` bytes behind `base`. */
export interface Area {
  readonly base: Value
  readonly offset: number
}

/** Where a scratch variable lives. */
export type Storage =
  | { readonly kind: 'register'; readonly variable: Variable }
  | { readonly kind: 'stack'; readonly slot: Value }
  | { readonly kind: 'scratch'; readonly offset: number }
  /** the pair of a loop over a map: where its key and value are */
  | { readonly kind: 'element'; readonly key: Value; readonly value: Value }

/** What the functions of one program share. */
export interface ProgramState {
  readonly program: Program
  readonly body: CheckedBody
  /** the program is attached to all system calls, and looks for its places itself */
  readonly calls?: SystemCalls
  readonly shared: ScriptBuilder
  /** its buffers: an array with a value for each CPU, made when first needed */
  readonly scratchMap: string
  scratchBytes: number
  /** most bytes any buffer may be overwritten by, as far as the verifier can tell */
  slackBytes: number
  /** variables that a loop's callback shares with what is around it */
  readonly captured: ReadonlySet<number>
  /** where in scratch they are, by variable */
  readonly sharedOffsets: Map<number, number>
  callbacks: number
  /** offset of the byte in scratch by which a callback says that the whole program ends */
  stopOffset: number | undefined
}

/** Slots of the frame that values may take; the rest is for registers that do not fit. */
const STACK_BYTES_FOR_VALUES = 256

export class Lowering {
  readonly b: Builder
  readonly state: ProgramState
  /** undefined in callbacks, which have none */
  readonly ctx: Value | undefined
  readonly storage = new Map<number, Storage>()
  #caches: Map<string, unknown>[] = [new Map()]
  #stackBytes = 0
  /** the kernel map that the innermost loop over a map walks */
  loopMap: string | undefined
  /** ends the innermost loop or goes to its next round */
  loop: { readonly break: () => void; readonly continue: () => void } | undefined
  /** what is being lowered: the place that messages of the running script name */
  span: Span = { file: 0, start: 0, end: 0 }
  /** where the name of the probe is, in a program for many system calls */
  callName: Value | undefined
  /** ends the program, or what of it is this function */
  readonly leave: (value: Value | number) => void

  constructor(
    b: Builder,
    state: ProgramState,
    ctx: Value | undefined,
    leave: (value: Value | number) => void,
  ) {
    this.b = b
    this.state = state
    this.ctx = ctx
    this.leave = leave
  }

  get body(): CheckedBody {
    return this.state.body
  }
  get shared(): ScriptBuilder {
    return this.state.shared
  }
  get facts(): CheckFacts {
    return this.state.shared.facts
  }
  get provider(): Provider {
    return this.body.places[0]!.spec.provider
  }

  // ---- what the checker found -----------------------------------------------------------------------------------

  typeOf(node: Node): ScriptType {
    return this.body.types.get(node.id) ?? none
  }
  constantOf(node: Node): Constant | undefined {
    return this.body.constants.get(node.id)
  }
  variableOf(node: Node): LocalVariable {
    return this.body.variables.get(node.id)!
  }

  /** Sets where what is built from here on comes from. */
  at(span: Span): void {
    this.span = span
    const { sources } = this.shared.checked
    const file = sources.files[span.file]
    if (file === undefined) return
    const { line, column } = positionOf(file, span.start)
    this.b.at({ file: file.name, line, column, text: lineOf(file, line) })
  }

  // ---- control flow, which also ends what is known ----------------------------------------------------------------

  if(cond: Value, then: () => void, otherwise?: () => void): void {
    this.b.if(
      cond,
      () => this.scoped(then),
      otherwise === undefined ? undefined : () => this.scoped(otherwise),
    )
  }

  ifNotNull(p: Value, then: (p: Value) => void, otherwise?: () => void): void {
    this.b.ifNotNull(
      p,
      known => this.scoped(() => then(known)),
      otherwise === undefined ? undefined : () => this.scoped(otherwise),
    )
  }

  /** What is computed once in here is not known outside. */
  scoped<T>(build: () => T): T {
    this.#caches.push(new Map())
    try {
      return build()
    } finally {
      this.#caches.pop()
    }
  }

  /** What `make` gave the first time it was asked for on the way here. */
  once<T>(name: string, make: () => T): T {
    for (const cache of this.#caches) if (cache.has(name)) return cache.get(name) as T
    const made = make()
    this.#caches.at(-1)!.set(name, made)
    return made
  }

  // ---- memory -----------------------------------------------------------------------------------------------------

  /** This CPU's buffers of this program. */
  scratch(): Value {
    return this.once('scratch', () => {
      const { b } = this
      this.state.scratchBytes = Math.max(this.state.scratchBytes, 8)
      const key = b.slot(4, 'cpu', 4)
      b.store(key, 0, b.convert(this.cpu(), u32))
      const found = b.call('map_lookup_elem', [b.mapFd(this.state.scratchMap), key])
      b.if(b.isNull(found), () => b.return(0))
      return { id: found.id, type: pointer('mapValue') }
    })
  }

  cpu(): Value {
    return this.b.convert(this.b.call('get_smp_processor_id', [], { pure: true }), u64)
  }

  /** Bytes that stay what they are as long as the function runs. */
  reserveScratch(sizeBytes: number): number {
    const at = this.state.scratchBytes
    this.state.scratchBytes = at + pad8(sizeBytes)
    return at
  }

  /** A buffer: on the stack when small, in scratch otherwise. Uninitialised. */
  temporary(sizeBytes: number, name: string): Area {
    const { on_stack_limit: limit, max_strlen: strings } = this.facts.config
    // A string that is read with one byte too many, see strings.ts, must not reach what is next to it.
    const slotBytes = Math.max(8, pad8(sizeBytes)) + (strings <= limit ? 8 : 0)
    if (sizeBytes <= limit && this.#stackBytes + slotBytes <= STACK_BYTES_FOR_VALUES) {
      this.#stackBytes += slotBytes
      return { base: this.b.slot(slotBytes, name), offset: 0 }
    }
    return this.buffer(sizeBytes)
  }

  /** A buffer in scratch. */
  buffer(sizeBytes: number): Area {
    const base = this.scratch()
    return { base, offset: this.reserveScratch(sizeBytes) }
  }

  /** Says that code may look as if it wrote that many bytes behind the end of a buffer. */
  needSlack(sizeBytes: number): void {
    this.state.slackBytes = Math.max(this.state.slackBytes, sizeBytes)
  }

  temporaryFor(type: ScriptType, name: string): Area {
    return this.temporary(layoutOf(type).sizeBytes, name)
  }

  // ---- variables --------------------------------------------------------------------------------------------------

  /** Where a variable lives; decided when it is first seen. */
  storageOf(variable: LocalVariable, make: () => Storage): Storage {
    let storage = this.storage.get(variable.id)
    if (storage === undefined) {
      storage = make()
      this.storage.set(variable.id, storage)
    }
    return storage
  }

  /** Names a subprogram. */
  callbackName(): string {
    this.state.callbacks++
    return `${this.state.program.name}_cb${this.state.callbacks}`
  }

  /** See store.ts; for entries of the language. */
  zeroTail(to: Value, offset: number, used: Value, capacity: number): void {
    zeroTail(this, to, offset, used, capacity)
  }

  /** A condition; for entries of the language. */
  condition(node: Expression): Value {
    return lowerCondition(this, node)
  }
}

function pad8(bytes: number): number {
  return (bytes + 7) & ~7
}
