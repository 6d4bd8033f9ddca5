// The few types that probes hand to the kernel as BTF, as plain words: nothing here reads BTF, so the probes need
// not trust the code that does.

/**
 * A BTF object of the types in `words` (struct btf_type and what follows each, include/uapi/linux/btf.h). The string
 * section is "\0x\0.data\0arg:ctx\0?.data\0": name offset 1 is `x`, 3 is `.data`, 4 is `data`, 9 is `arg:ctx`, 17 is `?.data`.
 */
export function btfBlob(...types: readonly (readonly number[])[]): Uint8Array {
  const words = types.flat()
  const strings = Buffer.from('\0x\0.data\0arg:ctx\0?.data\0', 'latin1')
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + words.length * 4 + strings.length))
  view.setUint16(0, 0xeb9f, LITTLE_ENDIAN)
  view.setUint8(2, 1) // version
  view.setUint32(4, HEADER_BYTES, LITTLE_ENDIAN)
  view.setUint32(12, words.length * 4, LITTLE_ENDIAN) // type_len; type_off is 0
  view.setUint32(16, words.length * 4, LITTLE_ENDIAN) // str_off
  view.setUint32(20, strings.length, LITTLE_ENDIAN) // str_len
  words.forEach((word, i) => void view.setUint32(HEADER_BYTES + i * 4, word >>> 0, LITTLE_ENDIAN))
  const bytes = new Uint8Array(view.buffer)
  bytes.set(strings, HEADER_BYTES + words.length * 4)
  return bytes
}

export const NAME_X = 1
export const NAME_DATA = 3
export const NAME_QUESTION_DATA = 17

/** `info` of struct btf_type: kind in bits 24-28, number of members (or linkage) in bits 0-15. */
export const info = (kind: number, vlen: number): number => (kind << 24) | vlen

/** unsigned int x; */
export const INT_U32: readonly number[] = [NAME_X, info(1, 0), 4, 32]

const HEADER_BYTES = 24

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
