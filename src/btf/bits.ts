// Integers of any width at any bit offset, in either byte order.
//
// Bits count in memory order: in little endian from the least significant bit of the first byte, in big endian
// from the most significant. So [offset, offset + size) is one run of bits in both.

/** Widths up to this many bits are JavaScript numbers, wider ones bigints: the type decides, never the value. */
export const NUMBER_BITS = 53

/** Reads an integer of 1 to 128 bits; the bytes must be there. Signed values are sign-extended. */
export function readBits(
  bytes: Uint8Array,
  offsetBits: number,
  sizeBits: number,
  signed: boolean,
  littleEndian: boolean,
): number | bigint {
  const first = Math.floor(offsetBits / 8)
  const end = Math.ceil((offsetBits + sizeBits) / 8)
  const spare = spareBits(offsetBits, sizeBits, end, littleEndian)
  if ((end - first) * 8 <= NUMBER_BITS) {
    let value = 0
    if (littleEndian) for (let i = end - 1; i >= first; i--) value = value * 256 + bytes[i]!
    else for (let i = first; i < end; i++) value = value * 256 + bytes[i]!
    value = Math.floor(value / 2 ** spare) % 2 ** sizeBits
    return signed && value >= 2 ** (sizeBits - 1) ? value - 2 ** sizeBits : value
  }
  let value = 0n
  if (littleEndian) for (let i = end - 1; i >= first; i--) value = (value << 8n) | BigInt(bytes[i]!)
  else for (let i = first; i < end; i++) value = (value << 8n) | BigInt(bytes[i]!)
  value >>= BigInt(spare)
  value = signed ? BigInt.asIntN(sizeBits, value) : BigInt.asUintN(sizeBits, value)
  return sizeBits <= NUMBER_BITS ? Number(value) : value
}

/** Writes the low `sizeBits` bits of a value; the bits around it are kept. */
export function writeBits(
  bytes: Uint8Array,
  offsetBits: number,
  sizeBits: number,
  value: bigint,
  littleEndian: boolean,
): void {
  const first = Math.floor(offsetBits / 8)
  const end = Math.ceil((offsetBits + sizeBits) / 8)
  const spare = BigInt(spareBits(offsetBits, sizeBits, end, littleEndian))
  let mask = ((1n << BigInt(sizeBits)) - 1n) << spare
  let bits = BigInt.asUintN(sizeBits, value) << spare
  const put = (i: number): void => {
    const keep = ~Number(mask & 255n) & 255
    bytes[i] = (bytes[i]! & keep) | Number(bits & 255n)
    mask >>= 8n
    bits >>= 8n
  }
  if (littleEndian) for (let i = first; i < end; i++) put(i)
  else for (let i = end - 1; i >= first; i--) put(i)
}

/** Bits of the bytes read that lie below the value. */
function spareBits(offsetBits: number, sizeBits: number, end: number, littleEndian: boolean): number {
  return littleEndian ? offsetBits % 8 : end * 8 - (offsetBits + sizeBits)
}
