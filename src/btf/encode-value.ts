// JavaScript values to bytes, by type: the other way round of decode-value.ts.

import { BtfError } from '../errors/index.ts'
import { writeBits } from './bits.ts'
import type { Btf } from './btf.ts'
import { type BtfValue, isChar } from './decode-value.ts'
import { findMember, MAX_DEPTH, memberBits, noMember, POINTER_BYTES, resolve, sizeOf } from './layout.ts'
import { didYouMean } from './near-names.ts'
import { typeLabel } from './print.ts'
import type { BtfArray, BtfComposite, BtfDatasec, BtfEnum, BtfEnum64, BtfInt, BtfType } from './type.ts'

/**
 * The bytes of a value, as many as the type takes. Takes what `decodeValue` gives, and more freely: integers as
 * number or bigint, enums by name or number, arrays shorter than the type (the rest is zero), structs with members
 * left out (zero), char arrays as string or bytes. Of a union all given members are written, in order.
 * Throws BtfError naming the place when a value does not fit: out of range, an unknown member or enumerator, too
 * many elements, a string too long for its array (a NUL at its end is not demanded).
 * @param place what messages call the value; by default its type
 */
export function encodeValue(
  btf: Btf,
  type: BtfType,
  value: BtfValue,
  place: string = typeLabel(type),
): Uint8Array {
  const bytes = new Uint8Array(sizeOf(btf, type))
  encode({ btf, bytes }, type, value, 0, place, 0)
  return bytes
}

interface Encoding {
  readonly btf: Btf
  readonly bytes: Uint8Array
}

/** `place` names the value in messages: `struct foo.bar[2]`. */
function encode(
  state: Encoding,
  declared: BtfType,
  value: BtfValue,
  offsetBits: number,
  place: string,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new BtfError(`${place}: its type contains itself`)
  const { btf } = state
  const target = resolve(btf, declared)
  switch (target.kind) {
    case 'int':
      encodeInt(state, target, value, offsetBits + target.offsetBits, target.sizeBits, place)
      break
    case 'enum':
    case 'enum64':
      encodeEnum(state, target, value, offsetBits, target.sizeBytes * 8, place)
      break
    case 'ptr':
      put(state, integer(value, place), offsetBits, POINTER_BYTES * 8, false, place)
      break
    case 'float':
      encodeFloat(state, target.sizeBytes, value, offsetBits / 8, place)
      break
    case 'array':
      encodeArray(state, target, value, offsetBits, place, depth)
      break
    case 'struct':
    case 'union':
      encodeMembers(state, target, value, offsetBits, place, depth)
      break
    case 'datasec':
      encodeDatasec(state, target, value, offsetBits, place, depth)
      break
    case 'var':
      encode(state, btf.type(target.typeId), value, offsetBits, place, depth + 1)
      break
    case 'void':
    case 'fwd':
    case 'func':
    case 'funcProto':
    case 'declTag':
    case 'unknown':
      throw new BtfError(`${place}: ${typeLabel(target)} has no values`)
    default:
      target satisfies never
  }
}

function integer(value: BtfValue, place: string): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value !== 'number') throw new BtfError(`${place}: ${describe(value)} is not a number`)
  if (!Number.isSafeInteger(value)) {
    throw new BtfError(`${place}: ${value} is not an exact integer; above 2^53 use a bigint`)
  }
  return BigInt(value)
}

/** Writes an integer after checking its range: signed, or unsigned, and never past the end of the bytes. */
function put(
  state: Encoding,
  value: bigint,
  offsetBits: number,
  sizeBits: number,
  signed: boolean,
  place: string,
): void {
  if (sizeBits < 1 || sizeBits > 128 || offsetBits + sizeBits > state.bytes.length * 8) {
    throw new BtfError(`${place}: ${sizeBits} bits at bit ${offsetBits} of ${state.bytes.length} bytes`)
  }
  const fits = signed ? BigInt.asIntN(sizeBits, value) : BigInt.asUintN(sizeBits, value)
  if (fits !== value) {
    throw new BtfError(`${place}: ${value} does not fit ${sizeBits} bits, ${signed ? '' : 'un'}signed`)
  }
  writeBits(state.bytes, offsetBits, sizeBits, value, state.btf.littleEndian)
}

function encodeInt(
  state: Encoding,
  type: BtfInt,
  value: BtfValue,
  offsetBits: number,
  sizeBits: number,
  place: string,
): void {
  put(state, integer(value, place), offsetBits, sizeBits, type.encoding === 'signed', place)
}

function encodeEnum(
  state: Encoding,
  type: BtfEnum | BtfEnum64,
  value: BtfValue,
  offsetBits: number,
  sizeBits: number,
  place: string,
): void {
  if (typeof value !== 'string') {
    put(state, integer(value, place), offsetBits, sizeBits, type.signed, place)
    return
  }
  const found = (type.values as readonly { name: string; value: number | bigint }[]).find(
    v => v.name === value,
  )
  if (!found) {
    const hint = didYouMean(
      value,
      type.values.map(v => v.name),
    )
    throw new BtfError(`${place}: ${typeLabel(type)} has no enumerator "${value}"${hint}`)
  }
  // enumerators are stored with 32 or 64 bits, the enum or bit field may take fewer
  const bits = BigInt(found.value)
  const narrow = type.signed ? BigInt.asIntN(sizeBits, bits) : BigInt.asUintN(sizeBits, bits)
  put(state, narrow, offsetBits, sizeBits, type.signed, place)
}

function encodeFloat(
  state: Encoding,
  sizeBytes: number,
  value: BtfValue,
  offset: number,
  place: string,
): void {
  if (offset + sizeBytes > state.bytes.length) {
    throw new BtfError(`${place}: reaches past the ${state.bytes.length} bytes of the value around it`)
  }
  if (sizeBytes !== 4 && sizeBytes !== 8) {
    if (!(value instanceof Uint8Array) || value.length !== sizeBytes) {
      throw new BtfError(`${place}: a float of ${sizeBytes} bytes is given as that many bytes`)
    }
    state.bytes.set(value, offset)
    return
  }
  if (typeof value !== 'number') throw new BtfError(`${place}: ${describe(value)} is not a number`)
  const view = new DataView(state.bytes.buffer, offset, sizeBytes)
  if (sizeBytes === 4) view.setFloat32(0, value, state.btf.littleEndian)
  else view.setFloat64(0, value, state.btf.littleEndian)
}

function encodeArray(
  state: Encoding,
  type: BtfArray,
  value: BtfValue,
  offsetBits: number,
  place: string,
  depth: number,
): void {
  const { btf, bytes } = state
  const element = btf.type(type.elementTypeId)
  const stride = sizeOf(btf, element)
  const start = offsetBits / 8
  const chars = isChar(btf, element)
  const list = chars && typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (!Array.isArray(list) && !(list instanceof Uint8Array)) {
    throw new BtfError(`${place}: ${describe(value)} is not ${chars ? 'a string or bytes' : 'an array'}`)
  }
  if (list.length > type.count) {
    throw new BtfError(`${place}: ${list.length} elements, the array has ${type.count}`)
  }
  if (start + list.length * stride > bytes.length) {
    throw new BtfError(`${place}: reaches past the ${bytes.length} bytes of the value around it`)
  }
  if (chars && list instanceof Uint8Array) {
    bytes.set(list, start)
    return
  }
  for (let i = 0; i < list.length; i++) {
    encode(state, element, list[i]!, offsetBits + i * stride * 8, `${place}[${i}]`, depth + 1)
  }
}

function encodeMembers(
  state: Encoding,
  struct: BtfComposite,
  value: BtfValue,
  baseBits: number,
  place: string,
  depth: number,
): void {
  const { btf } = state
  for (const [name, item] of entries(value, place)) {
    const found = findMember(btf, struct, name)
    if (!found) throw noMember(btf, struct, name)
    const bits = memberBits(btf, found.member)
    const offsetBits = baseBits + found.baseBits + bits.offsetBits
    const type = resolve(btf, btf.type(found.member.typeId))
    const where = `${place}.${name}`
    if (!bits.bitfield) {
      if (offsetBits % 8 !== 0) throw new BtfError(`${where} starts inside a byte`)
      encode(state, type, item, offsetBits, where, depth + 1)
    } else if (type.kind === 'int') {
      encodeInt(state, type, item, offsetBits, bits.sizeBits, where)
    } else if (type.kind === 'enum' || type.kind === 'enum64') {
      encodeEnum(state, type, item, offsetBits, bits.sizeBits, where)
    } else {
      throw new BtfError(`${where}: a bit field of kind ${type.kind}`)
    }
  }
}

function encodeDatasec(
  state: Encoding,
  type: BtfDatasec,
  value: BtfValue,
  offsetBits: number,
  place: string,
  depth: number,
): void {
  const byName = new Map(type.vars.map(v => [state.btf.type(v.typeId).name, v]))
  for (const [name, item] of entries(value, place)) {
    const entry = byName.get(name)
    if (!entry) {
      throw new BtfError(`${place} has no variable "${name}"${didYouMean(name, byName.keys())}`)
    }
    const variable = state.btf.type(entry.typeId)
    encode(state, variable, item, offsetBits + entry.offsetBytes * 8, `${place}.${name}`, depth + 1)
  }
}

function entries(value: BtfValue, place: string): [string, BtfValue][] {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) {
    throw new BtfError(`${place}: ${describe(value)} is not an object`)
  }
  return Object.entries(value)
}

function describe(value: BtfValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : String(value)
}
