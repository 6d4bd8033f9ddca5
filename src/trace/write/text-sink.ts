// The strace form of values: C expressions with symbolic names.
import type { ByteWriter } from '../../text/byte-writer.ts'
import { writeCString } from './escape.ts'
import type { Sink } from './sink.ts'

/** what readlink says behind the path of a deleted file */
const DELETED = ' (deleted)'
/** in a path: what would break the line, or end the brackets early */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\0-\x1f\x7f<>\\]/g
const escaped = (character: string) =>
  `\\${{ '\n': 'n', '\t': 't', '\\': '\\' }[character] ?? character.charCodeAt(0).toString(8)}`

/** Writes to `out`, which may be exchanged between calls. */
export class TextSink implements Sink {
  out: ByteWriter
  /** nothing has been written since the innermost opening bracket or bar */
  private first = true

  constructor(out: ByteWriter) {
    this.out = out
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
    if (!this.first) this.out.ascii(', ')
    this.first = false
    this.out.ascii(name)
    this.out.byte(0x3d)
  }
  positional(): void {
    this.item()
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
    if (!this.first) this.out.ascii(', ')
    this.first = false
  }
  abbreviated(): void {
    this.more()
  }
  more(): void {
    this.out.ascii(this.first ? '...' : ', ...')
    this.first = false
  }

  i32(value: number): void {
    this.out.i32(value)
  }
  u32(value: number): void {
    this.out.decimal(value >>> 0)
  }
  i64(lo: number, hi: number): void {
    this.out.i64(lo, hi)
  }
  u64(lo: number, hi: number): void {
    this.out.u64(lo, hi)
  }
  hex(lo: number, hi: number): void {
    if (lo === 0 && hi === 0) this.out.byte(0x30)
    else this.out.hex64(lo, hi)
  }
  octal(value: number): void {
    const { out } = this
    if (value >>> 0 < 64) out.octal(value, 3)
    else {
      out.byte(0x30)
      out.octal(value)
    }
  }
  pointer(lo: number, hi: number): void {
    if (lo === 0 && hi === 0) this.out.ascii('NULL')
    else this.out.hex64(lo, hi)
  }
  call(name: string, value: number): void {
    this.out.ascii(name)
    this.out.byte(0x28)
    this.out.decimal(value)
    this.out.byte(0x29)
  }
  quotedCall(name: string, text: string, tail = ''): void {
    this.out.ascii(name)
    this.out.byte(0x22)
    this.out.ascii(text)
    this.out.byte(0x22)
    this.out.ascii(tail)
    this.out.byte(0x29)
  }

  string(bytes: Uint8Array, start: number, count: number, cut: boolean): void {
    writeCString(this.out, bytes, start, count, cut)
  }
  hexString(bytes: Uint8Array, start: number, count: number, cut: boolean): void {
    const { out } = this
    out.byte(0x22)
    for (let i = start; i < start + count; i++) {
      out.byte(0x5c)
      out.byte(0x78)
      out.hexDigits(bytes[i]!, 0, 2)
    }
    out.byte(0x22)
    if (cut) out.ascii('...')
  }
  symbol(name: string): void {
    this.out.ascii(name)
  }
  unknown(lo: number, hi: number, family: string): void {
    this.hex(lo, hi)
    this.comment(family)
  }
  noFlags(): void {
    this.out.byte(0x30)
  }
  flags(): void {
    this.first = true
  }
  endFlags(): void {
    this.first = false
  }
  private bar(): void {
    if (!this.first) this.out.byte(0x7c)
    this.first = false
  }
  flag(name: string): void {
    this.bar()
    this.out.ascii(name)
  }
  rest(lo: number, hi: number): void {
    this.bar()
    this.hex(lo, hi)
  }
  restDecimal(value: number): void {
    this.bar()
    this.out.decimal(value)
  }
  set(negated: boolean): void {
    if (negated) this.out.byte(0x7e)
    this.out.byte(0x5b)
    this.first = true
  }
  endSet(): void {
    this.out.byte(0x5d)
    this.first = false
  }
  member(name: string): void {
    if (!this.first) this.out.byte(0x20)
    this.first = false
    this.out.ascii(name)
  }
  abstractName(bytes: Uint8Array, start: number, count: number): void {
    this.out.byte(0x40)
    writeCString(this.out, bytes, start + 1, count - 1, false)
  }
  openParts(): void {
    this.openMeaning()
  }
  part(name: string): void {
    this.item()
    this.out.ascii(name)
    this.out.byte(0x20)
  }
  closeParts(): void {
    this.closeMeaning()
  }
  resultHex(lo: number, hi: number): void {
    this.out.hex64(lo, hi)
  }
  resultAddress(lo: number, hi: number): void {
    this.hex(lo, hi)
  }
  meaning(text: string): void {
    this.openMeaning()
    this.out.ascii(text)
    this.closeMeaning()
  }
  openMeaning(): void {
    this.out.ascii(' (')
    this.first = true
  }
  closeMeaning(): void {
    this.out.byte(0x29)
  }
  comment(text: string): void {
    this.out.ascii(' /* ')
    this.out.ascii(text)
    this.out.ascii(' */')
  }
  commentCount(count: number, noun: string): void {
    this.out.ascii(' /* ')
    this.out.decimal(count)
    this.out.byte(0x20)
    this.out.ascii(noun)
    this.out.ascii(' */')
  }
  fd(value: number, path: string): void {
    this.out.i32(value)
    this.bracketed(path)
  }
  fdSymbol(name: string, path: string): void {
    this.out.ascii(name)
    this.bracketed(path)
  }
  private bracketed(path: string): void {
    const deleted = path.endsWith(DELETED)
    this.out.byte(0x3c)
    this.out.utf8((deleted ? path.slice(0, -DELETED.length) : path).replace(UNPRINTABLE, escaped))
    this.out.byte(0x3e)
    if (deleted) this.out.ascii('(deleted)')
  }
  change(): void {}
  to(): void {
    this.out.ascii(' => ')
  }
  endChange(): void {}
}
