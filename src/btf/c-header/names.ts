// Names of types in a C header: C has one name space for tags (struct, union, enum) and one for everything else, and BTF may have
// several types of one name in either: those after the first get `___2`, `___3`, which CO-RE ignores again.

import type { BtfType } from '../type.ts'

export class CNames {
  readonly #byId = new Map<number, string>()
  readonly #tags = new Map<string, number>()
  readonly #identifiers = new Map<string, number>()

  /** The name of a struct, union, enum, declaration or typedef: given on the first use, the same ever after. */
  of(type: BtfType): string {
    if (type.name === '') return ''
    const known = this.#byId.get(type.id)
    if (known !== undefined) return known
    const name = numbered(type.kind === 'typedef' ? this.#identifiers : this.#tags, type.name)
    this.#byId.set(type.id, name)
    return name
  }

  /** The name of an enumerator, once for each time it is written. */
  enumerator(name: string): string {
    return numbered(this.#identifiers, name)
  }
}

function numbered(used: Map<string, number>, name: string): string {
  const count = (used.get(name) ?? 0) + 1
  used.set(name, count)
  return count === 1 ? name : `${name}___${count}`
}
