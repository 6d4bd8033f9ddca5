// A program under construction: its name, kind, maps and functions.

import { IrError } from '../errors/ir-error.ts'
import type { MapSpec } from '../spec/spec.ts'
import { type Builder, buildFunction } from './builder.ts'
import type { Func } from './func.ts'
import { checkGlobal } from './global.ts'
import type { Value } from './operand.ts'
import { pointer, type Type, u64 } from './types.ts'

/** What a program is, apart from its code. */
export interface ProgramOptions {
  /** also the label of its main function: letters, digits and `_` */
  readonly name: string
  /** BPF_PROG_TYPE_* */
  readonly progType: number
  /** "GPL" unless told: most helpers of tracing need it */
  readonly license?: string
  /** the maps that `mapFd` and `mapValue` may name */
  readonly maps?: readonly MapSpec[]
}

/** The shape of a subprogram: at most five parameters. */
export interface Signature {
  readonly params: readonly Type[]
  readonly result: Type
  readonly linkage: Linkage
}

/**
 * `static`: the verifier walks the subprogram anew at each call, with what it knows of the arguments there.
 * `global`: it walks it once, by its prototype, and goes on behind a call with an unknown result; that keeps what it
 * walks from multiplying. Loops of many states belong there.
 */
export type Linkage = 'static' | 'global'

export interface Program {
  readonly name: string
  readonly progType: number
  readonly license: string
  readonly maps: readonly MapSpec[]
  /** every declared subprogram */
  readonly signatures: ReadonlyMap<string, Signature>
  /** the functions built so far, main first */
  readonly functions: readonly Func[]
  /**
   * Declares and builds a subprogram. `params` at most five; what the verifier tracks may be handed over as well.
   * It can be called by name from functions built before or after it. `result` is u64 unless told.
   * @throws IrError IR_MISUSE
   */
  subprogram(
    name: string,
    params: readonly Type[],
    build: (b: Builder, ...params: Value[]) => void,
    result?: Type,
  ): void
  /**
   * Declares and builds a subprogram of global linkage. Parameters: integers, bools, `memoryOf(size)` (compare it
   * with null first; Linux 5.12), and `pointer('context')` in kinds of programs whose context has a name (not
   * tracepoint and tracing). The result is an integer.
   * @throws IrError IR_MISUSE
   */
  globalSubprogram(
    name: string,
    params: readonly Type[],
    build: (b: Builder, ...params: Value[]) => void,
    result?: Type,
  ): void
  /** Declares a subprogram that is built later, so that others can call it before. Static unless told. */
  declare(name: string, params: readonly Type[], result?: Type, linkage?: Linkage): void
  /** Builds the main function: `ctx` is the program's context. A path without `b.return` returns 0. */
  main(build: (b: Builder, ctx: Value) => void): void
}

/** Starts a program. Build its functions with `main` and `subprogram`, then hand it to `compile`. */
export function program(options: ProgramOptions): Program {
  const signatures = new Map<string, Signature>()
  const built = new Map<string, Func>()
  const p: Program = {
    name: options.name,
    progType: options.progType,
    license: options.license ?? 'GPL',
    maps: options.maps ?? [],
    signatures,
    get functions() {
      const main = built.get(options.name)
      return main === undefined ? [...built.values()] : [main, ...[...built.values()].filter(f => f !== main)]
    },
    declare(name, params, result = u64, linkage = 'static') {
      if (name === options.name)
        throw new IrError('IR_MISUSE', `subprogram "${name}" has the name of the program`)
      if (params.length > 5) {
        throw new IrError(
          'IR_MISUSE',
          `subprogram "${name}" has ${params.length} parameters: at most 5 fit registers`,
        )
      }
      const signature: Signature = { params, result, linkage }
      if (linkage === 'global') checkGlobal(name, signature, options.progType)
      signatures.set(name, signature)
    },
    subprogram(name, params, build, result = u64) {
      define(name, { params, result, linkage: 'static' }, build)
    },
    globalSubprogram(name, params, build, result = u64) {
      define(name, { params, result, linkage: 'global' }, build)
    },
    main(build) {
      if (built.has(options.name)) throw new IrError('IR_MISUSE', `main of "${options.name}" is built twice`)
      const signature: Signature = { params: [pointer('context')], result: u64, linkage: 'static' }
      built.set(
        options.name,
        buildFunction(p, options.name, signature, (b, ...params) => build(b, params[0]!)),
      )
    },
  }
  const define = (name: string, signature: Signature, build: BuildSubprogram): void => {
    if (built.has(name)) throw new IrError('IR_MISUSE', `subprogram "${name}" is built twice`)
    p.declare(name, signature.params, signature.result, signature.linkage)
    built.set(name, buildFunction(p, name, signature, build))
  }
  return p
}

type BuildSubprogram = (b: Builder, ...params: Value[]) => void
