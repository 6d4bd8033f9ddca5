// Rust names of the v0 scheme (RFC 2603; the reference's chapter "v0 Symbol Format"), printed while they are read.

import { decodePunycode } from './punycode.ts'

/**
 * The path that a v0 Rust symbol stands for, without hashes of crates and without the crate that made the instance:
 * `<alloc::vec::Vec<u8> as core::ops::Drop>::drop`. Undefined for any other symbol.
 */
export function demangleRustV0(symbol: string): string | undefined {
  const start = symbol.startsWith('_R') ? 2 : symbol.startsWith('__R') ? 3 : 0
  // digits would be a later version of the scheme; a path begins with a capital letter
  if (start === 0 || !/^[A-Z]/.test(symbol.slice(start))) return undefined
  const suffix = /[.$].*$/.exec(symbol.slice(start))?.[0] ?? ''
  const body = symbol.slice(start, symbol.length - suffix.length)
  if (!/^[\w]*$/.test(body)) return undefined
  try {
    return new Demangler(body).symbol()
  } catch (error) {
    if (error instanceof NotMangled) return undefined
    throw error
  }
}

class NotMangled extends Error {}

const MAX_LENGTH = 1 << 16
const MAX_DEPTH = 192
const MAX_STEPS = 1 << 17

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
}

class Demangler {
  readonly #text: string
  #at = 0
  #out = ''
  #silent = 0
  #depth = 0
  #steps = 0
  /** lifetimes bound by the `for<…>` around */
  #lifetimes = 0

  constructor(text: string) {
    this.#text = text
  }

  symbol(): string {
    this.#path(true)
    if (this.#at < this.#text.length) {
      this.#silent++ // the crate that made this instance of a generic function
      this.#path(false)
    }
    if (this.#at !== this.#text.length) this.#fail()
    return this.#out
  }

  #fail(): never {
    throw new NotMangled()
  }

  #print(text: string): void {
    if (this.#silent > 0) return
    this.#out += text
    if (this.#out.length > MAX_LENGTH) this.#fail()
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false
    this.#at++
    return true
  }

  #next(): string {
    return this.#text[this.#at++] ?? this.#fail()
  }

  /** `_` is 0, `0_` is 1 … in base 62 */
  #base62(): number {
    if (this.#take('_')) return 0
    let value = 0
    for (;;) {
      const letter = this.#next()
      if (letter === '_') return value + 1
      value = value * 62 + BASE62.indexOf(letter)
      // hashes of crates have 64 bits and lose their last ones, which nobody sees
      if (value > 2 ** 70) this.#fail()
    }
  }

  /** The number behind a letter, plus one; 0 when the letter is not there. */
  #optional(letter: string): number {
    return this.#take(letter) ? this.#base62() + 1 : 0
  }

  #identifier(): string {
    const encoded = this.#take('u')
    const digits = /^(?:0|[1-9]\d{0,5})/.exec(this.#text.slice(this.#at, this.#at + 6))?.[0] ?? this.#fail()
    this.#at += digits.length
    this.#take('_')
    const end = this.#at + Number(digits)
    if (end > this.#text.length) this.#fail()
    const text = this.#text.slice(this.#at, end)
    this.#at = end
    return encoded ? (decodePunycode(text) ?? this.#fail()) : text
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH || ++this.#steps > MAX_STEPS) this.#fail()
    const result = parse()
    this.#depth--
    return result
  }

  /** Reads again what stands at an earlier place. What is not printed need not be read: it was, once. */
  #backref<T>(parse: () => T, otherwise: T): T {
    const start = this.#at - 1
    const target = this.#base62()
    if (target >= start) this.#fail()
    if (this.#silent > 0) return otherwise
    const after = this.#at
    this.#at = target
    const result = this.#deeper(parse)
    this.#at = after
    return result
  }

  /** Items up to an `E`, with something between them. */
  #list(separator: string, item: () => void): number {
    let count = 0
    for (; !this.#take('E'); count++) {
      if (count > 0) this.#print(separator)
      item()
    }
    return count
  }

  #path(inValue: boolean): void {
    this.#deeper(() => {
      const kind = this.#next()
      switch (kind) {
        case 'C':
          this.#optional('s')
          this.#print(this.#identifier())
          return
        case 'N':
          this.#nested(inValue)
          return
        case 'M':
        case 'X':
        case 'Y':
          if (kind !== 'Y') {
            // where the impl stands is not shown
            this.#optional('s')
            this.#silent++
            this.#path(false)
            this.#silent--
          }
          this.#print('<')
          this.#type()
          if (kind !== 'M') {
            this.#print(' as ')
            this.#path(false)
          }
          this.#print('>')
          return
        case 'I':
          this.#path(inValue)
          this.#print(inValue ? '::<' : '<')
          this.#list(', ', () => this.#genericArg())
          this.#print('>')
          return
        case 'B':
          this.#backref(() => this.#path(inValue), undefined)
          return
        default:
          return this.#fail()
      }
    })
  }

  #nested(inValue: boolean): void {
    const namespace = this.#next()
    if (!/[a-zA-Z]/.test(namespace)) this.#fail()
    this.#path(inValue)
    const disambiguator = this.#optional('s')
    const name = this.#identifier()
    if (namespace >= 'a') {
      if (name !== '') this.#print(`::${name}`)
      return
    }
    const special = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace
    this.#print(`::{${special}${name === '' ? '' : `:${name}`}#${disambiguator}}`)
  }

  #genericArg(): void {
    if (this.#take('L')) this.#lifetime(this.#base62())
    else if (this.#take('K')) this.#constant(false)
    else this.#type()
  }

  #lifetime(index: number): void {
    if (index === 0) {
      this.#print("'_")
      return
    }
    const depth = this.#lifetimes - index
    if (depth < 0) this.#fail()
    this.#print(depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`)
  }

  /** `for<'a, 'b> ` around what `parse` reads. */
  #binder(parse: () => void): void {
    const bound = this.#optional('G')
    if (bound > MAX_DEPTH) this.#fail()
    if (bound > 0) {
      this.#print('for<')
      for (let i = 0; i < bound; i++) {
        if (i > 0) this.#print(', ')
        this.#lifetimes++
        this.#lifetime(1)
      }
      this.#print('> ')
    }
    parse()
    this.#lifetimes -= bound
  }

  #type(): void {
    const tag = this.#next()
    const basic = BASIC_TYPES[tag]
    if (basic !== undefined) {
      this.#print(basic)
      return
    }
    this.#deeper(() => {
      switch (tag) {
        case 'R':
        case 'Q': {
          this.#print('&')
          const lifetime = this.#take('L') ? this.#base62() : 0
          if (lifetime > 0) {
            this.#lifetime(lifetime)
            this.#print(' ')
          }
          if (tag === 'Q') this.#print('mut ')
          this.#type()
          return
        }
        case 'P':
        case 'O':
          this.#print(tag === 'P' ? '*const ' : '*mut ')
          this.#type()
          return
        case 'A':
        case 'S':
          this.#print('[')
          this.#type()
          if (tag === 'A') {
            this.#print('; ')
            this.#constant(true)
          }
          this.#print(']')
          return
        case 'T': {
          this.#print('(')
          const count = this.#list(', ', () => this.#type())
          this.#print(count === 1 ? ',)' : ')')
          return
        }
        case 'F':
          this.#binder(() => this.#function())
          return
        case 'D': {
          this.#print('dyn ')
          this.#binder(() => this.#list(' + ', () => this.#dynTrait()))
          if (!this.#take('L')) this.#fail()
          const lifetime = this.#base62()
          if (lifetime === 0) return
          this.#print(' + ')
          this.#lifetime(lifetime)
          return
        }
        case 'B':
          this.#backref(() => this.#type(), undefined)
          return
        default:
          this.#at--
          this.#path(false)
          return
      }
    })
  }

  #function(): void {
    if (this.#take('U')) this.#print('unsafe ')
    if (this.#take('K'))
      this.#print(`extern "${this.#take('C') ? 'C' : this.#identifier().replaceAll('_', '-')}" `)
    this.#print('fn(')
    this.#list(', ', () => this.#type())
    this.#print(')')
    if (this.#take('u')) return
    this.#print(' -> ')
    this.#type()
  }

  #dynTrait(): void {
    let open = this.#openPath()
    while (this.#take('p')) {
      this.#print(open ? ', ' : '<')
      open = true
      this.#print(`${this.#identifier()} = `)
      this.#type()
    }
    if (open) this.#print('>')
  }

  /** A path whose generic arguments are left open, for associated types to follow. Whether there are any. */
  #openPath(): boolean {
    if (this.#take('B')) return this.#backref(() => this.#openPath(), false)
    if (!this.#take('I')) {
      this.#path(false)
      return false
    }
    this.#path(false)
    this.#print('<')
    this.#list(', ', () => this.#genericArg())
    return true
  }

  /** @param inValue whether it stands within another value, where braces around are not needed */
  #constant(inValue: boolean): void {
    this.#deeper(() => {
      const tag = this.#next()
      const compound = (write: () => void): void => {
        if (!inValue) this.#print('{')
        write()
        if (!inValue) this.#print('}')
      }
      switch (tag) {
        case 'p':
          this.#print('_')
          return
        case 'B':
          this.#backref(() => this.#constant(inValue), undefined)
          return
        case 'h':
        case 't':
        case 'm':
        case 'y':
        case 'o':
        case 'j':
          this.#print(String(this.#integer()))
          return
        case 'a':
        case 's':
        case 'l':
        case 'x':
        case 'n':
        case 'i':
          if (this.#take('n')) this.#print('-')
          this.#print(String(this.#integer()))
          return
        case 'b': {
          const value = this.#integer()
          return value > 1n ? this.#fail() : this.#print(value === 1n ? 'true' : 'false')
        }
        case 'c': {
          const code = this.#integer()
          return code > 0x10ffffn ? this.#fail() : this.#print(quote(String.fromCodePoint(Number(code)), "'"))
        }
        case 'e':
          return compound(() => {
            this.#print('*')
            this.#string()
          })
        case 'R':
        case 'Q':
          // &str is written as its literal
          if (tag === 'R' && this.#take('e')) {
            this.#string()
            return
          }
          return compound(() => {
            this.#print(tag === 'R' ? '&' : '&mut ')
            this.#constant(true)
          })
        case 'A':
          return compound(() => {
            this.#print('[')
            this.#list(', ', () => this.#constant(true))
            this.#print(']')
          })
        case 'T':
          return compound(() => {
            this.#print('(')
            const count = this.#list(', ', () => this.#constant(true))
            this.#print(count === 1 ? ',)' : ')')
          })
        case 'V':
          return compound(() => this.#variant())
        default:
          return this.#fail()
      }
    })
  }

  /** A value of a struct or an enum: unit, tuple or with named fields. */
  #variant(): void {
    this.#path(true)
    switch (this.#next()) {
      case 'U':
        return
      case 'T':
        this.#print('(')
        this.#list(', ', () => this.#constant(true))
        this.#print(')')
        return
      case 'S':
        this.#print(' { ')
        this.#list(', ', () => {
          this.#optional('s')
          this.#print(`${this.#identifier()}: `)
          this.#constant(true)
        })
        this.#print(' }')
        return
      default:
        this.#fail()
    }
  }

  #hex(): string {
    const digits = /^[0-9a-f]{0,8192}/.exec(this.#text.slice(this.#at, this.#at + 8193))![0]
    this.#at += digits.length
    return this.#take('_') ? digits : this.#fail()
  }

  #integer(): bigint {
    const digits = this.#hex()
    return digits.length > 32 ? this.#fail() : BigInt(`0x${digits || '0'}`)
  }

  #string(): void {
    this.#print(quote(Buffer.from(this.#hex(), 'hex').toString('utf8'), '"'))
  }
}

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** As Rust writes a literal. */
const quote = (text: string, mark: string): string =>
  mark +
  Array.from(text, character => (character === mark ? `\\${mark}` : escapeCharacter(character))).join('') +
  mark

function escapeCharacter(character: string): string {
  const short = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
  return short ?? (character < ' ' ? `\\u{${character.charCodeAt(0).toString(16)}}` : character)
}
