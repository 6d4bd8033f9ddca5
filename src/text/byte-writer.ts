// Bytes of the trace as they will leave the process: text written digit by digit into one growing buffer.
// No string, BigInt or array is made on the way: that is what makes a line cost what it costs (style.md, the hot path).

const ZERO = 0x30
const BILLION = 1_000_000_000

/** A buffer that grows by doubling; `length` is what has been written since `clear`. */
export class ByteWriter {
  bytes: Uint8Array
  length = 0

  constructor(initialBytes = 1 << 16) {
    this.bytes = new Uint8Array(initialBytes)
  }

  /** Room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count)
  }

  private grow(count: number): void {
    let size = this.bytes.length * 2 || 64
    while (size < this.length + count) size *= 2
    const bytes = new Uint8Array(size)
    bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = bytes
  }

  clear(): void {
    this.length = 0
  }

  /** What has been written, in place: valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = value
  }

  /** Text of ASCII characters only (names, punctuation). */
  ascii(text: string): void {
    const count = text.length
    if (this.length + count > this.bytes.length) this.grow(count)
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < count; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  /** Any text, as UTF-8: for what comes from outside (paths that a resolver found). */
  utf8(text: string): void {
    this.reserve(text.length * 3)
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written
  }

  copy(source: Uint8Array, start: number, count: number): void {
    this.reserve(count)
    const { bytes } = this
    let at = this.length
    for (let i = start; i < start + count; i++) bytes[at++] = source[i]!
    this.length = at
  }

  /** Decimal of a non-negative integer below 2^53, with leading zeros up to `minDigits`. */
  decimal(value: number, minDigits = 1): void {
    if (this.length + 32 > this.bytes.length) this.grow(32)
    if (value < 10 && minDigits === 1) {
      this.bytes[this.length++] = ZERO + value
      return
    }
    if (value >= BILLION) {
      const high = Math.floor(value / BILLION)
      this.decimal(high, Math.max(minDigits - 9, 1))
      this.smallDecimal(value - high * BILLION, 9)
      return
    }
    this.smallDecimal(value, minDigits)
  }

  /** Below 10^9, where integer division stays in registers. */
  private smallDecimal(value: number, minDigits: number): void {
    let digits = 1
    for (let bound = 10; bound <= value; bound *= 10) digits++
    if (digits < minDigits) digits = minDigits
    const { bytes } = this
    let rest = value | 0
    const end = this.length + digits
    for (let at = end - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0
      bytes[at] = ZERO + rest - next * 10
      rest = next
    }
    this.length = end
  }

  i32(value: number): void {
    if (value < 0) {
      this.byte(0x2d)
      this.decimal(-value)
    } else this.decimal(value)
  }

  /** Unsigned 64 bits given as two halves. */
  u64(lo: number, hi: number): void {
    const low = lo >>> 0
    const high = hi >>> 0
    if (high < 0x200000) {
      this.decimal(high * 0x100000000 + low)
      return
    }
    // long division by 10^9 in 16-bit steps: no intermediate reaches 2^53
    const first = high % BILLION
    const second = first * 65536 + (low >>> 16)
    const third = (second % BILLION) * 65536 + (low & 0xffff)
    const quotient =
      Math.floor(high / BILLION) * 0x100000000 +
      Math.floor(second / BILLION) * 65536 +
      Math.floor(third / BILLION)
    this.decimal(quotient)
    this.decimal(third % BILLION, 9)
  }

  /** Signed 64 bits given as two halves. */
  i64(lo: number, hi: number): void {
    if ((hi | 0) >= 0) {
      this.u64(lo, hi)
      return
    }
    this.byte(0x2d)
    const negated = ~lo + 1
    this.u64(negated, ~hi + ((negated | 0) === 0 ? 1 : 0))
  }

  /** `0x…` without leading zeros beyond `minDigits`. */
  hex64(lo: number, hi: number, minDigits = 1): void {
    this.reserve(18)
    const high = hi >>> 0
    const low = lo >>> 0
    this.bytes[this.length++] = ZERO
    this.bytes[this.length++] = 0x78
    const total = high !== 0 ? 8 + hexDigits(high) : hexDigits(low)
    this.hexDigits(low, high, Math.max(total, minDigits))
  }

  hex32(value: number, minDigits = 1): void {
    this.hex64(value, 0, minDigits)
  }

  /** `count` hexadecimal digits without a prefix. */
  hexDigits(lo: number, hi: number, count: number): void {
    this.reserve(16)
    const { bytes } = this
    let at = this.length
    for (let digit = count - 1; digit >= 0; digit--) {
      const nibble = (digit >= 8 ? hi >>> ((digit - 8) * 4) : lo >>> (digit * 4)) & 15
      bytes[at++] = nibble < 10 ? ZERO + nibble : 0x57 + nibble
    }
    this.length = at
  }

  /** Octal of 32 bits, `minDigits` wide at least. */
  octal(value: number, minDigits = 1): void {
    this.reserve(16)
    let digits = 1
    for (let rest = value >>> 3; rest !== 0; rest >>>= 3) digits++
    if (digits < minDigits) digits = minDigits
    for (let digit = digits - 1; digit >= 0; digit--) {
      this.bytes[this.length++] = ZERO + (digit > 10 ? 0 : (value >>> (digit * 3)) & 7)
    }
  }

  /** Spaces until `column` bytes have been written since `start`. */
  padTo(start: number, column: number): void {
    const end = start + column
    if (end <= this.length) return
    this.reserve(end - this.length)
    const { bytes } = this
    for (let at = this.length; at < end; at++) bytes[at] = 0x20
    this.length = end
  }
}

const encoder = new TextEncoder()

function hexDigits(value: number): number {
  return value === 0 ? 1 : (35 - Math.clz32(value)) >>> 2
}
