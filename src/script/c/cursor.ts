// A place in a list of tokens, shared by the constant expressions, the preprocessor and the declarations.

import type { Diagnostics } from '../diagnostics/diagnostics.ts'
import type { Message } from '../diagnostics/message.ts'
import type { Span } from '../span.ts'
import { c } from './messages.ts'
import type { CToken } from './token.ts'

/** Nested deeper than this, a declaration or expression is refused. */
const maxDepth = 100

export class TokenCursor {
  readonly tokens: readonly CToken[]
  at: number
  /** where a message about the end of the tokens points */
  private readonly endSpan: Span
  private readonly diagnostics: Diagnostics
  private readonly isQuiet: (span: Span) => boolean
  private depth = 0
  /** set by a failure, cleared by whoever goes on after it */
  failed = false

  constructor(
    tokens: readonly CToken[],
    endSpan: Span,
    diagnostics: Diagnostics,
    isQuiet: (span: Span) => boolean,
  ) {
    this.tokens = tokens
    this.at = 0
    this.endSpan = endSpan
    this.diagnostics = diagnostics
    this.isQuiet = isQuiet
  }

  get token(): CToken | undefined {
    return this.tokens[this.at]
  }

  /** The text of the token under the cursor, '' at the end. */
  get text(): string {
    return this.tokens[this.at]?.text ?? ''
  }

  get span(): Span {
    return this.tokens[this.at]?.span ?? this.endSpan
  }

  peek(ahead: number): string {
    return this.tokens[this.at + ahead]?.text ?? ''
  }

  take(text: string): boolean {
    if (this.tokens[this.at]?.text !== text) return false
    this.at++
    return true
  }

  expect(text: string): boolean {
    if (this.take(text)) return true
    this.fail(c.expected, { what: `'${text}'` })
    return false
  }

  /** Takes a name that is no punctuation; '' and a failure otherwise. */
  expectName(): string {
    const token = this.token
    if (token?.kind === 'name') {
      this.at++
      return token.text
    }
    this.fail(c.expected, { what: 'identifier' })
    return ''
  }

  fail<Gaps extends string>(
    message: Message<Gaps>,
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    span: Span = this.span,
  ): void {
    if (!this.failed) this.report(message, gaps, span)
    this.failed = true
  }

  /** Reports without failing. What is wrong in a system header is not the script's fault and not told. */
  report<Gaps extends string>(
    message: Message<Gaps>,
    gaps: Readonly<Record<Gaps, string | number | bigint>>,
    span: Span,
  ): void {
    if (!this.isQuiet(span)) this.diagnostics.report<string>(message as Message, span, gaps)
  }

  /** One level deeper; false when that is too deep. Paired with `leave`. */
  enter(): boolean {
    if (++this.depth <= maxDepth) return true
    this.fail(c.tooDeep, {})
    return false
  }

  leave(): void {
    this.depth--
  }

  /** Past the bracket that closes the one under the cursor, or to the end. */
  skipBalanced(open: string, close: string): void {
    let depth = 0
    for (; this.at < this.tokens.length; this.at++) {
      const { text } = this.tokens[this.at]!
      if (text === open) depth++
      else if (text === close && --depth === 0) {
        this.at++
        return
      }
    }
  }
}
