// From an address to the function around it.

import { STB_GLOBAL, STB_WEAK } from './constants.ts'
import type { SymbolTable } from './symbol-table.ts'

/** A function and how far into it an address lies. */
export interface FunctionOffset {
  readonly name: string
  readonly offset: number
}

/** One symbol of one of the tables. */
export interface FunctionSymbol {
  readonly table: SymbolTable
  readonly index: number
}

/**
 * The functions of a binary by address, over one or more symbol tables (`.symtab`, `.dynsym`, those of a debug file).
 * Of several names for one address the first table's wins, then a global over a weak over a local one, then the one
 * with fewer underscores in front, then the shorter: `malloc`, not `__libc_malloc`.
 */
export class FunctionIndex {
  readonly #symbols: readonly SymbolTable[]
  /** start addresses, ascending, each once */
  readonly #start: Float64Array
  /** position of the table in `#symbols`, and index in it */
  readonly #table: Uint8Array
  readonly #index: Uint32Array
  /** the largest end of all functions up to this one: where a search backwards may stop */
  readonly #reach: Float64Array

  constructor(tables: readonly SymbolTable[]) {
    this.#symbols = tables.slice(0, 255)
    const { start, table, index, count } = sortedStarts(this.#symbols)
    let kept = 0
    for (let i = 0; i < count; i++) {
      if (kept > 0 && start[kept - 1] === start[i]) {
        if (this.#better(table[i]!, index[i]!, table[kept - 1]!, index[kept - 1]!)) {
          table[kept - 1] = table[i]!
          index[kept - 1] = index[i]!
        }
        continue
      }
      start[kept] = start[i]!
      table[kept] = table[i]!
      index[kept++] = index[i]!
    }
    this.#start = start.subarray(0, kept)
    this.#table = table.subarray(0, kept)
    this.#index = index.subarray(0, kept)
    this.#reach = new Float64Array(kept)
    let reach = Number.NEGATIVE_INFINITY
    for (let i = 0; i < kept; i++) this.#reach[i] = reach = Math.max(reach, this.#end(i))
  }

  /** Number of different addresses. */
  get size(): number {
    return this.#start.length
  }

  /** The innermost function around an address of the file; undefined when it lies in none. */
  at(address: number): FunctionOffset | undefined {
    const found = this.symbolAt(address)
    if (found === undefined) return undefined
    return { name: found.table.name(found.index), offset: address - found.table.value[found.index]! }
  }

  /** The same as a place in a table: what needs the name only once in a while keeps this. */
  symbolAt(address: number): FunctionSymbol | undefined {
    let low = 0
    let high = this.#start.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#start[middle]! <= address) low = middle + 1
      else high = middle
    }
    for (let i = low - 1; i >= 0 && this.#reach[i]! > address; i--)
      if (this.#end(i) > address) return { table: this.#symbols[this.#table[i]!]!, index: this.#index[i]! }
    return undefined
  }

  /** Assembler functions often have no size: they go up to the next one. */
  #end(i: number): number {
    const size = this.#symbols[this.#table[i]!]!.sizeBytes[this.#index[i]!]!
    return size > 0 ? this.#start[i]! + size : (this.#start[i + 1] ?? this.#start[i]! + LAST_UNSIZED_BYTES)
  }

  #better(table: number, index: number, thanTable: number, thanIndex: number): boolean {
    if (table !== thanTable) return table < thanTable
    const symbols = this.#symbols[table]!
    const rank = BINDING_RANK(symbols.binding(index)) - BINDING_RANK(symbols.binding(thanIndex))
    if (rank !== 0) return rank < 0
    const [name, than] = [symbols.name(index), symbols.name(thanIndex)]
    const underscores = leadingUnderscores(name) - leadingUnderscores(than)
    return underscores !== 0 ? underscores < 0 : name.length < than.length
  }
}

const LAST_UNSIZED_BYTES = 4096

const BINDING_RANK = (binding: number) => (binding === STB_GLOBAL ? 0 : binding === STB_WEAK ? 1 : 2)

const leadingUnderscores = (name: string) => /^_*/.exec(name)![0].length

/** The functions of all tables in ascending order of address. */
function sortedStarts(tables: readonly SymbolTable[]) {
  let count = 0
  for (const table of tables) for (let i = 0; i < table.count; i++) if (isPlace(table, i)) count++
  const start = new Float64Array(count)
  const table = new Uint8Array(count)
  const index = new Uint32Array(count)
  let next = 0
  for (const [t, symbols] of tables.entries())
    for (let i = 0; i < symbols.count; i++) {
      if (!isPlace(symbols, i)) continue
      start[next] = symbols.value[i]!
      table[next] = t
      index[next++] = i
    }
  const order = ascending(start)
  const sorted = {
    count,
    start: new Float64Array(count),
    table: new Uint8Array(count),
    index: new Uint32Array(count),
  }
  for (let i = 0; i < count; i++) {
    sorted.start[i] = start[order[i]!]!
    sorted.table[i] = table[order[i]!]!
    sorted.index[i] = index[order[i]!]!
  }
  return sorted
}

const isPlace = (table: SymbolTable, index: number) => table.isFunction(index) && table.value[index] !== 0

/**
 * Positions in ascending order of value, equal ones in their own order. Where value and position fit one double, the
 * engine sorts plain numbers, five times faster than with a comparison in JavaScript.
 */
function ascending(values: Float64Array): Uint32Array {
  const count = values.length
  const order = new Uint32Array(count)
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < count; i++) {
    lowest = Math.min(lowest, values[i]!)
    highest = Math.max(highest, values[i]!)
  }
  if ((highest - lowest + 1) * count >= Number.MAX_SAFE_INTEGER) {
    for (let i = 0; i < count; i++) order[i] = i
    return order.sort((a, b) => values[a]! - values[b]! || a - b)
  }
  const keys = new Float64Array(count)
  for (let i = 0; i < count; i++) keys[i] = (values[i]! - lowest) * count + i
  keys.sort()
  for (let i = 0; i < count; i++) order[i] = keys[i]! % count
  return order
}
