// Parsed BTF, lazily: opening looks at the header only. The offsets of type records are found in one linear pass
// that stops as soon as it has reached what was asked for, names are found by searching the sections as bytes,
// and a type becomes an object when someone asks for it. The kernel's BTF has some 130,000 types and 2 MB of
// strings; a look-up and a few members should not pay for them.

import { BtfError } from '../errors/index.ts'
import { type BtfSections, cutSections } from './header.ts'
import { inflate } from './inflate.ts'
import { type BtfKind, infoKind, KIND_NAMES } from './kinds.ts'
import type { BtfEnum, BtfEnum64, BtfFunc, BtfFuncProto, BtfType } from './type.ts'

/** The types that `kind` K may be: BtfComposite for 'struct', say, which also has 'union'. */
type OfKind<K extends BtfKind, T = BtfType> = T extends { readonly kind: infer L }
  ? K extends L
    ? T
    : never
  : never

/**
 * Opens raw BTF (/sys/kernel/btf/*, or an ELF's .BTF section). The bytes are referenced, not copied: they must
 * not change afterwards. With `base`, `bytes` is split BTF (a module's) whose ids and strings continue the base's.
 * Throws BtfError when the header is wrong; a malformed type throws when it is reached.
 */
export function parseBtf(bytes: Uint8Array, base?: Btf): Btf {
  return new Btf(cutSections(bytes), base)
}

export class Btf {
  /** byte order of the values that the types describe */
  readonly littleEndian: boolean
  readonly base: Btf | undefined
  /** id of the first type of this blob: 1, or one past the last type of the base */
  readonly firstId: number
  /** length of the base's strings, which name offsets count first */
  readonly #firstString: number
  readonly #sections: BtfSections
  /** word offset of type `firstId + i`, filled up to `#indexed` */
  readonly #offsets: Uint32Array
  #indexed = 0
  /** where in the type section the next record to index starts */
  #nextWord = 0
  readonly #types = new Map<number, BtfType>()
  readonly #nameOffsets = new Map<string, number>()
  readonly #idsByKind = new Map<BtfKind, ReadonlyMap<string, number>>()

  /** Use `parseBtf`. */
  constructor(sections: BtfSections, base?: Btf) {
    this.#sections = sections
    this.littleEndian = sections.littleEndian
    this.base = base
    this.firstId = base ? base.typeCount + 1 : 1
    this.#firstString = base ? base.stringBytes : 0
    // the smallest record has 3 words; memory of the part never written to is never touched
    this.#offsets = new Uint32Array(Math.floor(sections.words.length / 3))
  }

  /** Highest type id, base included. The first call walks all type records (some 6 ms for a kernel). */
  get typeCount(): number {
    this.#indexAll()
    return this.firstId - 1 + this.#indexed
  }

  /** Length of the string sections in bytes, base included. */
  get stringBytes(): number {
    return this.#firstString + this.#sections.strings.length
  }

  /** The type of that id. Types are made once: equal ids give the same object. Throws BtfError if there is none. */
  type(id: number): BtfType {
    if (id === 0) return VOID
    if (this.base && id < this.firstId) return this.base.type(id)
    const known = this.#types.get(id)
    if (known) return known
    const index = id - this.firstId
    if (!Number.isInteger(id) || index < 0) throw new BtfError(`no BTF type has the id ${id}`)
    while (this.#indexed <= index && this.#indexMore()) {}
    if (this.#indexed <= index) {
      throw new BtfError(`no BTF type has the id ${id}: the last one is ${this.typeCount}`)
    }
    const type = inflate(id, this.#sections.words, this.#offsets[index]!, this)
    this.#types.set(id, type)
    return type
  }

  /** The string at an offset as `name_off` has it. Throws BtfError if it lies outside. */
  string(offset: number): string {
    if (offset < this.#firstString) return this.base!.string(offset)
    const { strings } = this.#sections
    const start = offset - this.#firstString
    if (start === 0 && !this.base) return ''
    if (start >= strings.length) {
      throw new BtfError(
        `BTF string offset ${offset} lies outside of the ${this.stringBytes} bytes of strings`,
      )
    }
    return strings.toString('utf8', start, strings.indexOf(0, start))
  }

  /**
   * The first type of that name, in id order, base first; of `kind` only, if given.
   * Without `kind`, `foo` finds `struct foo` and `typedef foo` alike.
   */
  find(name: string): BtfType | undefined
  find<K extends BtfKind>(name: string, kind: K): OfKind<K> | undefined
  find(name: string, kind?: BtfKind): BtfType | undefined {
    for (const type of this.search(name, kind)) return type
    return undefined
  }

  /** All types of that name, in id order. */
  findAll(name: string): BtfType[]
  findAll<K extends BtfKind>(name: string, kind: K): OfKind<K>[]
  findAll(name: string, kind?: BtfKind): BtfType[] {
    return [...this.search(name, kind)]
  }

  /** Like `find`, but throws BtfError if there is no such type. */
  get<K extends BtfKind>(name: string, kind: K): OfKind<K> {
    const type = this.find(name, kind)
    if (!type) throw new BtfError(`no ${kind} "${name}" in this BTF`)
    return type
  }

  /** The function of that name with its prototype. */
  func(name: string): { readonly func: BtfFunc; readonly proto: BtfFuncProto } | undefined {
    const func = this.find(name, 'func')
    if (!func) return undefined
    const proto = this.type(func.typeId)
    if (proto.kind !== 'funcProto')
      throw new BtfError(`function "${name}" has a ${proto.kind} for a prototype`)
    return { func, proto }
  }

  /** All types of that name, found as they are asked for. */
  *search(name: string, kind?: BtfKind): Generator<BtfType> {
    if (this.base) yield* this.base.search(name, kind)
    // any word may equal the name's offset; what follows it tells a type record from a member, and then the
    // index (walked only as far as needed) tells for certain
    for (const word of this.#wordsWithName(name)) {
      if (!this.#looksLikeType(word, kind)) continue
      const id = this.#idAt(word)
      if (id !== undefined) yield this.type(id)
    }
  }

  /**
   * Ids of all types that have one of these names, of any kind and in id order, by name; names without any are missing. One walk
   * over all records, for who asks for many: each `search` is one of its own.
   */
  idsOfNames(names: Iterable<string>): Map<string, number[]> {
    this.#indexAll()
    const wanted = [...names]
    const found = this.base?.idsOfNames(wanted) ?? new Map<string, number[]>()
    const byOffset = new Map<number, string>()
    for (const name of wanted) for (const offset of this.#offsetsOf(name)) byOffset.set(offset, name)
    const { words } = this.#sections
    for (let i = 0; i < this.#indexed; i++) {
      const name = byOffset.get(words[this.#offsets[i]!]!)
      if (name === undefined) continue
      const ids = found.get(name)
      if (ids === undefined) found.set(name, [this.firstId + i])
      else ids.push(this.firstId + i)
    }
    return found
  }

  /**
   * Ids of all types of a kind by name, the first of each; base first. Made once and kept: for who looks up thousands
   * (some 40 ms and 5 MB for the functions of a kernel), while `find` costs a millisecond and nothing after it.
   */
  idsByName(kind: BtfKind): ReadonlyMap<string, number> {
    let ids = this.#idsByKind.get(kind)
    if (ids === undefined) {
      this.#indexAll()
      const made = new Map(this.base?.idsByName(kind))
      const { words } = this.#sections
      for (let i = 0; i < this.#indexed; i++) {
        const word = this.#offsets[i]!
        if ((KIND_NAMES[infoKind(words[word + 1]!)] ?? 'unknown') !== kind) continue
        const name = this.string(words[word]!)
        if (name !== '' && !made.has(name)) made.set(name, this.firstId + i)
      }
      ids = made
      this.#idsByKind.set(kind, ids)
    }
    return ids
  }

  /** Every name that starts so, of whatever it is the name, in the order of the strings; base first. */
  *namesWithPrefix(prefix: string): Generator<string> {
    if (this.base) yield* this.base.namesWithPrefix(prefix)
    const { strings } = this.#sections
    const sought = Buffer.from(`\0${prefix}`)
    for (let at = strings.indexOf(sought); at >= 0; at = strings.indexOf(sought, at + 1)) {
      yield strings.toString('utf8', at + 1, strings.indexOf(0, at + 1))
    }
  }

  /** The enumerator of that name and the enum it belongs to, first in id order. */
  enumerator(name: string): { readonly type: BtfEnum | BtfEnum64; readonly value: bigint } | undefined {
    const inBase = this.base?.enumerator(name)
    if (inBase !== undefined) return inBase
    for (const word of this.#wordsWithName(name)) {
      const id = this.#idAround(word)
      const type = id === undefined ? undefined : this.type(id)
      if (type?.kind !== 'enum' && type?.kind !== 'enum64') continue
      const found = type.values.find(value => value.name === name)
      if (found !== undefined) return { type, value: BigInt(found.value) }
    }
    return undefined
  }

  /**
   * Offset of a name in the string section, or undefined if this BTF does not have it; in the base's strings if it is there.
   * Names are matched as whole strings: all writers of BTF store each string once in a blob and do not fold one into the tail
   * of another.
   */
  nameOffset(name: string): number | undefined {
    return this.base?.nameOffset(name) ?? this.#ownNameOffset(name)
  }

  /** Where this blob's own strings have the name. */
  #ownNameOffset(name: string): number | undefined {
    const known = this.#nameOffsets.get(name)
    if (known !== undefined) return known
    if (name === '' || name.includes('\0')) return undefined
    const { strings } = this.#sections
    let offset: number
    if (this.base && strings.subarray(0, Buffer.byteLength(name) + 1).equals(Buffer.from(`${name}\0`))) {
      offset = 0 // the strings of split BTF need not start with an empty one
    } else {
      offset = strings.indexOf(`\0${name}\0`) + 1
      if (offset === 0) return undefined
    }
    this.#nameOffsets.set(name, this.#firstString + offset)
    return this.#firstString + offset
  }

  /** Every offset that names it so. Split BTF that was made on a distilled base has names of its own that the base has, too. */
  #offsetsOf(name: string): number[] {
    const offsets = [this.base?.nameOffset(name), this.#ownNameOffset(name)]
    return offsets.filter(offset => offset !== undefined)
  }

  /** Places of words that equal an offset of the name, in their order. */
  *#wordsWithName(name: string): Generator<number> {
    const { words } = this.#sections
    const next = this.#offsetsOf(name).map(offset => ({ offset, word: words.indexOf(offset) }))
    for (;;) {
      let first: { readonly offset: number; word: number } | undefined
      for (const each of next)
        if (each.word >= 0 && (first === undefined || each.word < first.word)) first = each
      if (first === undefined) return
      yield first.word
      first.word = words.indexOf(first.offset, first.word + 1)
    }
  }

  #looksLikeType(word: number, kind: BtfKind | undefined): boolean {
    const { words, headWords } = this.#sections
    const info = words[word + 1]
    if (info === undefined) return false
    const number = infoKind(info)
    if (!headWords[number]) return false
    return kind === undefined || (KIND_NAMES[number] ?? 'unknown') === kind
  }

  /** The id of the record that starts at a word, or undefined if none starts there. */
  #idAt(word: number): number | undefined {
    const id = this.#idAround(word)
    return id !== undefined && this.#offsets[id - this.firstId] === word ? id : undefined
  }

  /** The id of the record that a word is part of. */
  #idAround(word: number): number | undefined {
    while (this.#nextWord <= word && this.#indexMore()) {}
    const offsets = this.#offsets
    let low = 0
    let high = this.#indexed - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (offsets[middle]! <= word) low = middle + 1
      else high = middle - 1
    }
    return high < 0 || word >= this.#nextWord ? undefined : this.firstId + high
  }

  #indexAll(): void {
    while (this.#indexMore()) {}
  }

  /**
   * Indexes the next few hundred records (small steps let V8 optimise the loop early); false at the end.
   * Throws BtfError when the very next record is malformed.
   */
  #indexMore(): boolean {
    const { words, headWords, elementWords } = this.#sections
    const offsets = this.#offsets
    const length = words.length
    let word = this.#nextWord
    if (word >= length) return false
    let index = this.#indexed
    const stop = index + 256
    // most of the walk is over before V8 has optimised it: no calls, nothing that the next line could do without
    while (index < stop && word < length) {
      const info = words[word + 1]!
      const kind = info >>> 24
      const head = headWords[kind]!
      const next = word + head + elementWords[kind]! * (info & 0xffffff)
      if (head === 0 || next > length) break
      offsets[index++] = word
      word = next
    }
    if (index === this.#indexed) throw this.#malformed(word)
    this.#nextWord = word
    this.#indexed = index
    return true
  }

  #malformed(word: number): BtfError {
    const { words, headWords } = this.#sections
    const kind = infoKind(words[word + 1] ?? 0)
    const which = `BTF type ${this.firstId + this.#indexed}`
    return headWords[kind]
      ? new BtfError(`${which} reaches past the end of the type section`)
      : new BtfError(`${which} is of kind ${kind}, which is not known here`)
  }
}

const VOID: BtfType = { kind: 'void', id: 0, name: '' }
