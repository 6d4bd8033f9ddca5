// Strings of the traced program as C writes them: `"a\n\0"`, octal for what does not print, `"…"...` when cut.
import type { ByteWriter } from '../../text/byte-writer.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30

/** 0: as it is; 1: octal; else the letter after the backslash. */
const ESCAPES = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) ESCAPES[byte] = byte < 0x20 || byte > 0x7e ? 1 : 0
for (const [byte, letter] of ['\tt', '\nn', '\vv', '\ff', '\rr', '""', '\\\\'].map(
  pair => [pair.charCodeAt(0), pair.charCodeAt(1)] as const,
)) {
  ESCAPES[byte] = letter
}

/**
 * `"…"` of `count` bytes, with `...` behind when there was more. Octal escapes are as short as the next byte
 * allows: `\0` before a letter, `\000` before a digit (strace's rule, its string_quote).
 */
export function writeCString(
  out: ByteWriter,
  source: Uint8Array,
  start: number,
  count: number,
  cut: boolean,
): void {
  out.reserve(count * 4 + 8)
  const { bytes } = out
  let at = out.length
  bytes[at++] = QUOTE
  const end = start + count
  for (let i = start; i < end; i++) {
    const byte = source[i]!
    const letter = ESCAPES[byte]!
    if (letter === 0) {
      bytes[at++] = byte
      continue
    }
    bytes[at++] = BACKSLASH
    if (letter !== 1) {
      bytes[at++] = letter
      continue
    }
    const next = i + 1 < end ? source[i + 1]! : 0
    const full = next >= 0x30 && next <= 0x37
    if (full || byte >= 64) bytes[at++] = ZERO + (byte >> 6)
    if (full || byte >= 8) bytes[at++] = ZERO + ((byte >> 3) & 7)
    bytes[at++] = ZERO + (byte & 7)
  }
  bytes[at++] = QUOTE
  if (cut) {
    bytes[at++] = 0x2e
    bytes[at++] = 0x2e
    bytes[at++] = 0x2e
  }
  out.length = at
}

/**
 * A JSON string of `count` bytes: UTF-8 stays as it is; a byte that is not UTF-8 becomes the lone surrogate
 * `\udc80`…`\udcff`, from which the byte can be had back (Python's surrogateescape).
 */
export function writeJsonString(out: ByteWriter, source: Uint8Array, start: number, count: number): void {
  out.reserve(count * 6 + 2)
  const { bytes } = out
  let at = out.length
  bytes[at++] = QUOTE
  const end = start + count
  for (let i = start; i < end; ) {
    const byte = source[i]!
    if (byte >= 0x80) {
      const length = utf8Length(source, i, end)
      if (length === 0) {
        at = writeUnicodeEscape(bytes, at, 0xdc00 + byte)
        i++
      } else for (let n = 0; n < length; n++) bytes[at++] = source[i++]!
      continue
    }
    i++
    if (byte === QUOTE || byte === BACKSLASH) {
      bytes[at++] = BACKSLASH
      bytes[at++] = byte
    } else if (byte === 0x0a || byte === 0x09 || byte === 0x0d) {
      bytes[at++] = BACKSLASH
      bytes[at++] = ESCAPES[byte]!
    } else if (byte < 0x20 || byte === 0x7f) at = writeUnicodeEscape(bytes, at, byte)
    else bytes[at++] = byte
  }
  bytes[at++] = QUOTE
  out.length = at
}

function writeUnicodeEscape(bytes: Uint8Array, at: number, code: number): number {
  bytes[at++] = BACKSLASH
  bytes[at++] = 0x75
  for (let shift = 12; shift >= 0; shift -= 4) {
    const nibble = (code >> shift) & 15
    bytes[at++] = nibble < 10 ? ZERO + nibble : 0x57 + nibble
  }
  return at
}

/** Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629), or 0. */
function utf8Length(source: Uint8Array, at: number, end: number): number {
  const lead = source[at]!
  const length =
    lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0
  if (length === 0 || at + length > end) return 0
  for (let i = 1; i < length; i++) if ((source[at + i]! & 0xc0) !== 0x80) return 0
  const second = source[at + 1]!
  if (lead === 0xe0 && second < 0xa0) return 0
  if (lead === 0xed && second > 0x9f) return 0
  if (lead === 0xf0 && second < 0x90) return 0
  if (lead === 0xf4 && second > 0x8f) return 0
  return length
}
