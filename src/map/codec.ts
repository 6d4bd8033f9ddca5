// Values of JavaScript to the bytes of a map's key or value and back. A codec says how many bytes it takes, so a
// map can be checked against it once, when it is typed.

import { BeetraceError } from '../errors/index.ts'
import { LITTLE_ENDIAN } from '../sys/index.ts'

// an import is looked up each time
const LITTLE = LITTLE_ENDIAN
const LOW_OFFSET = LITTLE ? 0 : 4

export interface Codec<T> {
  readonly byteLength: number
  encode(value: T, into: DataView, offset: number): void
  decode(from: DataView, offset: number): T
}

const number = (
  byteLength: number,
  write: (v: DataView, at: number, x: number) => void,
  read: (v: DataView, at: number) => number,
): Codec<number> => ({
  byteLength,
  encode: (value, into, offset) => write(into, offset, value),
  decode: read,
})

export const u8 = number(
  1,
  (v, at, x) => v.setUint8(at, x),
  (v, at) => v.getUint8(at),
)
export const u16 = number(
  2,
  (v, at, x) => v.setUint16(at, x, LITTLE),
  (v, at) => v.getUint16(at, LITTLE),
)
export const u32 = number(
  4,
  (v, at, x) => v.setUint32(at, x, LITTLE),
  (v, at) => v.getUint32(at, LITTLE),
)
export const i32 = number(
  4,
  (v, at, x) => v.setInt32(at, x, LITTLE),
  (v, at) => v.getInt32(at, LITTLE),
)

/** Exact, as a BigInt. */
export const u64: Codec<bigint> = {
  byteLength: 8,
  encode: (value, into, offset) => into.setBigUint64(offset, value, LITTLE),
  decode: (from, offset) => from.getBigUint64(offset, LITTLE),
}

/** As a number: exact below 2^53, as counters, sizes and times of a running machine are; faster than a BigInt. */
export const u64Number: Codec<number> = {
  byteLength: 8,
  encode: (value, into, offset) => into.setBigUint64(offset, BigInt(value), LITTLE),
  decode: (from, offset) =>
    from.getUint32(offset + LOW_OFFSET, LITTLE) + from.getUint32(offset + 4 - LOW_OFFSET, LITTLE) * 2 ** 32,
}

/** Exact, as a BigInt. */
export const i64: Codec<bigint> = {
  byteLength: 8,
  encode: (value, into, offset) => into.setBigInt64(offset, value, LITTLE),
  decode: (from, offset) => from.getBigInt64(offset, LITTLE),
}

/** A fixed number of bytes, copied; shorter input is padded with zeroes. Throws on longer input. */
export const bytes = (byteLength: number): Codec<Uint8Array> => ({
  byteLength,
  encode: (value, into, offset) => {
    if (value.length > byteLength) throw tooLong(`${value.length} bytes`, byteLength)
    const target = new Uint8Array(into.buffer, into.byteOffset + offset, byteLength)
    target.set(value)
    target.fill(0, value.length)
  },
  decode: (from, offset) => new Uint8Array(from.buffer, from.byteOffset + offset, byteLength).slice(),
})

/** A string in UTF-8, ended by NUL or by the end of its `byteLength` bytes. Throws on a longer string. */
export const string = (byteLength: number): Codec<string> => {
  const raw = bytes(byteLength)
  return {
    byteLength,
    encode: (value, into, offset) => raw.encode(Buffer.from(value, 'utf8'), into, offset),
    decode: (from, offset) => {
      const all = Buffer.from(from.buffer, from.byteOffset + offset, byteLength)
      const end = all.indexOf(0)
      return all.toString('utf8', 0, end === -1 ? byteLength : end)
    },
  }
}

/** A struct as an object: fields with their offsets, in a size that may leave padding (which is zeroed). */
export const struct = <T extends Record<string, unknown>>(
  byteLength: number,
  fields: { readonly [K in keyof T]: { readonly offset: number; readonly codec: Codec<T[K]> } },
): Codec<T> => {
  const entries = Object.entries(fields) as [keyof T, { offset: number; codec: Codec<T[keyof T]> }][]
  return {
    byteLength,
    encode: (value, into, offset) => {
      new Uint8Array(into.buffer, into.byteOffset + offset, byteLength).fill(0)
      for (const [name, field] of entries) field.codec.encode(value[name], into, offset + field.offset)
    },
    decode: (from, offset) =>
      Object.fromEntries(
        entries.map(([name, field]) => [name, field.codec.decode(from, offset + field.offset)]),
      ) as T,
  }
}

/** A value of a per-CPU map: one for each possible CPU, in the order of their numbers, each padded to 8 bytes. */
export const perCpu = <T>(codec: Codec<T>, possibleCpuCount: number): Codec<T[]> => {
  const stride = Math.ceil(codec.byteLength / 8) * 8
  return {
    byteLength: stride * possibleCpuCount,
    encode: (values, into, offset) => {
      for (let cpu = 0; cpu < possibleCpuCount; cpu++) {
        codec.encode(values[cpu]!, into, offset + cpu * stride)
      }
    },
    decode: (from, offset) =>
      Array.from({ length: possibleCpuCount }, (_, cpu) => codec.decode(from, offset + cpu * stride)),
  }
}

const tooLong = (what: string, room: number) =>
  new BeetraceError('MAP_VALUE', `${what} do not fit into the ${room} of the map`)
