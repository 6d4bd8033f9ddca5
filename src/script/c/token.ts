// The tokens of C, as far as declarations and the preprocessor need them.

import { endOfText, isDigit, isIdentifierPart, isIdentifierStart, isSpace } from '../parse/characters.ts'
import { Scanner } from '../parse/scanner.ts'
import type { SourceFile } from '../source.ts'
import type { Span } from '../span.ts'

export interface CToken {
  readonly kind: 'name' | 'number' | 'string' | 'character' | 'punctuation'
  readonly text: string
  readonly span: Span
  /** white space or a comment stands before it */
  readonly spaced: boolean
  /** it is the first of its line */
  readonly startsLine: boolean
  /** the macros whose expansion it came out of: they do not expand in it again */
  readonly hidden?: HideSet
}

/** A linked list of macro names. */
export interface HideSet {
  readonly name: string
  readonly rest: HideSet | undefined
}

/** The tokens of a stretch of a file, comments and joined lines resolved. */
export function tokenize(file: SourceFile, start = 0, end: number = file.text.length): CToken[] {
  const tokens: CToken[] = []
  const scanner = new Scanner(file, start, end)
  const { text } = scanner
  let startsLine = true
  let spaced = false
  for (;;) {
    const code = scanner.code
    if (code === endOfText) return tokens
    if (isSpace(code)) {
      if (code === 0x0a) startsLine = true
      spaced = true
      scanner.at++
      continue
    }
    if (
      code === 0x5c &&
      (scanner.peek(1) === 0x0a || (scanner.peek(1) === 0x0d && scanner.peek(2) === 0x0a))
    ) {
      scanner.at += scanner.peek(1) === 0x0a ? 2 : 3
      spaced = true
      continue
    }
    if (code === 0x2f && (scanner.peek(1) === 0x2f || scanner.peek(1) === 0x2a)) {
      scanner.at = afterComment(scanner)
      spaced = true
      continue
    }
    const from = scanner.at
    const kind = takeToken(scanner, code)
    tokens.push({ kind, text: text.slice(from, scanner.at), span: scanner.span(from), spaced, startsLine })
    startsLine = false
    spaced = false
  }
}

function afterComment(scanner: Scanner): number {
  const line = scanner.peek(1) === 0x2f
  const close = scanner.text.indexOf(line ? '\n' : '*/', scanner.at + 2)
  if (close === -1 || close >= scanner.end) return scanner.end
  return line ? close : close + 2
}

function takeToken(scanner: Scanner, code: number): CToken['kind'] {
  if (isIdentifierStart(code)) {
    scanner.at = scanner.afterIdentifier(scanner.at)
    return 'name'
  }
  if (isDigit(code) || (code === 0x2e && isDigit(scanner.peek(1)))) {
    takeNumber(scanner)
    return 'number'
  }
  if (code === 0x22) {
    scanner.at = scanner.afterString(scanner.at)
    return 'string'
  }
  if (code === 0x27) {
    takeCharacter(scanner)
    return 'character'
  }
  scanner.at += punctuationLength(scanner)
  return 'punctuation'
}

/** A preprocessing number: digits, letters, dots, and a sign behind an exponent's letter. */
function takeNumber(scanner: Scanner): void {
  for (scanner.at++; ; scanner.at++) {
    const code = scanner.code
    const before = scanner.codeAt(scanner.at - 1) | 32
    const isSign = (code === 0x2b || code === 0x2d) && (before === 0x65 || before === 0x70)
    if (code === endOfText || !(isIdentifierPart(code) || code === 0x2e || isSign)) return
  }
}

function takeCharacter(scanner: Scanner): void {
  for (scanner.at++; ; scanner.at++) {
    const code = scanner.code
    if (code === endOfText || code === 0x0a) return
    if (code === 0x5c) {
      scanner.at = Math.min(scanner.at + 1, scanner.end - 1)
    } else if (code === 0x27) {
      scanner.at++
      return
    }
  }
}

const twoByteMarks = new Set(['<<', '>>', '<=', '>=', '==', '!=', '&&', '||', '->', '++', '--', '##'])

function punctuationLength(scanner: Scanner): number {
  const { text, at, end } = scanner
  if (text.startsWith('...', at) && at + 3 <= end) return 3
  return at + 2 <= end && twoByteMarks.has(text.slice(at, at + 2)) ? 2 : 1
}
