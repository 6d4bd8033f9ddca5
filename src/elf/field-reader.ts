// Numbers out of ELF bytes: of either byte order, and with words of 4 or 8 bytes.

/** How numbers are written in one ELF file. */
export interface ElfEncoding {
  readonly littleEndian: boolean
  /** ELFCLASS64: addresses, offsets and sizes have 8 bytes, else 4 */
  readonly is64: boolean
}

/** Reads fields of `bytes`. Offsets outside of them throw RangeError: callers check the length of a record first. */
export class FieldReader {
  readonly #view: DataView
  readonly #little: boolean
  readonly #is64: boolean

  constructor(bytes: Uint8Array, encoding: ElfEncoding) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#little = encoding.littleEndian
    this.#is64 = encoding.is64
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little)
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little)
  }

  i32(at: number): number {
    return this.#view.getInt32(at, this.#little)
  }

  /** A size or an offset in a file: what a double does not hold exactly is larger than any file. */
  size(at: number): number {
    if (!this.#is64) return this.u32(at)
    return this.#high(at) * 2 ** 32 + this.#low(at)
  }

  /**
   * An address. Those of the upper half, which are the kernel's, come as negative numbers: so both ends of the
   * address space are exact in a double, and order is kept within each.
   */
  address(at: number): number {
    if (!this.#is64) return this.u32(at)
    return (this.#high(at) | 0) * 2 ** 32 + this.#low(at)
  }

  /** A signed word. */
  signed(at: number): number {
    return this.#is64 ? this.address(at) : this.i32(at)
  }

  #high(at: number): number {
    return this.#view.getUint32(this.#little ? at + 4 : at, this.#little)
  }

  #low(at: number): number {
    return this.#view.getUint32(this.#little ? at : at + 4, this.#little)
  }
}
