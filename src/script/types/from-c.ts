// The script's own C definitions laid out as a C compiler for x86-64 and arm64 does (System V ABI): members at their
// alignment, bit fields packed into storage units of their type, `packed` and `aligned` as GCC has them.

import {
  type CEnum,
  type CMember,
  type CRecord,
  type CType,
  type CUnit,
  enumOf,
  recordOf,
  typedefOf,
} from '../c/index.ts'
import {
  bool,
  type EnumType,
  intOf,
  none,
  type ScriptType,
  type StructDef,
  type StructMember,
  string,
} from '../type.ts'
import type { OwnDefinitions } from './type-scope.ts'

/** Names the script does not define itself, such as `struct task_struct` inside its own struct. */
export type OtherTypes = (
  name: string,
  tag: 'struct' | 'union' | 'enum' | 'typedef',
) => ScriptType | undefined

export function layOutDefinitions(unit: CUnit, others: OtherTypes): OwnDefinitions {
  const layouter = new CLayouter(unit, others)
  const structs = new Map<string, StructDef>()
  const unions = new Map<string, StructDef>()
  for (const record of unit.records.values()) {
    const def = layouter.record(record).def
    ;(record.tag === 'struct' ? structs : unions).set(record.name, def)
  }
  const enums = new Map([...unit.enums].map(([name, definition]) => [name, layouter.enumeration(definition)]))
  const typedefs = new Map([...unit.typedefs].map(([name, type]) => [name, layouter.type(type).type]))
  const constants = new Map(
    [...unit.enumerators].map(([name, { value, of }]) => {
      return [name, { value, type: layouter.enumeration(of) }]
    }),
  )
  return { structs, unions, enums, typedefs, constants }
}

type LaidOut = Room<ScriptType>

interface LaidOutRecord {
  readonly def: StructDef
  readonly alignBytes: number
}

class CLayouter {
  readonly #unit: CUnit
  readonly #others: OtherTypes
  readonly #records = new Map<CRecord, LaidOutRecord>()
  readonly #enums = new Map<CEnum, EnumType>()
  /** definitions being laid out: one that holds itself has no size */
  readonly #open = new Set<CRecord>()

  constructor(unit: CUnit, others: OtherTypes) {
    this.#unit = unit
    this.#others = others
  }

  type(type: CType): LaidOut {
    switch (type.kind) {
      case 'void':
      case 'function':
        return { type: none, sizeBytes: 0, alignBytes: 1 }
      case 'integer': {
        if (type.sizeBytes === 16) return { type: none, sizeBytes: 16, alignBytes: 16 }
        const made = type.bool ? bool : intOf((type.sizeBytes * 8) as 8 | 16 | 32 | 64, type.signed)
        return { type: made, sizeBytes: type.sizeBytes, alignBytes: type.sizeBytes }
      }
      case 'float':
        return { type: none, sizeBytes: type.sizeBytes, alignBytes: type.sizeBytes }
      case 'pointer':
        return { type: this.#pointer(type.target), sizeBytes: 8, alignBytes: 8 }
      case 'array':
        return this.#array(type.element, type.count ?? 0)
      case 'record': {
        const record = recordOf(this.#unit, type)
        if (record !== undefined) return this.#recordObject(record)
        return sized(this.#others(type.name, type.tag))
      }
      case 'enum': {
        const definition = enumOf(this.#unit, type)
        if (definition === undefined) return sized(this.#others(type.name, 'enum') ?? intOf(32, false))
        const made = this.enumeration(definition)
        return sized(definition.name === '' ? integerOf(made) : made)
      }
      case 'named': {
        const target = typedefOf(this.#unit, type.name)
        return target === undefined ? sized(this.#others(type.name, 'typedef')) : this.type(target)
      }
    }
  }

  enumeration(definition: CEnum): EnumType {
    const known = this.#enums.get(definition)
    if (known !== undefined) return known
    const signed = definition.values.some(({ value }) => value < 0n)
    const wide = definition.values.some(({ value }) => value > 0xffff_ffffn || value < -0x8000_0000n)
    const values = new Map<bigint, string>()
    for (const { name, value } of definition.values) if (!values.has(value)) values.set(value, name)
    const made: EnumType = { kind: 'enum', name: definition.name, bits: wide ? 64 : 32, signed, values }
    this.#enums.set(definition, made)
    return made
  }

  record(record: CRecord): LaidOutRecord {
    const known = this.#records.get(record)
    if (known !== undefined) return known
    this.#open.add(record)
    const placed = placeMembers(record, member => this.type(member.type))
    this.#open.delete(record)
    const def: StructDef = {
      name: record.name,
      union: record.tag === 'union',
      sizeBytes: placed.sizeBytes,
      members: () => placed.members,
    }
    const laidOut = { def, alignBytes: placed.alignBytes }
    this.#records.set(record, laidOut)
    return laidOut
  }

  #recordObject(record: CRecord): LaidOut {
    if (this.#open.has(record)) return { type: none, sizeBytes: 0, alignBytes: 1 }
    const { def, alignBytes } = this.record(record)
    return { type: { kind: 'struct', def, space: 'none' }, sizeBytes: def.sizeBytes, alignBytes }
  }

  /** A pointer may point to a struct that is still being laid out, also to the one it is in: its members come later. */
  #pointer(target: CType): ScriptType {
    const record = target.kind === 'record' ? recordOf(this.#unit, target) : undefined
    const to: ScriptType =
      record === undefined
        ? this.type(target).type
        : { kind: 'struct', def: this.#later(record), space: 'none' }
    return { kind: 'pointer', to, space: 'none' }
  }

  #later(record: CRecord): StructDef {
    const whole = () => this.record(record).def
    return {
      name: record.name,
      union: record.tag === 'union',
      get sizeBytes() {
        return whole().sizeBytes
      },
      members: () => whole().members(),
    }
  }

  #array(of: CType, count: number): LaidOut {
    const element = this.type(of)
    const sizeBytes = element.sizeBytes * count
    const { alignBytes } = element
    // Only plain `char` is text: `uint8_t x[4]` is numbers.
    if (of.kind === 'integer' && of.name === 'char') {
      return { type: { ...string(count), whole: true }, sizeBytes, alignBytes }
    }
    return { type: { kind: 'array', element: element.type, count, space: 'none' }, sizeBytes, alignBytes }
  }
}

/** What a member's type is to whoever lays out, and what room it takes. */
export interface Room<T> {
  readonly type: T
  readonly sizeBytes: number
  readonly alignBytes: number
}

export interface Placed<T> {
  readonly members: readonly (Omit<StructMember, 'type'> & { readonly type: T })[]
  readonly sizeBytes: number
  readonly alignBytes: number
}

/** Where the members of a record lie, as the compilers of 64-bit Linux place them. */
export function placeMembers<T>(record: CRecord, layoutOf: (member: CMember) => Room<T>): Placed<T> {
  const members: Placed<T>['members'][number][] = []
  const union = record.tag === 'union'
  let endBits = 0
  let sizeBytes = 0
  let alignBytes = 1
  for (const member of record.members) {
    const { type, sizeBytes: size, alignBytes: natural } = layoutOf(member)
    const packed = record.packed || member.packed
    const align = Math.max(packed ? 1 : natural, member.alignBytes ?? 1)
    if (union) endBits = 0
    if (member.bits === 0) {
      // closes the unit; it has no name and takes no room
      endBits = alignUp(endBits, natural * 8)
      continue
    }
    if (member.bits === null) {
      const offsetBytes = alignUp(Math.ceil(endBits / 8), align)
      members.push({ name: member.name, type, offsetBytes })
      endBits = (offsetBytes + size) * 8
    } else {
      // A bit field never crosses a unit of its type unless it is packed.
      const unit = natural * 8
      const crosses = Math.floor(endBits / unit) !== Math.floor((endBits + member.bits - 1) / unit)
      if (member.alignBytes !== null) endBits = alignUp(endBits, member.alignBytes * 8)
      else if (crosses && !packed) endBits = alignUp(endBits, unit)
      if (member.name !== '') {
        const bits = { offset: endBits % 8, size: member.bits }
        members.push({ name: member.name, type, offsetBytes: Math.floor(endBits / 8), bits })
      }
      endBits += member.bits
    }
    // an unnamed bit field does not raise the alignment of its struct
    if (member.bits === null || member.name !== '') alignBytes = Math.max(alignBytes, align)
    sizeBytes = Math.max(sizeBytes, Math.ceil(endBits / 8))
  }
  alignBytes = Math.max(alignBytes, record.alignBytes ?? 1)
  return { members, sizeBytes: alignUp(sizeBytes, alignBytes), alignBytes }
}

/** Room that a type from elsewhere takes. Of structs only the size is known; the kernel's are aligned to 8 at most. */
function sized(type: ScriptType | undefined): LaidOut {
  if (type === undefined) return { type: none, sizeBytes: 0, alignBytes: 1 }
  switch (type.kind) {
    case 'integer':
    case 'enum':
      return { type, sizeBytes: type.bits / 8, alignBytes: type.bits / 8 }
    case 'bool':
      return { type, sizeBytes: 1, alignBytes: 1 }
    case 'pointer':
      return { type, sizeBytes: 8, alignBytes: 8 }
    case 'string':
      return { type, sizeBytes: type.capacity, alignBytes: 1 }
    case 'array': {
      const element = sized(type.element)
      return { type, sizeBytes: element.sizeBytes * type.count, alignBytes: element.alignBytes }
    }
    case 'struct':
      return { type, sizeBytes: type.def.sizeBytes, alignBytes: structAlign(type.def) }
    default:
      return { type: none, sizeBytes: 0, alignBytes: 1 }
  }
}

function structAlign(def: StructDef): number {
  return Math.max(1, ...def.members().map(member => sized(member.type).alignBytes))
}

function integerOf(type: EnumType): ScriptType {
  return intOf(type.bits, type.signed)
}

function alignUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align
}
