// C definitions as BTF: for whoever reads values of types that stand in a header, and in no object.

import { type Btf, BtfBuilder, type BtfType, parseBtf, resolve, sizeOf } from '../../btf/index.ts'
import { type CEnum, type CRecord, type CType, type CUnit, enumOf, recordOf, typedefOf } from '../c/index.ts'
import { placeMembers, type Room } from './from-c.ts'

/** A type that nobody defines; `type` as C writes it. */
export interface UnknownType {
  readonly type: string
}

/**
 * All named structs and unions of a unit, with what they hold. Names that it does not define are looked up in `base`, of which
 * the result is an extension; those that are not there either are told in `unknown`, and their structs left out.
 */
export function unitToBtf(
  unit: CUnit,
  base?: Btf,
): { readonly btf: Btf; readonly unknown: readonly UnknownType[] } {
  const writer = new Writer(unit, base)
  for (const record of unit.records.values()) writer.record(record)
  return { btf: parseBtf(writer.builder.build(base?.littleEndian ?? true), base), unknown: writer.unknown }
}

type Written = Room<number>

class Writer {
  readonly builder: BtfBuilder
  readonly unknown: UnknownType[] = []
  readonly #unit: CUnit
  readonly #base: Btf | undefined
  readonly #written = new Map<CRecord | CEnum | string, Written | undefined>()

  constructor(unit: CUnit, base: Btf | undefined) {
    this.#unit = unit
    this.#base = base
    this.builder = new BtfBuilder(base)
  }

  /** Undefined when it holds something that is not known, or itself. */
  record(record: CRecord): Written | undefined {
    if (this.#written.has(record)) return this.#written.get(record)
    this.#written.set(record, undefined)
    const types = record.members.map(member => this.#type(member.type))
    if (types.some(type => type === undefined)) return undefined
    const rooms = new Map(record.members.map((member, i) => [member, types[i]!]))
    const { members, sizeBytes, alignBytes } = placeMembers(record, member => rooms.get(member)!)
    const type = this.builder.add({
      kind: record.tag,
      name: record.name,
      sizeBytes,
      members: members.map(({ name, type: typeId, offsetBytes, bits }) => ({
        ...{ name, typeId },
        offsetBits: offsetBytes * 8 + (bits?.offset ?? 0),
        bitfieldBits: bits?.size ?? 0,
      })),
    })
    const written = { type, sizeBytes, alignBytes }
    this.#written.set(record, written)
    return written
  }

  #type(type: CType): Written | undefined {
    switch (type.kind) {
      case 'void':
      case 'function':
        return { type: 0, sizeBytes: 0, alignBytes: 1 }
      case 'integer': {
        const { name, sizeBytes, bool, signed } = type
        const encoding = bool ? 'bool' : signed ? 'signed' : 'unsigned'
        const int = {
          kind: 'int',
          name,
          sizeBytes,
          encoding,
          offsetBits: 0,
          sizeBits: sizeBytes * 8,
        } as const
        return this.#once(name, () => ({ type: this.builder.add(int), sizeBytes, alignBytes: sizeBytes }))
      }
      case 'float': {
        const { sizeBytes } = type
        const name = sizeBytes === 4 ? 'float' : sizeBytes === 8 ? 'double' : 'long double'
        return this.#once(name, () => ({
          type: this.builder.add({ kind: 'float', name, sizeBytes }),
          ...{ sizeBytes, alignBytes: sizeBytes },
        }))
      }
      case 'pointer':
        // a record's pointer is a number to its reader, whatever it points to
        return this.#once('*', () => ({
          type: this.builder.add({ kind: 'ptr', name: '', typeId: 0 }),
          ...{ sizeBytes: 8, alignBytes: 8 },
        }))
      case 'array':
        return this.#array(type.element, type.count ?? 0)
      case 'record': {
        const record = recordOf(this.#unit, type)
        return record === undefined ? this.#fromBase(type.name, type.tag) : this.record(record)
      }
      case 'enum': {
        const definition = enumOf(this.#unit, type)
        return definition === undefined ? this.#fromBase(type.name, 'enum') : this.#enum(definition)
      }
      case 'named': {
        const target = typedefOf(this.#unit, type.name)
        return target === undefined ? this.#fromBase(type.name, 'typedef') : this.#type(target)
      }
    }
  }

  #array(of: CType, count: number): Written | undefined {
    const element = this.#type(of)
    const index = this.#type({
      kind: 'integer',
      name: 'unsigned int',
      sizeBytes: 4,
      signed: false,
      bool: false,
    })
    if (element === undefined || index === undefined) return undefined
    const type = this.builder.add({
      kind: 'array',
      name: '',
      ...{ elementTypeId: element.type, indexTypeId: index.type, count },
    })
    return { type, sizeBytes: element.sizeBytes * count, alignBytes: element.alignBytes }
  }

  #enum(definition: CEnum): Written {
    const known = this.#written.get(definition)
    if (known !== undefined) return known
    const { name, values } = definition
    const signed = values.some(({ value }) => value < 0n)
    const wide = values.some(({ value }) => value > 0xffff_ffffn || value < -0x8000_0000n)
    const sizeBytes = wide ? 8 : 4
    const type = wide
      ? this.builder.add({ kind: 'enum64', name, sizeBytes, signed, values: values.map(v => ({ ...v })) })
      : this.builder.add({
          ...{ kind: 'enum', name, sizeBytes, signed },
          values: values.map(v => ({ name: v.name, value: Number(v.value) })),
        })
    const written = { type, sizeBytes, alignBytes: sizeBytes }
    this.#written.set(definition, written)
    return written
  }

  #fromBase(name: string, kind: 'struct' | 'union' | 'enum' | 'typedef'): Written | undefined {
    const label = kind === 'typedef' ? name : `${kind} ${name}`
    const base = this.#base
    const found = base?.find(name, kind) ?? (kind === 'enum' ? base?.find(name, 'enum64') : undefined)
    if (base === undefined || found === undefined) {
      if (!this.unknown.some(({ type }) => type === label)) this.unknown.push({ type: label })
      return undefined
    }
    return { type: found.id, sizeBytes: sizeOf(base, found), alignBytes: alignOf(base, found) }
  }

  #once(key: string, write: () => Written): Written {
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const written = write()
    this.#written.set(key, written)
    return written
  }
}

function alignOf(btf: Btf, type: BtfType, depth = 0): number {
  const inner = resolve(btf, type)
  if (depth > ALIGN_DEPTH_MAX) return 1
  switch (inner.kind) {
    case 'int':
    case 'enum':
    case 'enum64':
    case 'float':
      return Math.max(1, inner.sizeBytes)
    case 'ptr':
      return 8
    case 'array':
      return alignOf(btf, btf.type(inner.elementTypeId), depth + 1)
    case 'struct':
    case 'union':
      return Math.max(1, ...inner.members.map(member => alignOf(btf, btf.type(member.typeId), depth + 1)))
    default:
      return 1
  }
}

const ALIGN_DEPTH_MAX = 32
