// A place in a line's tokens, and the small things that every form of instruction is made of.
import { syntaxError, type Token } from './token.ts'

export interface Register {
  readonly number: number
  /** r, all 64 bits, or w, the lower half */
  readonly wide: boolean
}

/** What is asked for and does not come next is an AsmError (ASM_SYNTAX) with line and column. */
export class TokenCursor {
  readonly #tokens: readonly Token[]
  readonly #line: number
  /** index of the next token; set back to look at tokens again */
  at = 0

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens
    this.#line = line
  }

  register(): Register {
    return this.tryRegister() ?? this.fail('expected a register, r0 to r10 or w0 to w10')
  }

  /** The register that comes next, if one does. */
  tryRegister(): Register | undefined {
    if (!this.isRegisterAt(0)) return undefined
    const { text } = this.#tokens[this.at++]!
    return { number: Number(text.slice(1)), wide: text[0] === 'r' }
  }

  /** Whether a register comes next, or `ahead` tokens later. */
  isRegisterAt(ahead: number): boolean {
    const token = this.#tokens[this.at + ahead]
    return token?.kind === 'word' && !token.quoted && /^[rw]([0-9]|10)$/.test(token.text)
  }

  /** A number with any signs before it. */
  number(): number {
    let sign = 1
    while (this.isSign()) sign *= this.#tokens[this.at++]!.text === '-' ? -1 : 1
    if (this.peek().kind !== 'number') this.fail('expected a number')
    const value = Number(this.#tokens[this.at++]!.text)
    return sign < 0 && value !== 0 ? -value : value
  }

  /** Any word, quoted or not; `what` names it in the error. */
  word(what: string): string {
    if (this.peek().kind !== 'word') this.fail(`expected ${what}`)
    return this.#tokens[this.at++]!.text
  }

  /** Exactly this symbol or word. */
  symbol(text: string): void {
    if (!this.is(text)) this.fail(`expected "${text}"`)
    this.at++
  }

  /** Whether the next token, or one after it, is this word or symbol; a quoted name never is. */
  is(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.at + ahead]
    return token?.text === text && !token.quoted
  }

  /** Whether + or - comes next. */
  isSign(ahead = 0): boolean {
    return this.is('-', ahead) || this.is('+', ahead)
  }

  /** The next token, left where it is. */
  peek(): Token {
    const last = this.#tokens.at(-1)
    const end = last === undefined ? 1 : last.column + last.text.length
    return this.#tokens[this.at] ?? { kind: 'end', text: '', quoted: false, column: end }
  }

  /** Fails at the next token, or at one before it. */
  fail(message: string, back = 0): never {
    this.at += back
    throw syntaxError(message, this.#line, this.peek().column)
  }

  /** Like `number`, of any size. */
  bigint(): bigint {
    let negative = false
    while (this.isSign()) negative = (this.#tokens[this.at++]!.text === '-') !== negative
    if (this.peek().kind !== 'number') this.fail('expected a number')
    const value = BigInt(this.#tokens[this.at++]!.text)
    return negative ? -value : value
  }

  /** How many tokens the number that comes next has, signs included; undefined if none comes. */
  numberEnd(): number | undefined {
    let ahead = 0
    while (this.isSign(ahead)) ahead++
    return this.#tokens[this.at + ahead]?.kind === 'number' ? ahead + 1 : undefined
  }

  skip(count = 1): void {
    this.at += count
  }
}
