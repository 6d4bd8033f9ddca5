// String literals: their escapes, and what may be wrong with them.

import { endOfText, isHexDigit } from './characters.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'

const quote = 0x22
const backslash = 0x5c
const newline = 0x0a

/** Takes the literal under the cursor, which stands on the opening quote. The value is a byte string. */
export function takeString(p: Parser): string {
  const { scanner } = p
  const { text } = scanner
  const start = scanner.at
  let value = ''
  let plainFrom = ++scanner.at
  for (;;) {
    const code = scanner.code
    if (code === quote) {
      value += text.slice(plainFrom, scanner.at)
      scanner.at++
      return value
    }
    if (code === endOfText) {
      value += text.slice(plainFrom, scanner.at)
      p.report(syntax.unterminatedString, scanner.span(start), {})
      p.panicking = true
      return value
    }
    if (code !== backslash) {
      scanner.at++
      continue
    }
    value += text.slice(plainFrom, scanner.at) + takeEscape(p)
    plainFrom = scanner.at
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '"': '"',
  '\\': '\\',
}

/** Takes a backslash and what belongs to it. */
function takeEscape(p: Parser): string {
  const { scanner } = p
  const start = scanner.at++
  const code = scanner.code
  if (code === endOfText || code === newline) return ''
  if (code >= 48 && code <= 55) {
    let value = 0
    for (let i = 0; i < 3 && scanner.code >= 48 && scanner.code <= 55; i++) {
      value = value * 8 + scanner.code - 48
      scanner.at++
    }
    if (value > 255) {
      p.report(syntax.octalRange, scanner.span(start), {
        digits: scanner.text.slice(start + 1, scanner.at),
      })
    }
    return String.fromCharCode(value & 255)
  }
  if ((code | 32) === 0x78) {
    scanner.at++
    const digits = scanner.at
    while (scanner.at < digits + 2 && isHexDigit(scanner.code)) scanner.at++
    if (scanner.at === digits) {
      p.report(syntax.badHexEscape, scanner.span(start), {})
      return ''
    }
    return String.fromCharCode(Number.parseInt(scanner.text.slice(digits, scanner.at), 16))
  }
  scanner.at++
  const escaped = scanner.text[scanner.at - 1]!
  const simple = simpleEscapes[escaped]
  if (simple === undefined) p.report(syntax.badEscape, scanner.span(start), { escape: escaped })
  return simple ?? ''
}
