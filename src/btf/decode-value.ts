// Bytes to JavaScript values, by type. For look-ups, listings and map dumps; events at a high rate want decoders
// made for their layout.

import { BtfError } from '../errors/index.ts'
import { readBits } from './bits.ts'
import type { Btf } from './btf.ts'
import { MAX_DEPTH, memberBits, POINTER_BYTES, resolve, sizeOf } from './layout.ts'
import { typeLabel } from './print.ts'
import type { BtfArray, BtfComposite, BtfDatasec, BtfEnum, BtfEnum64, BtfInt, BtfType } from './type.ts'

/** What a value of a BTF type is in JavaScript; see `decodeValue`. */
export type BtfValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | BtfValue[]
  | { [member: string]: BtfValue }

export interface DecodeOptions {
  /** arrays of `char`: text up to the first NUL (the default), or all their bytes */
  readonly chars?: 'string' | 'bytes'
}

/** A type that holds more values than this is refused: only malformed BTF does, by containing itself. */
const MAX_VALUES = 1 << 20

/**
 * Decodes the value that starts at byte `offset`:
 *
 *     int, bit field   number up to 53 bits, bigint above (by type, so a u64 is always a bigint); bool: boolean
 *     enum, enum64     the enumerator's name; a value without a name as number (64 bits: bigint)
 *     ptr              bigint
 *     float            number; of other sizes than 4 and 8 the raw bytes
 *     char array       string (UTF-8), up to the first NUL; see DecodeOptions
 *     array            array; a flexible array is empty
 *     struct, union    object by member name; anonymous members' fields are the outer object's own
 *     datasec          object by variable name
 *
 * Throws BtfError when the bytes end too early or the type has no values (void, functions, declarations).
 */
export function decodeValue(
  btf: Btf,
  type: BtfType,
  bytes: Uint8Array,
  offset = 0,
  options: DecodeOptions = {},
): BtfValue {
  const size = sizeOf(btf, type)
  if (offset < 0 || offset + size > bytes.length) {
    throw new BtfError(
      `${typeLabel(type)} takes ${size} bytes, ${Math.max(0, bytes.length - offset)} are there`,
    )
  }
  const state: Decoding = { btf, bytes, keepChars: options.chars === 'bytes', values: 0 }
  return decode(state, type, offset * 8, 0)
}

interface Decoding {
  readonly btf: Btf
  readonly bytes: Uint8Array
  readonly keepChars: boolean
  values: number
}

function decode(state: Decoding, declared: BtfType, offsetBits: number, depth: number): BtfValue {
  const { btf, bytes } = state
  if (++state.values > MAX_VALUES || depth > MAX_DEPTH) {
    throw new BtfError(`${typeLabel(declared)} holds too many values: does it contain itself?`)
  }
  const type = resolve(btf, declared)
  switch (type.kind) {
    case 'int':
      return decodeInt(btf, type, bytes, offsetBits + type.offsetBits, type.sizeBits)
    case 'enum':
    case 'enum64':
      return decodeEnum(btf, type, bytes, offsetBits, type.sizeBytes * 8)
    case 'ptr':
      return within(bytes, offsetBits, POINTER_BYTES * 8, type).readBits(false, btf.littleEndian)
    case 'float':
      return decodeFloat(btf, bytes, offsetBits / 8, type)
    case 'array':
      return decodeArray(state, type, offsetBits, depth)
    case 'struct':
    case 'union': {
      const object = newObject()
      decodeMembers(state, type, offsetBits, depth, object)
      return object
    }
    case 'datasec':
      return decodeDatasec(state, type, offsetBits, depth)
    case 'var':
      return decode(state, btf.type(type.typeId), offsetBits, depth + 1)
    case 'void':
    case 'fwd':
    case 'func':
    case 'funcProto':
    case 'declTag':
    case 'unknown':
      throw new BtfError(`${typeLabel(type)} has no values`)
    default:
      return type satisfies never
  }
}

/** Member names come from foreign bytes: one called `__proto__` must be a property like any other. */
const newObject = (): { [member: string]: BtfValue } => Object.create(null)

/** Checks that the bits are there and can be read as one integer. */
function within(bytes: Uint8Array, offsetBits: number, sizeBits: number, type: BtfType) {
  if (offsetBits + sizeBits > bytes.length * 8) {
    throw new BtfError(`${typeLabel(type)} reaches past the ${bytes.length} bytes that are there`)
  }
  if (sizeBits < 1 || sizeBits > 128)
    throw new BtfError(`${typeLabel(type)} is an integer of ${sizeBits} bits`)
  return {
    readBits: (signed: boolean, littleEndian: boolean) =>
      readBits(bytes, offsetBits, sizeBits, signed, littleEndian),
  }
}

function decodeInt(btf: Btf, type: BtfInt, bytes: Uint8Array, offsetBits: number, sizeBits: number) {
  const signed = type.encoding === 'signed'
  const value = within(bytes, offsetBits, sizeBits, type).readBits(signed, btf.littleEndian)
  return type.encoding === 'bool' ? value !== 0 && value !== 0n : value
}

function decodeEnum(
  btf: Btf,
  type: BtfEnum | BtfEnum64,
  bytes: Uint8Array,
  offsetBits: number,
  sizeBits: number,
): string | number | bigint {
  const value = within(bytes, offsetBits, sizeBits, type).readBits(type.signed, btf.littleEndian)
  for (const e of type.values) {
    // enumerators are stored with 32 or 64 bits, an enum may take fewer
    if (BigInt.asUintN(sizeBits, BigInt(e.value)) === BigInt.asUintN(sizeBits, BigInt(value))) return e.name
  }
  return value
}

function decodeFloat(btf: Btf, bytes: Uint8Array, offset: number, type: BtfType & { sizeBytes: number }) {
  if (offset + type.sizeBytes > bytes.length) {
    throw new BtfError(`${typeLabel(type)} reaches past the ${bytes.length} bytes that are there`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, type.sizeBytes)
  if (type.sizeBytes === 4) return view.getFloat32(0, btf.littleEndian)
  if (type.sizeBytes === 8) return view.getFloat64(0, btf.littleEndian)
  return bytes.slice(offset, offset + type.sizeBytes)
}

function decodeArray(state: Decoding, type: BtfArray, offsetBits: number, depth: number): BtfValue {
  const { btf, bytes } = state
  const element = btf.type(type.elementTypeId)
  const stride = sizeOf(btf, element)
  const start = offsetBits / 8
  if (start + type.count * stride > bytes.length) {
    throw new BtfError(`array of ${type.count} ${typeLabel(element)} reaches past the bytes that are there`)
  }
  if (isChar(btf, element)) {
    const chars = bytes.subarray(start, start + type.count)
    if (state.keepChars) return chars.slice()
    const end = chars.indexOf(0)
    return new TextDecoder().decode(end < 0 ? chars : chars.subarray(0, end))
  }
  const list: BtfValue[] = []
  for (let i = 0; i < type.count; i++) {
    list.push(decode(state, element, offsetBits + i * stride * 8, depth + 1))
  }
  return list
}

/** `char` itself: signed, unsigned and u8 arrays are numbers, as C programs use them. */
export function isChar(btf: Btf, type: BtfType): boolean {
  const inner = resolve(btf, type)
  return inner.kind === 'int' && inner.sizeBytes === 1 && inner.name === 'char'
}

function decodeMembers(
  state: Decoding,
  struct: BtfComposite,
  baseBits: number,
  depth: number,
  into: { [member: string]: BtfValue },
): void {
  if (depth > MAX_DEPTH) throw new BtfError(`${typeLabel(struct)} contains itself`)
  const { btf, bytes } = state
  for (const member of struct.members) {
    const type = resolve(btf, btf.type(member.typeId))
    const composite = type.kind === 'struct' || type.kind === 'union'
    if (member.name === '' && composite) {
      if (++state.values > MAX_VALUES) throw new BtfError(`${typeLabel(struct)} contains itself`)
      decodeMembers(state, type, baseBits + member.offsetBits, depth + 1, into)
      continue
    }
    if (member.name === '') continue // padding
    const bits = memberBits(btf, member)
    const offsetBits = baseBits + bits.offsetBits
    if (!bits.bitfield) {
      if (offsetBits % 8 !== 0)
        throw new BtfError(`${typeLabel(struct)}: "${member.name}" starts inside a byte`)
      into[member.name] = decode(state, type, offsetBits, depth + 1)
    } else if (type.kind === 'int') {
      into[member.name] = decodeInt(btf, type, bytes, offsetBits, bits.sizeBits)
    } else if (type.kind === 'enum' || type.kind === 'enum64') {
      into[member.name] = decodeEnum(btf, type, bytes, offsetBits, bits.sizeBits)
    } else {
      throw new BtfError(`${typeLabel(struct)}: bit field "${member.name}" is a ${type.kind}`)
    }
  }
}

function decodeDatasec(state: Decoding, type: BtfDatasec, offsetBits: number, depth: number): BtfValue {
  const object = newObject()
  for (const entry of type.vars) {
    const variable = state.btf.type(entry.typeId)
    object[variable.name] = decode(state, variable, offsetBits + entry.offsetBytes * 8, depth + 1)
  }
  return object
}
