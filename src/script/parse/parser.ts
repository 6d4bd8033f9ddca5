// What all parts of the parser share: the cursor, the source of node ids, the diagnostics, and how it fails.
//
// A failure is reported once and sets `panicking`; whatever else goes wrong until the parser has found a place to go on
// from (the end of the statement, the next probe) is a consequence and not reported.

import type { ImportStatement, NodeIds } from '../ast.ts'
import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { Message } from '../diagnostics/message.ts'
import { readable, type SourceFile } from '../source.ts'
import type { Span } from '../span.ts'
import { endOfText } from './characters.ts'
import { syntax } from './messages.ts'
import { Scanner } from './scanner.ts'

/** How deep the parser calls itself: each level costs about a kilobyte of the JavaScript stack. */
const maxRecursion = 200

export class Parser {
  readonly scanner: Scanner
  readonly ids: NodeIds
  readonly diagnostics: Diagnostics
  panicking = false
  /** imports inside blocks, which only the parser's user can follow */
  readonly blockImports: ImportStatement[] = []
  /** `typeof(…)` was passed to something: only macros may be given that */
  hasTypeArguments = false
  private depth = 0

  constructor(
    file: SourceFile,
    ids: NodeIds,
    diagnostics: Diagnostics,
    start = 0,
    end: number = file.text.length,
  ) {
    this.scanner = new Scanner(file, start, end)
    this.ids = ids
    this.diagnostics = diagnostics
  }

  /** Reports at a given place, unless an earlier failure is still being recovered from. */
  report<Gaps extends string>(
    message: Message<Gaps>,
    span: Span,
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    hint?: string,
  ): void {
    if (this.panicking) return
    const diagnostic = this.diagnostics.report<string>(message as Message, span, gaps)
    if (hint !== undefined) diagnostic.hints.push(hint)
  }

  /** Reports that something else was expected under the cursor, and starts panicking. */
  fail(what: string, hint?: string): void {
    const span = this.tokenSpan()
    const found = this.scanner.text.slice(span.start, span.end)
    this.report(syntax.expected, span, { what }, hint ?? foreignCharacterHint(found))
    this.panicking = true
  }

  /** The thing that comes next, as far as a message underlines it. */
  tokenSpan(): Span {
    const { scanner } = this
    const start = scanner.afterLayout(scanner.at)
    return scanner.span(start, scanner.afterToken(start))
  }

  /** Layout, then the given byte, or a failure. */
  expect(code: number, hint?: string): boolean {
    if (this.scanner.take(code)) return true
    this.fail(`'${String.fromCharCode(code)}'`, hint)
    return false
  }

  /** Layout, then an identifier, or a failure; '' then. */
  expectIdentifier(what: string): string {
    const { scanner } = this
    scanner.skipLayout()
    const start = scanner.at
    const code = scanner.code
    if (code !== endOfText && !(code >= 48 && code <= 57)) {
      scanner.at = scanner.afterIdentifier(start)
      if (scanner.at > start) return scanner.text.slice(start, scanner.at)
    }
    this.fail(what)
    return ''
  }

  /** One level down; false, and the end of the parse, when that is too deep. Every call is paired with `leave`. */
  enter(): boolean {
    if (++this.depth <= maxRecursion) return true
    this.report(syntax.tooDeep, this.tokenSpan(), { limit: maxRecursion })
    this.abandon()
    return false
  }

  leave(): void {
    this.depth--
  }

  /** Gives the rest of the text up: it cannot be made sense of. */
  abandon(): void {
    this.panicking = true
    this.scanner.at = this.scanner.end
  }
}

/** What characters that look like ASCII, from a web page or a word processor, should have been. */
const lookalikes: readonly (readonly [characters: string, meant: string])[] = [
  ['\u201c\u201d\u201e\u00ab\u00bb\uff02', '"'],
  ['\u2018\u2019\uff07', "'"],
  ['\u2013\u2014\u2212', '-'],
  ['\u00a0\u3000\u200b\ufeff', ' '],
  ['\uff08', '('],
  ['\uff09', ')'],
  ['\uff0c', ','],
  ['\uff1b', ';'],
  ['\uff1a', ':'],
]

/** A next step for a character that no script has outside a string; undefined for all others. */
function foreignCharacterHint(found: string): string | undefined {
  if (found === "'") return 'strings are written in double quotes'
  const character = readable(found)
  const meant = lookalikes.find(([characters]) => found !== '' && characters.includes(character))?.[1]
  return meant === undefined ? undefined : `this is a typographic character, write a plain ${meant} instead`
}
