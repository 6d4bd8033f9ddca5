// In which order a C header can define types: what lies in a struct comes before it; what is only pointed to may come later,
// declared in the meantime.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { typeLabel } from '../print.ts'

/** Types that are part of each other deeper than this are taken for malformed: the kernel's own reach some 40. */
export const MAX_C_DEPTH = 1024

/**
 * Steps that a header may take: small BTF can describe types whose text, or whose walk, grows with a power of two. The kernel's
 * own need six to a type.
 */
export class CBudget {
  #left: number

  constructor({ typeCount }: Btf) {
    this.#left = 100_000 + 64 * typeCount
  }

  /** Throws BtfError when they are used up. */
  spend(): void {
    if (--this.#left < 0) throw new BtfError('these types are too entangled to be written as C')
  }
}

/** 0: not seen yet */
const UNDERWAY = 1
const DONE = 2

/** Collects ids of the types to define at the top level, each after those it is made of. */
export class COrder {
  /** ids in the order of definition */
  readonly queue: number[] = []
  readonly #btf: Btf
  readonly #isReferenced: (id: number) => boolean
  readonly #states: Uint8Array
  readonly #budget: CBudget

  constructor(btf: Btf, budget: CBudget, isReferenced: (id: number) => boolean) {
    this.#btf = btf
    this.#budget = budget
    this.#isReferenced = isReferenced
    this.#states = new Uint8Array(btf.typeCount + 1)
  }

  /** Throws BtfError for a struct that contains itself. */
  add(id: number): void {
    this.#visit(id, false, 0)
  }

  /**
   * @param pointed whether the way here leads through a pointer: then a declaration of a named type is enough
   * @returns whether the type needs a definition before whatever refers to it
   */
  #visit(id: number, pointed: boolean, depth: number): boolean {
    if (id === 0) return false
    const state = this.#states[id]
    if (state === DONE) return true
    this.#budget.spend()
    const type = this.#btf.type(id)
    if (depth > MAX_C_DEPTH) throw new BtfError(`${typeLabel(type)} is nested too deeply to be written as C`)
    const named = type.name !== ''
    const composite = type.kind === 'struct' || type.kind === 'union'
    if (state === UNDERWAY) {
      if (composite && pointed && named) return false
      throw new BtfError(`${typeLabel(type)} contains itself`)
    }
    const done = (result: boolean): boolean => {
      this.#states[id] = DONE
      return result
    }
    switch (type.kind) {
      case 'ptr':
        return done(this.#visit(type.typeId, true, depth + 1))
      case 'array':
        return this.#visit(type.elementTypeId, false, depth + 1)
      case 'struct':
      case 'union': {
        if (pointed && named) return false
        this.#states[id] = UNDERWAY
        for (const { typeId } of type.members) this.#visit(typeId, false, depth + 1)
        if (named) this.queue.push(id)
        return done(true)
      }
      case 'enum':
      case 'enum64':
      case 'fwd':
        // an anonymous one is defined where it is used, or here when it is used nowhere
        if (named || !this.#isReferenced(id)) this.queue.push(id)
        return done(true)
      case 'typedef': {
        const strong = this.#visit(type.typeId, pointed, depth + 1)
        if (pointed && !strong) return false
        this.queue.push(id)
        return done(true)
      }
      case 'volatile':
      case 'const':
      case 'restrict':
      case 'typeTag':
        return this.#visit(type.typeId, pointed, depth + 1)
      case 'funcProto': {
        let strong = this.#visit(type.returnTypeId, pointed, depth + 1)
        for (const { typeId } of type.params) if (this.#visit(typeId, pointed, depth + 1)) strong = true
        return strong
      }
      case 'void':
        return false
      default:
        return done(false)
    }
  }
}
