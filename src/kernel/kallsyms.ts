// The kernel's symbols: name to address and address to name, from one reading of /proc/kallsyms.

import { readFileSync } from 'node:fs'
import { BeetraceError } from '../errors/errors.ts'

/** One line of kallsyms. */
export interface KernelSymbol {
  readonly name: string
  readonly address: bigint
  /** the letter nm(1) uses: `T` global text, `t` local text, `D` data … */
  readonly type: string
  /** the module it belongs to, `bpf` for a loaded BPF program; absent for the kernel itself */
  readonly module?: string
}

/** A symbol and how far into it an address lies, in bytes. */
export interface SymbolOffset {
  readonly symbol: KernelSymbol
  readonly offset: number
}

/**
 * Reads the symbols as they are now: a snapshot, which loading a module or a BPF program makes incomplete. Its
 * owner decides how long it is good for. The kernel takes some 30 ms to print the file's 5 to 12 MB.
 */
export function readKernelSymbols(): KernelSymbols {
  return new KernelSymbols(readFileSync('/proc/kallsyms'))
}

/**
 * The symbols of one kernel. The text stays as it came and only numbers are kept beside it: 100,000 to 300,000
 * lines make 12 bytes each instead of as many objects. What orders them is built when first asked for.
 */
export class KernelSymbols {
  readonly #text: Buffer
  readonly #count: number
  /** where each line's type letter stands; the name starts two bytes on and ends before a tab or newline */
  readonly #typeAt: Uint32Array
  /**
   * Addresses as signed 64-bit numbers. Kernel text lies in the last 2^47 (x86-64) or 2^52 (arm64) bytes of the
   * address space, so as negative numbers they are exact in a double.
   */
  readonly #address: Float64Array
  #byName: Uint32Array | undefined
  #byAddress: Uint32Array | undefined

  /** @param text the bytes of a kallsyms file; lines of another shape are left out */
  constructor(text: Uint8Array) {
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    const typeAt = new Uint32Array(countLines(this.#text))
    const address = new Float64Array(typeAt.length)
    let count = 0
    let hasAddresses = false
    for (let start = 0; start < text.length; ) {
      let end = this.#text.indexOf(NEWLINE, start)
      if (end < 0) end = text.length
      if (isSymbolLine(text, start, end)) {
        typeAt[count] = start + 17
        const value = hex32(text, start) * 2 ** 32 + (hex32(text, start + 8) >>> 0)
        address[count++] = value
        if (value !== 0) hasAddresses = true
      }
      start = end + 1
    }
    this.#count = count
    this.#typeAt = typeAt.subarray(0, count)
    this.#address = address.subarray(0, count)
    this.hasAddresses = hasAddresses
  }

  /** False when the kernel showed zeros in place of the addresses to this process. */
  readonly hasAddresses: boolean

  /** Number of symbols. */
  get size(): number {
    return this.#count
  }

  /** Whether a symbol of this name exists; works on a kernel that hides addresses, too. */
  has(name: string): boolean {
    return this.#findByName(name).length > 0
  }

  /**
   * Every symbol of that exact name, in file order; static functions of different files may share one. Empty when
   * there is none.
   * @throws BeetraceError `KALLSYMS_RESTRICTED` when the kernel hides the addresses
   */
  lookup(name: string): KernelSymbol[] {
    this.#requireAddresses()
    return this.#findByName(name).map(i => this.#symbol(i))
  }

  /**
   * The symbol that `address` lies in, or undefined for an address outside the kernel's and its modules' symbols.
   * Of several symbols at one address the first in the file, as the kernel's own stack traces choose.
   * @throws BeetraceError `KALLSYMS_RESTRICTED` when the kernel hides the addresses
   */
  symbolAt(address: bigint): SymbolOffset | undefined {
    this.#requireAddresses()
    const signed = BigInt.asIntN(64, address)
    // Positive addresses are user space's, and in kallsyms offsets of per-CPU variables.
    if (signed >= 0n || signed < -(2n ** 52n)) return undefined
    const target = Number(signed)
    const order = (this.#byAddress ??= sortByAddress(this.#address))
    let low = 0
    let high = order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#address[order[middle]!]! <= target) low = middle + 1
      else high = middle
    }
    if (low === 0) return undefined
    const start = this.#address[order[low - 1]!]!
    if (start >= 0) return undefined
    const next = order[low]
    let first = low - 1
    while (first > 0 && this.#address[order[first - 1]!] === start) first--
    const symbol = this.#symbol(order[first]!)
    const offset = target - start
    // Where no further symbol of the same module bounds it, an address far behind belongs to something unnamed.
    const bounded = next !== undefined && this.#module(next) === symbol.module
    return offset > MAX_OPEN_ENDED_BYTES && !bounded ? undefined : { symbol, offset }
  }

  /** All symbols in file order, made one at a time. Addresses are 0 when the kernel hides them. */
  *[Symbol.iterator](): Generator<KernelSymbol> {
    for (let i = 0; i < this.#count; i++) yield this.#symbol(i)
  }

  #symbol(index: number): KernelSymbol {
    const at = this.#typeAt[index]!
    const module = this.#module(index)
    return {
      name: this.#text.toString('latin1', at + 2, this.#nameEnd(index)),
      address: BigInt.asUintN(64, BigInt(this.#address[index]!)),
      type: String.fromCharCode(this.#text[at]!),
      ...(module === undefined ? {} : { module }),
    }
  }

  #nameEnd(index: number): number {
    let end = this.#typeAt[index]! + 2
    while (end < this.#text.length && this.#text[end]! > SPACE) end++
    return end
  }

  /** The text in brackets after the name. */
  #module(index: number): string | undefined {
    const at = this.#nameEnd(index)
    if (this.#text[at] !== TAB || this.#text[at + 1] !== BRACKET) return undefined
    const end = this.#text.indexOf(']', at)
    return end < 0 ? undefined : this.#text.toString('latin1', at + 2, end)
  }

  #findByName(name: string): number[] {
    const key = Buffer.from(name, 'latin1')
    const table = (this.#byName ??= this.#indexNames())
    const found: number[] = []
    for (let slot = hashName(key, 0) & (table.length - 1); table[slot] !== 0; ) {
      const index = table[slot]! - 1
      const at = this.#typeAt[index]! + 2
      if (
        this.#nameEnd(index) - at === key.length &&
        this.#text.compare(key, 0, key.length, at, at + key.length) === 0
      )
        found.push(index)
      slot = (slot + 1) & (table.length - 1)
    }
    return found
  }

  /** Open addressing, index + 1 in each slot, a third full at most. */
  #indexNames(): Uint32Array {
    const table = new Uint32Array(2 ** Math.ceil(Math.log2(this.#count * 2 + 2)))
    for (let i = 0; i < this.#count; i++) {
      let slot = hashName(this.#text, this.#typeAt[i]! + 2) & (table.length - 1)
      while (table[slot] !== 0) slot = (slot + 1) & (table.length - 1)
      table[slot] = i + 1
    }
    return table
  }

  #requireAddresses(): void {
    if (this.hasAddresses || this.#count === 0) return
    throw new BeetraceError(
      'KALLSYMS_RESTRICTED',
      'the kernel hides symbol addresses from this process (/proc/kallsyms shows zeros): ' +
        'run as root or with CAP_SYSLOG; if that does not help, `sysctl kernel.kptr_restrict` is 2 and must be 1 or 0',
    )
  }
}

/** No function is longer; only the last symbol of a module or of the kernel is held against this. */
const MAX_OPEN_ENDED_BYTES = 1 << 20

const TAB = 9
const NEWLINE = 10
const SPACE = 32
const BRACKET = 0x5b

/** `ffffffff81000000 T _text` and `ffffffffc0000000 t helper\t[module]` (kernel/kallsyms.c, s_show). */
function isSymbolLine(text: Uint8Array, start: number, end: number): boolean {
  if (end - start < 20 || text[start + 16] !== SPACE || text[start + 18] !== SPACE) return false
  if (text[start + 17]! <= SPACE || text[start + 19]! <= SPACE) return false
  for (let i = start; i < start + 16; i++) if (HEX_DIGIT[text[i]!]! < 0) return false
  return true
}

/** Eight hex digits as a signed 32-bit number. */
function hex32(text: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < at + 8; i++) value = (value << 4) | HEX_DIGIT[text[i]!]!
  return value
}

const HEX_DIGIT = new Int8Array(256).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  HEX_DIGIT[digit.toString(16).charCodeAt(0)] = digit
  HEX_DIGIT[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

function countLines(text: Buffer): number {
  let count = text.length > 0 ? 1 : 0
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}

/** FNV-1a over the name that starts at `at` and ends before white space or with the bytes. */
function hashName(bytes: Uint8Array, at: number): number {
  let h = 0x811c9dc5
  for (let i = at; i < bytes.length && bytes[i]! > SPACE; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
  return h ^ (h >>> 15)
}

/** Indexes in ascending order of address; those of one address keep the file's order. */
function sortByAddress(address: Float64Array): Uint32Array {
  const order = new Uint32Array(address.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  return order.sort((a, b) => address[a]! - address[b]! || a - b)
}
