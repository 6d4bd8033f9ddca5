// The types of a kernel that a type of the program may stand for: the same essential name, the same kind.

import type { Btf } from '../btf.ts'
import type { BtfType } from '../type.ts'
import { sameKind } from './compatible.ts'
import { essentialName } from './kinds.ts'

/** Where types are looked for: the kernel's own first, modules only where it has none of that name. */
export interface CoreTargets {
  readonly kernel: Btf
  /** BTF of modules on top of `kernel`; asked for when first needed */
  readonly modules?: () => Iterable<CoreModule>
}

export interface CoreModule {
  readonly name: string
  readonly btf: Btf
}

export interface Candidate {
  readonly btf: Btf
  readonly id: number
  /** undefined for the kernel itself */
  readonly module: string | undefined
}

export class CandidateFinder {
  readonly #targets: CoreTargets
  readonly #found = new Map<string, readonly Candidate[]>()
  #modules: readonly CoreModule[] | undefined

  constructor(targets: CoreTargets) {
    this.#targets = targets
  }

  /** For a type of the program that has a name. */
  find(local: BtfType): readonly Candidate[] {
    const name = essentialName(local.name)
    const key = `${local.kind === 'enum64' ? 'enum' : local.kind} ${name}`
    let found = this.#found.get(key)
    if (found === undefined) this.#found.set(key, (found = this.#search(local, name)))
    return found
  }

  #search(local: BtfType, name: string): Candidate[] {
    const inKernel = candidatesIn(this.#targets.kernel, undefined, local, name)
    if (inKernel.length > 0) return inKernel
    this.#modules ??= [...(this.#targets.modules?.() ?? [])]
    return this.#modules.flatMap(({ name: module, btf }) => candidatesIn(btf, module, local, name))
  }
}

function candidatesIn(btf: Btf, module: string | undefined, local: BtfType, name: string): Candidate[] {
  const names = new Set([name])
  for (const other of btf.namesWithPrefix(`${name}___`)) if (essentialName(other) === name) names.add(other)
  return [...names].flatMap(each =>
    btf
      .findAll(each)
      .filter(type => sameKind(type, local) && (module === undefined || type.id >= btf.firstId))
      .map(type => ({ btf, id: type.id, module })),
  )
}
