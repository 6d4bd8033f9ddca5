// The part of a kernel's types that CO-RE relocations ask for: a few kilobytes that can be shipped for a kernel that has no BTF
// of its own, instead of its megabytes (BTFHub).
//
// Of a field only the structs on the way to it stay, with the members on that way; sizes and offsets stay as they are. Of a type
// that is asked for as a whole, a struct stays without members; of an enum everything.
// What is kept is what `bpftool gen min_core_btf` keeps (btfgen_mark_type and its like, tools/bpf/bpftool/gen.c).

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import { BtfBuilder } from './builder.ts'
import { CoreResolver, type CoreTarget } from './core/index.ts'
import type { BtfExtSection } from './ext.ts'
import { referencesOf, withTypeIds } from './references.ts'

/** What asks: an object's own types, and the records of its .BTF.ext. */
export interface CoreObject {
  readonly btf: Btf
  readonly sections: Iterable<BtfExtSection>
}

/**
 * Raw BTF, in which every relocation of the objects has the answer that it has in `kernel`.
 * @throws BtfError for a relocation that makes no sense or is ambiguous
 */
export function minCoreBtf(kernel: Btf, objects: Iterable<CoreObject>): Uint8Array {
  const kept = new Kept(kernel)
  for (const { btf, sections } of objects) {
    const resolver = new CoreResolver(btf, { kernel })
    for (const { relocations } of sections)
      for (const relocation of relocations) {
        const target = resolver.target(relocation)
        if (target !== undefined) kept.addTarget(target)
      }
  }
  return kept.build()
}

class Kept {
  readonly #btf: Btf
  /** members by the id of the struct or union; of others the set stays empty */
  readonly #types = new Map<number, Set<number>>()
  /** walked already: `ID how` */
  readonly #walked = new Set<string>()

  constructor(btf: Btf) {
    this.#btf = btf
  }

  addTarget({ kind, typeId, members }: CoreTarget): void {
    if (kind === 'type_matches') {
      this.#addMatched(typeId, false)
      return
    }
    this.#add(typeId, kind.startsWith('type_'))
    for (const { ownerId, index } of members) {
      this.#mark(ownerId).add(index)
      const owner = this.#btf.type(ownerId)
      if (owner.kind === 'struct' || owner.kind === 'union') this.#add(owner.members[index]!.typeId, false)
    }
  }

  /** In the order of the kernel's ids. Throws BtfError. */
  build(): Uint8Array {
    const builder = new BtfBuilder()
    const ids = [...this.#types.keys()].sort((a, b) => a - b)
    const newIds = new Map(ids.map((id, i) => [id, i + 1]))
    for (const id of ids) {
      const type = this.#btf.type(id)
      const members = this.#types.get(id)!
      const kept =
        type.kind === 'struct' || type.kind === 'union'
          ? { ...type, members: type.members.filter((_, index) => members.has(index)) }
          : type
      // what a pointer points to need not be there: nobody looks behind it
      builder.add(withTypeIds(kept, each => newIds.get(each) ?? 0))
    }
    return builder.build(this.#btf.littleEndian)
  }

  #mark(id: number): Set<number> {
    let members = this.#types.get(id)
    if (members === undefined) this.#types.set(id, (members = new Set()))
    return members
  }

  #isNew(id: number, how: string): boolean {
    const key = `${id} ${how}`
    if (id === 0 || this.#walked.has(key)) return false
    this.#walked.add(key)
    this.#mark(id)
    return true
  }

  /** A type with what it is made of; structs without their members. */
  #add(id: number, behindPointers: boolean): void {
    if (!this.#isNew(id, behindPointers ? 'all' : 'here')) return
    const type = this.#btf.type(id)
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'struct':
      case 'union':
      case 'fwd':
        return
      case 'ptr':
        if (behindPointers) this.#add(type.typeId, true)
        return
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typedef':
      case 'typeTag':
      case 'array':
      case 'funcProto':
        for (const each of referencesOf(type)) this.#add(each, behindPointers)
        return
      default:
        throw new BtfError(`BTF type ${id} is a ${type.kind}, which no relocation asks for`)
    }
  }

  /** A type with all its members and theirs; behind a pointer a struct's name is enough. */
  #addMatched(id: number, behindPointer: boolean): void {
    if (!this.#isNew(id, behindPointer ? 'name' : 'match')) return
    const type = this.#btf.type(id)
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'fwd':
        return
      case 'struct':
      case 'union':
        if (behindPointer) return
        for (const [index, { typeId }] of type.members.entries()) {
          this.#mark(id).add(index)
          this.#addMatched(typeId, false)
        }
        return
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'typedef':
      case 'typeTag':
        this.#addMatched(type.typeId, behindPointer)
        return
      case 'ptr':
        this.#addMatched(type.typeId, true)
        return
      case 'array':
      case 'funcProto':
        for (const each of referencesOf(type)) this.#addMatched(each, false)
        return
      default:
        throw new BtfError(`BTF type ${id} is a ${type.kind}, which no relocation asks for`)
    }
  }
}
