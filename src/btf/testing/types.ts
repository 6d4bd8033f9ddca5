// BTF for tests, made of types with names of their own.

import { type Btf, parseBtf } from '../btf.ts'
import { BtfBuilder } from '../builder.ts'
import type { BtfMember, NewBtfType } from '../type.ts'

/** Types by name: each makes the next, and members refer to them. */
export class Types {
  readonly builder = new BtfBuilder()
  readonly ids = new Map<string, number>()

  add(key: string, type: NewBtfType): this {
    this.ids.set(key, this.builder.add(type))
    return this
  }

  int(name: string, sizeBytes: number, encoding: 'signed' | 'unsigned' = 'unsigned'): this {
    return this.add(name, { kind: 'int', name, sizeBytes, encoding, offsetBits: 0, sizeBits: sizeBytes * 8 })
  }

  struct(
    name: string,
    sizeBytes: number,
    members: [name: string, type: string, bits: number, width?: number][],
  ): this {
    const list: BtfMember[] = members.map(([member, type, offsetBits, bitfieldBits = 0]) => ({
      ...{ name: member, typeId: this.id(type), offsetBits, bitfieldBits },
    }))
    return this.add(name, {
      kind: 'struct',
      name: name.startsWith('anon') ? '' : name,
      sizeBytes,
      members: list,
    })
  }

  enum(name: string, values: [string, number][], signed = false): this {
    const list = values.map(([value, number]) => ({ name: value, value: number }))
    return this.add(name, { kind: 'enum', name, sizeBytes: 4, signed, values: list })
  }

  id(key: string): number {
    const id = this.ids.get(key)
    if (id === undefined) throw new Error(`no type ${key}`)
    return id
  }

  pointer(key: string, to: string): this {
    return this.add(key, { kind: 'ptr', name: '', typeId: to === 'void' ? 0 : this.id(to) })
  }

  array(key: string, element: string, count: number, index = 'u32'): this {
    const elementTypeId = this.id(element)
    return this.add(key, { kind: 'array', name: '', elementTypeId, indexTypeId: this.id(index), count })
  }

  build(): Btf {
    return parseBtf(this.builder.build())
  }
}
