// Values ready to be shown: what the bytes of a record or a map say once they are decoded by their script type.
// The text form is bpftrace's, and so is the JSON form. Text is kept as a byte string (each character is one byte, as
// `latin1` has it): what a traced program puts into a string need not be UTF-8, and goes out as it came in.

import { placeElements } from '../layout.ts'
import type { ScriptType, StructMember, StructType, TupleType } from '../type.ts'
import type { Names } from './names.ts'

export type Shown =
  | null
  | boolean
  | bigint
  | string
  | ShownSymbol
  | { readonly kind: 'buffer'; readonly bytes: Uint8Array }
  | { readonly kind: 'array' | 'tuple'; readonly items: readonly Shown[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, Shown])[] }

/** A number with a word for it: text shows the word, JSON and number conversions of printf the number. */
export interface ShownSymbol {
  readonly kind: 'symbol'
  readonly text: string
  readonly number: bigint
}

/** Decodes the value of `type` at `offset`. Aggregates are read as their merged form (see merge.ts). */
export function decodeShown(type: ScriptType, view: DataView, offset: number, names: Names): Shown {
  switch (type.kind) {
    case 'none':
      return null
    case 'integer':
      return readInteger(view, offset, type.bits, type.signed)
    case 'bool':
      return view.getUint8(offset) !== 0
    case 'string':
      return readString(view, offset, type.capacity, type.whole ? '' : names.truncationTrailer)
    case 'buffer': {
      const length = Math.min(view.getUint32(offset, true), type.capacity)
      return { kind: 'buffer', bytes: copyBytes(view, offset + 4, length) }
    }
    case 'pointer': {
      const address = view.getBigUint64(offset, true)
      return { kind: 'symbol', text: `0x${address.toString(16)}`, number: address }
    }
    case 'enum': {
      // JSON shows an enumerator as an unsigned number of its own width.
      const number = readInteger(view, offset, type.bits, false)
      const name = type.values.get(number) ?? type.values.get(BigInt.asIntN(type.bits, number))
      return { kind: 'symbol', text: name ?? number.toString(), number }
    }
    case 'array':
      return decodeArray(type.element, type.count, view, offset, names)
    case 'struct':
      return decodeStruct(type, view, offset, names)
    case 'tuple':
      return decodeTuple(type, view, offset, names)
    case 'inet': {
      const family = view.getUint32(offset, true)
      return names.inet(family, copyBytes(view, offset + 4, 16))
    }
    case 'mac':
      return Array.from(copyBytes(view, offset, 6), byte =>
        byte.toString(16).padStart(2, '0').toUpperCase(),
      ).join(':')
    case 'kstack':
    case 'ustack':
      return names.stack(type, view.getBigUint64(offset, true), view.getUint32(offset + 8, true))
    case 'ksym':
      return names.ksym(view.getBigUint64(offset, true))
    case 'usym':
      return names.usym(view.getBigUint64(offset, true), view.getUint32(offset + 8, true))
    case 'timestamp':
      return names.timestamp(
        view.getBigUint64(offset, true),
        view.getUint32(offset + 8, true),
        view.getUint32(offset + 12, true),
      )
    case 'cgroup_path':
      return names.cgroupPath(view.getBigUint64(offset, true), view.getUint32(offset + 8, true))
    case 'named':
      return names.named(type.table, view.getBigUint64(offset, true))
    case 'count':
      return view.getBigUint64(offset, true)
    case 'sum':
    case 'min':
    case 'max':
      return readInteger(view, offset, 64, type.signed)
    case 'avg':
      return average(view, offset, type.signed)
    case 'stats':
      return {
        kind: 'record',
        fields: [
          ['count', view.getBigUint64(offset + 8, true)],
          ['average', average(view, offset, type.signed)],
          ['total', readInteger(view, offset, 64, type.signed)],
        ],
      }
    case 'hist':
    case 'lhist':
    case 'tseries':
      throw new TypeError(`a ${type.kind} is shown as a drawing, not as a value`)
  }
}

/** The number at `offset`, little-endian. */
export function readInteger(view: DataView, offset: number, bits: 8 | 16 | 32 | 64, signed: boolean): bigint {
  switch (bits) {
    case 8:
      return BigInt(signed ? view.getInt8(offset) : view.getUint8(offset))
    case 16:
      return BigInt(signed ? view.getInt16(offset, true) : view.getUint16(offset, true))
    case 32:
      return BigInt(signed ? view.getInt32(offset, true) : view.getUint32(offset, true))
    case 64:
      return signed ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true)
  }
}

/** Total at `offset`, count behind it; 0 when nothing was counted. */
function average(view: DataView, offset: number, signed: boolean): bigint {
  const count = view.getBigUint64(offset + 8, true)
  return count === 0n ? 0n : readInteger(view, offset, 64, signed) / count
}

/** A string that fills its buffer to the last byte, without a NUL, was cut: `trailer` says so. */
function readString(view: DataView, offset: number, capacity: number, trailer: string): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, capacity)
  const end = bytes.indexOf(0)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? capacity : end).toString('latin1')
  return end < 0 ? text + trailer : text
}

function decodeArray(
  element: ScriptType,
  count: number,
  view: DataView,
  offset: number,
  names: Names,
): Shown {
  const { sizeBytes } = placeElements({ kind: 'tuple', elements: [element] })
  const items: Shown[] = []
  for (let i = 0; i < count; i++) items.push(decodeShown(element, view, offset + i * sizeBytes, names))
  return { kind: 'array', items }
}

function decodeTuple(type: TupleType, view: DataView, offset: number, names: Names): Shown {
  const { offsets } = placeElements(type)
  const items = type.elements.map((element, i) => decodeShown(element, view, offset + offsets[i]!, names))
  if (type.names === undefined) return { kind: 'tuple', items }
  return { kind: 'record', fields: items.map((item, i) => [type.names![i]!, item] as const) }
}

function decodeStruct(type: StructType, view: DataView, offset: number, names: Names): Shown {
  const fields: (readonly [string, Shown])[] = []
  for (const member of type.def.members()) {
    fields.push([member.name, decodeMember(member, view, offset + member.offsetBytes, names)])
  }
  return { kind: 'record', fields }
}

function decodeMember(member: StructMember, view: DataView, offset: number, names: Names): Shown {
  const { type, bits } = member
  if (bits === undefined) return decodeShown(type, view, offset, names)
  let value = 0n
  const bytes = Math.ceil((bits.offset + bits.size) / 8)
  for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(offset + i))
  value = BigInt.asUintN(bits.size, value >> BigInt(bits.offset))
  if (type.kind === 'bool') return value !== 0n
  if (type.kind === 'enum')
    return { kind: 'symbol', text: type.values.get(value) ?? value.toString(), number: value }
  return type.kind === 'integer' && type.signed ? BigInt.asIntN(bits.size, value) : value
}

function copyBytes(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice()
}
