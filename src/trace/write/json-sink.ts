// The JSON form of values: numbers where a number is exact, decimal strings beyond 2^53, hexadecimal strings for
// addresses and words of unknown bits, names as strings, flags and sets as arrays of names, structs as objects.
import type { ByteWriter } from '../../text/byte-writer.ts'
import { writeJsonString } from './escape.ts'
import type { Sink } from './sink.ts'

/** High half of 2^53: from here on a number would not be exact. */
const EXACT_HIGH = 0x200000

export class JsonSink implements Sink {
  out: ByteWriter
  /** a string has been cut since this was last cleared */
  cut = false
  private first = true

  constructor(out: ByteWriter) {
    this.out = out
  }

  private comma(): void {
    if (!this.first) this.out.byte(0x2c)
    this.first = false
  }
  struct(): void {
    this.out.byte(0x7b)
    this.first = true
  }
  endStruct(): void {
    this.out.byte(0x7d)
    this.first = false
  }
  field(name: string): void {
    this.comma()
    this.symbol(name)
    this.out.byte(0x3a)
  }
  positional(name: string): void {
    this.field(name)
  }
  array(): void {
    this.out.byte(0x5b)
    this.first = true
  }
  endArray(): void {
    this.out.byte(0x5d)
    this.first = false
  }
  item(): void {
    this.comma()
  }
  abbreviated(): void {}
  more(): void {
    this.cut = true
  }

  i32(value: number): void {
    this.out.i32(value)
  }
  u32(value: number): void {
    this.out.decimal(value >>> 0)
  }
  i64(lo: number, hi: number): void {
    const high = hi | 0
    const exact = high >= -EXACT_HIGH && high < EXACT_HIGH
    if (!exact) this.out.byte(0x22)
    this.out.i64(lo, hi)
    if (!exact) this.out.byte(0x22)
  }
  u64(lo: number, hi: number): void {
    const exact = hi >>> 0 < EXACT_HIGH
    if (!exact) this.out.byte(0x22)
    this.out.u64(lo, hi)
    if (!exact) this.out.byte(0x22)
  }
  hex(lo: number, hi: number): void {
    this.out.byte(0x22)
    this.out.hex64(lo, hi)
    this.out.byte(0x22)
  }
  octal(value: number): void {
    this.out.ascii('"0')
    this.out.octal(value)
    this.out.byte(0x22)
  }
  pointer(lo: number, hi: number): void {
    if (lo === 0 && hi === 0) this.out.ascii('null')
    else this.hex(lo, hi)
  }
  call(_name: string, value: number): void {
    this.out.decimal(value)
  }
  quotedCall(_name: string, text: string): void {
    this.symbol(text)
  }

  string(bytes: Uint8Array, start: number, count: number, cut: boolean): void {
    writeJsonString(this.out, bytes, start, count)
    if (cut) this.cut = true
  }
  hexString(bytes: Uint8Array, start: number, count: number, cut: boolean): void {
    this.out.byte(0x22)
    for (let i = start; i < start + count; i++) this.out.hexDigits(bytes[i]!, 0, 2)
    this.out.byte(0x22)
    if (cut) this.cut = true
  }
  symbol(name: string): void {
    this.out.byte(0x22)
    this.out.ascii(name)
    this.out.byte(0x22)
  }
  unknown(lo: number, hi: number): void {
    this.hex(lo, hi)
  }
  noFlags(): void {
    this.out.ascii('[]')
  }
  flags(): void {
    this.array()
  }
  endFlags(): void {
    this.endArray()
  }
  flag(name: string): void {
    this.comma()
    this.symbol(name)
  }
  rest(lo: number, hi: number): void {
    this.comma()
    this.hex(lo, hi)
  }
  restDecimal(value: number): void {
    this.comma()
    this.out.decimal(value)
  }
  set(negated: boolean): void {
    this.array()
    if (negated) this.flag('~')
  }
  endSet(): void {
    this.endArray()
  }
  member(name: string): void {
    this.flag(name)
  }
  /** an abstract name begins with a NUL, which a path cannot */
  abstractName(bytes: Uint8Array, start: number, count: number): void {
    writeJsonString(this.out, bytes, start, count)
  }
  openParts(): void {
    this.openMeaning()
    this.struct()
  }
  part(name: string): void {
    this.field(name)
  }
  closeParts(): void {
    this.endStruct()
  }
  resultHex(lo: number, hi: number): void {
    this.u64(lo, hi)
  }
  resultAddress(lo: number, hi: number): void {
    this.hex(lo, hi)
  }
  meaning(text: string): void {
    this.openMeaning()
    this.symbol(text)
  }
  openMeaning(): void {
    this.out.ascii(',"meaning":')
  }
  closeMeaning(): void {}
  comment(): void {}
  commentCount(): void {}
  fd(value: number, path: string): void {
    this.out.ascii('{"fd":')
    this.out.i32(value)
    this.path(path)
  }
  fdSymbol(name: string, path: string): void {
    this.out.ascii('{"fd":')
    this.symbol(name)
    this.path(path)
  }
  private path(path: string): void {
    this.out.ascii(',"path":')
    this.out.utf8(JSON.stringify(path))
    this.out.byte(0x7d)
  }
  change(): void {
    this.out.ascii('{"before":')
  }
  to(): void {
    this.out.ascii(',"after":')
  }
  endChange(): void {
    this.out.byte(0x7d)
  }
}
