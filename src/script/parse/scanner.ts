// The cursor that the parser moves over the bytes of a script. There is no token stream: what a `/`, a `:` or a word
// means depends on where it stands (attach points and C definitions have lexical rules of their own), so the parser
// asks for what it wants next.

import type { SourceFile } from '../source.ts'
import type { Span } from '../span.ts'
import { endOfText, isDigit, isHexDigit, isIdentifierPart, isIdentifierStart, isSpace } from './characters.ts'

export class Scanner {
  readonly file: SourceFile
  readonly text: string
  /** what is left for the parser ends here: the end of the file, or of the stretch it was given */
  readonly end: number
  at: number

  constructor(file: SourceFile, start = 0, end = file.text.length) {
    this.file = file
    this.text = file.text
    this.at = start
    this.end = end
  }

  /** The byte under the cursor, or `endOfText`. */
  get code(): number {
    return this.at < this.end ? this.text.charCodeAt(this.at) : endOfText
  }

  /** The byte at an offset of the file, or `endOfText`. */
  codeAt(at: number): number {
    return at < this.end ? this.text.charCodeAt(at) : endOfText
  }

  /** The byte `ahead` bytes after the cursor, or `endOfText`. */
  peek(ahead: number): number {
    return this.codeAt(this.at + ahead)
  }

  get done(): boolean {
    return this.at >= this.end
  }

  span(start: number, end = this.at): Span {
    return { file: this.file.index, start, end }
  }

  /** Past white space and comments. */
  skipLayout(): void {
    this.at = this.afterLayout(this.at)
  }

  /** The first offset from `at` on that is neither white space nor comment. */
  afterLayout(at: number): number {
    const { text, end } = this
    while (at < end) {
      const code = text.charCodeAt(at)
      if (isSpace(code)) {
        at++
      } else if (code === slash && at + 1 < end) {
        const next = text.charCodeAt(at + 1)
        if (next === slash) {
          const line = text.indexOf('\n', at)
          at = line === -1 || line >= end ? end : line + 1
        } else if (next === star) {
          const close = text.indexOf('*/', at + 2)
          at = close === -1 || close + 2 > end ? end : close + 2
        } else {
          break
        }
      } else {
        break
      }
    }
    return at
  }

  /** The end of the identifier that starts at `at`; `at` itself when none does. */
  afterIdentifier(at: number): number {
    const { text, end } = this
    while (at < end && isIdentifierPart(text.charCodeAt(at))) at++
    return at
  }

  /** The word under the cursor, '' when there is none; the cursor stays. */
  get word(): string {
    return this.text.slice(this.at, this.afterIdentifier(this.at))
  }

  /** Takes `word` when it stands under the cursor as a whole word. */
  takeWord(word: string): boolean {
    if (!this.text.startsWith(word, this.at) || this.at + word.length > this.end) return false
    if (isIdentifierPart(this.peek(word.length))) return false
    this.at += word.length
    return true
  }

  /** Layout, then one given byte. */
  take(code: number): boolean {
    this.skipLayout()
    if (this.code !== code) return false
    this.at++
    return true
  }

  /** The end of what a message about the thing at `at` underlines: a word, a number, a sigil with its name, a byte. */
  afterToken(at: number): number {
    const code = this.codeAt(at)
    if (code === endOfText) return at
    if (isIdentifierStart(code) || isDigit(code)) return this.afterIdentifier(at)
    if (code === 0x40 || code === 0x24) return this.afterIdentifier(at + 1)
    // the whole of a UTF-8 character
    let end = at + 1
    if (code >= 0xc0) while (end < this.end && (this.text.charCodeAt(end) & 0xc0) === 0x80) end++
    return end
  }

  /**
   * The offset after the bracket that closes the one at `at`, brackets inside strings and comments not counted;
   * -1 when nothing closes it.
   */
  afterBalanced(at: number, open: number, close: number): number {
    let depth = 0
    while (at < this.end) {
      const code = this.text.charCodeAt(at)
      if (code === open) {
        depth++
        at++
      } else if (code === close) {
        at++
        if (--depth === 0) return at
      } else if (code === quote) {
        at = this.afterString(at)
      } else if (code === slash) {
        const after = this.afterLayout(at)
        at = after === at ? at + 1 : after
      } else {
        at++
      }
    }
    return -1
  }

  /** The offset after the string literal that starts at `at`; a string ends with its line at the latest. */
  afterString(at: number): number {
    at++
    while (at < this.end) {
      const code = this.text.charCodeAt(at)
      if (code === quote) return at + 1
      if (code === newline) return at
      at += code === backslash ? 2 : 1
    }
    return this.end
  }

  /**
   * Takes an integer as it is written, digits, exponent and suffix; `parseInteger` says whether it is one. The cursor
   * stands on a digit. `suffixStart` is where a suffix that nobody knows starts, or -1.
   */
  takeInteger(): { readonly text: string; readonly suffixStart: number } {
    const { text } = this
    const start = this.at
    let at = start
    const hex = this.code === zero && (this.peek(1) | 32) === 0x78
    if (hex) {
      at += 2
      while (at < this.end && (isHexDigit(text.charCodeAt(at)) || text.charCodeAt(at) === underscore)) at++
    } else {
      while (at < this.end && isDigitOrUnderscore(text.charCodeAt(at))) at++
      if ((this.codeAt(at) | 32) === 0x65 && this.codeAt(at) !== endOfText) {
        at++
        while (at < this.end && isDigitOrUnderscore(text.charCodeAt(at))) at++
      }
    }
    const suffixStart = at
    const wordEnd = this.afterIdentifier(at)
    this.at = wordEnd
    if (wordEnd === suffixStart) return { text: text.slice(start, wordEnd), suffixStart: -1 }
    const suffix = text.slice(suffixStart, wordEnd)
    const known = /^(?:[lL]{1,2}[uU]$|[num]s|[smhd]|[uU][lL]{0,2}|[lL]{1,2})?/.exec(suffix)![0].length
    const badStart = hex && !/^[uUlL]/.test(suffix) ? suffixStart : suffixStart + known
    return { text: text.slice(start, badStart), suffixStart: badStart === wordEnd ? -1 : badStart }
  }
}

const slash = 0x2f
const star = 0x2a
const quote = 0x22
const backslash = 0x5c
const newline = 0x0a
const zero = 0x30
const underscore = 0x5f

const isDigitOrUnderscore = (code: number): boolean => isDigit(code) || code === underscore
