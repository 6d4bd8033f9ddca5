// Bytes for system calls: C strings, and buffers whose address is known and does not change.

import { linux } from './linux.ts'

/** A NUL-terminated copy. A string is taken as UTF-8; bytes are taken as they are. */
export const cString = (text: string | Uint8Array): Uint8Array => {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
  const out = new Uint8Array(new ArrayBuffer(bytes.length + 1))
  out.set(bytes)
  return out
}

/**
 * A block of memory to exchange with the kernel, with the views that system calls need: made once and used again,
 * since taking an address (0.2 µs) costs as much as a call. Zeroed when made.
 */
export interface Memory {
  readonly bytes: Uint8Array
  readonly data: DataView
  /** valid while this object is referenced */
  readonly address: number
}

export const allocate = (byteLength: number): Memory => {
  const buffer = new ArrayBuffer(Math.max(byteLength, 1))
  const bytes = new Uint8Array(buffer)
  return { bytes, data: new DataView(buffer), address: linux().address(bytes) }
}

/** Byte order of this machine, as DataView wants it told. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Writes a non-negative number below 2^53 as a u64. Ten times as fast as a BigInt. */
export const setU64 = (data: DataView, offset: number, value: number): void => {
  const high = Math.floor(value / 0x1_0000_0000)
  data.setUint32(offset + (LITTLE_ENDIAN ? 0 : 4), value >>> 0, LITTLE_ENDIAN)
  data.setUint32(offset + (LITTLE_ENDIAN ? 4 : 0), high, LITTLE_ENDIAN)
}

/** Reads a u64 as a number: exact below 2^53. */
export const getU64 = (data: DataView, offset: number): number =>
  data.getUint32(offset + (LITTLE_ENDIAN ? 4 : 0), LITTLE_ENDIAN) * 0x1_0000_0000 +
  data.getUint32(offset + (LITTLE_ENDIAN ? 0 : 4), LITTLE_ENDIAN)
