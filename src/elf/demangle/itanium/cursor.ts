// The place in a mangled name, and what was seen before it that later parts refer to.

import type { Node } from './node.ts'

/** The name is not mangled as the ABI says, or uses what this demangler does not know: it stays as it is. */
export class NotMangled extends Error {}

export class Cursor {
  readonly text: string
  at: number
  /** what `S_`, `S0_` … stand for */
  readonly substitutions: Node[] = []
  /** within the type of a conversion operator: template arguments behind a parameter are the operator's */
  inConversion = false
  #depth = 0

  constructor(text: string, at: number) {
    this.text = text
    this.at = at
  }

  peek(offset = 0): string {
    return this.text[this.at + offset] ?? ''
  }

  /** The next two characters. */
  get code(): string {
    return this.text.slice(this.at, this.at + 2)
  }

  take(what: string): boolean {
    if (!this.text.startsWith(what, this.at)) return false
    this.at += what.length
    return true
  }

  expect(what: string): void {
    if (!this.take(what)) this.fail()
  }

  fail(): never {
    throw new NotMangled()
  }

  /** Decimal digits. */
  number(): number {
    const start = this.at
    while (this.peek() >= '0' && this.peek() <= '9') this.at++
    if (this.at === start || this.at - start > 9) this.fail()
    return Number(this.text.slice(start, this.at))
  }

  /** Decimal digits with an `n` in front of negative ones, as text. */
  signedDigits(): string {
    const sign = this.take('n') ? '-' : ''
    const start = this.at
    while (this.peek() >= '0' && this.peek() <= '9') this.at++
    return sign + this.text.slice(start, this.at)
  }

  /** `_` is 0, `0_` is 1, `1_` is 2 …; in digits of `radix`. */
  sequence(radix: 10 | 36): number {
    if (this.take('_')) return 0
    const start = this.at
    while (/[0-9A-Z]/.test(this.peek())) this.at++
    const digits = this.text.slice(start, this.at)
    const value = Number.parseInt(digits, radix)
    if (digits.length > 6 || Number.isNaN(value) || !this.take('_')) this.fail()
    return value + 1
  }

  /** Runs `parse` one level deeper: names can nest so deep that the stack ends. */
  deeper<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail()
    const result = parse()
    this.#depth--
    return result
  }
}

const MAX_DEPTH = 192
