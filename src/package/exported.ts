// What the records and entries of a package are: its words about types, looked up in the object's.

import {
  type Btf,
  BtfBuilder,
  type BtfType,
  type BtfValue,
  decodeValue,
  findMember,
  memberNames,
  parseBtf,
  resolve,
  sizeOf,
} from '../btf/index.ts'
import { PackageError } from '../errors/index.ts'
import type { CustomMember, ExportType } from './package-spec.ts'

/** How bytes become fields. */
export interface Exported {
  readonly btf: Btf
  readonly members: readonly ExportedMember[]
  /** bytes that must be there */
  readonly sizeBytes: number
  readonly decode: (bytes: Uint8Array) => readonly BtfValue[]
}

export interface ExportedMember {
  readonly name: string
  readonly type: BtfType
}

/** A struct has its members, anything else is one field of the name of its type. Throws BtfError for a type without a size. */
export function exportOfType(btf: Btf, type: BtfType): Exported {
  const inner = resolve(btf, type)
  const sizeBytes = sizeOf(btf, inner)
  if (inner.kind !== 'struct' && inner.kind !== 'union')
    return {
      btf,
      sizeBytes,
      members: [{ name: type.name || 'value', type }],
      decode: bytes => [decodeValue(btf, type, bytes)],
    }
  const names = [...new Set(memberNames(btf, inner))]
  return {
    btf,
    sizeBytes,
    members: names.map(name => ({ name, type: btf.type(findMember(btf, inner, name)!.member.typeId) })),
    decode: bytes => {
      const value = decodeValue(btf, inner, bytes) as { [member: string]: BtfValue }
      return names.map(name => value[name] ?? '')
    },
  }
}

/** Bytes without a type: a number where they can be one. */
export function exportOfBytes(name: string, sizeBytes: number): Exported {
  const builder = new BtfBuilder()
  const isNumber = [1, 2, 4, 8].includes(sizeBytes)
  const byte = { kind: 'int', name: 'u8', encoding: 'unsigned', offsetBits: 0 } as const
  const number = builder.add({
    ...byte,
    sizeBytes: isNumber ? sizeBytes : 1,
    sizeBits: isNumber ? 8 * sizeBytes : 8,
  })
  const btf = parseBtf(builder.build())
  const type = btf.type(number)
  return {
    btf,
    sizeBytes,
    members: [{ name, type }],
    decode: bytes => [isNumber ? decodeValue(btf, type, bytes) : bytes.slice(0, sizeBytes)],
  }
}

/** Members that a package picks out of a record. Throws BtfError for a type that is not there or has no size. */
export function exportOfMembers(btf: Btf, members: readonly CustomMember[]): Exported {
  const placed = members.map(each => ({ ...each, type: btf.type(each.typeId) }))
  return {
    btf,
    sizeBytes: Math.max(0, ...placed.map(each => each.offsetBytes + sizeOf(btf, each.type))),
    members: placed,
    decode: bytes => placed.map(each => decodeValue(btf, each.type, bytes, each.offsetBytes)),
  }
}

/** The struct that `export_types` names, of the object's types `btf` or of its own. Throws PackageError, BtfError. */
export function exportOfPackage(file: string, btf: Btf | undefined, type: ExportType): Exported {
  switch (type.kind) {
    case 'id': {
      if (btf === undefined)
        throw new PackageError(file, 'its object has no types (was it compiled with -g?)')
      // the number is that of the object it was made with; the name stays right when the object was compiled again
      const byId = type.typeId <= btf.typeCount ? btf.type(type.typeId) : undefined
      const found = byId?.name === type.name ? byId : btf.find(type.name, 'struct')
      if (found === undefined)
        throw new PackageError(file, `its object has no struct "${type.name}", which it says its records are`)
      return exportOfType(btf, found)
    }
    case 'btf': {
      const own = parseBtf(type.btf)
      return exportOfType(own, own.type(type.typeId))
    }
    case 'members': {
      const known = btf?.find(type.name, 'struct')
      if (btf !== undefined && known?.sizeBytes === type.sizeBytes) return exportOfType(btf, known)
      const own = builtStruct(file, type)
      return exportOfType(own, own.get(type.name, 'struct'))
    }
  }
}

/** Types of a struct that is spelled out in C's words. */
function builtStruct(file: string, type: Extract<ExportType, { kind: 'members' }>): Btf {
  const builder = new BtfBuilder()
  const ids = new Map<string, number>()
  const scalar = (name: string): number => {
    const known = ids.get(name)
    if (known !== undefined) return known
    const found = SCALARS[name]
    if (found === undefined) throw new PackageError(file, `"${name}" is a type that is not known here`)
    const [sizeBytes, encoding] = found
    const id =
      encoding === 'float'
        ? builder.add({ kind: 'float', name, sizeBytes })
        : builder.add({ kind: 'int', name, sizeBytes, encoding, offsetBits: 0, sizeBits: 8 * sizeBytes })
    ids.set(name, id)
    return id
  }
  const members = type.members.map(({ name, type: text, offsetBytes }) => {
    const array = /^(.*?)\s*\[(\d+)\]$/.exec(text)
    const element = array === null && text.includes('*') ? 'unsigned long' : (array?.[1] ?? text)
    const elementId = scalar(element.trim())
    const typeId =
      array === null
        ? elementId
        : builder.add({
            kind: 'array',
            name: '',
            elementTypeId: elementId,
            indexTypeId: scalar('int'),
            count: Math.min(Number(array[2]), 0xffff_ffff),
          })
    return { name, typeId, offsetBits: offsetBytes * 8, bitfieldBits: 0 }
  })
  builder.add({ kind: 'struct', name: type.name, sizeBytes: type.sizeBytes, members })
  return parseBtf(builder.build())
}

type Scalar = readonly [sizeBytes: number, encoding: 'signed' | 'unsigned' | 'bool' | 'float']

/** Of clang, for 64 bits. */
const SCALARS: Readonly<Record<string, Scalar>> = Object.assign(Object.create(null), {
  _Bool: [1, 'bool'],
  bool: [1, 'bool'],
  char: [1, 'signed'],
  'signed char': [1, 'signed'],
  'unsigned char': [1, 'unsigned'],
  short: [2, 'signed'],
  'unsigned short': [2, 'unsigned'],
  int: [4, 'signed'],
  'unsigned int': [4, 'unsigned'],
  long: [8, 'signed'],
  'unsigned long': [8, 'unsigned'],
  'long long': [8, 'signed'],
  'unsigned long long': [8, 'unsigned'],
  float: [4, 'float'],
  double: [8, 'float'],
})
