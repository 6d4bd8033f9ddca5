// C types as TypeScript types: what `decodeValue` makes of them.

import {
  type Btf,
  type BtfComposite,
  type BtfEnum,
  type BtfEnum64,
  type BtfType,
  isChar,
  memberBits,
  resolve,
} from '../../btf/index.ts'
import { comment, pascalCase, quoted } from './names.ts'

/** Enums with more values than this are any text. */
const ENUM_VALUES_MAX = 64
/** Anonymous structs nested deeper than this are left open: only malformed BTF gets there. */
const DEPTH_MAX = 16
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** Property names as TypeScript takes them. */
export const propertyName = (name: string): string => (IDENTIFIER.test(name) ? name : JSON.stringify(name))

/** Collects the declarations that types need, each once. */
export class TypeText {
  readonly #btf: Btf
  /** by type id */
  readonly #names = new Map<number, string>()
  readonly #taken: Set<string>
  readonly #declarations: string[] = []

  /** @param reserved names that the module uses otherwise */
  constructor(btf: Btf, reserved: Iterable<string>) {
    this.#btf = btf
    this.#taken = new Set(reserved)
  }

  /** In the order in which they were needed. */
  get declarations(): readonly string[] {
    return this.#declarations
  }

  /** `number`, `bigint`, `Event`, `readonly string[]` */
  of(typeId: number, depth = 0): string {
    return this.#print(this.#btf.type(typeId), '', depth)
  }

  /** @param alias name of the typedef on the way, for what has none of its own */
  #print(declared: BtfType, alias: string, depth: number): string {
    const btf = this.#btf
    let type = declared
    let typedef = alias
    for (let steps = 0; steps < 32; steps++) {
      if (type.kind === 'typedef') typedef = type.name
      else if (!['const', 'volatile', 'restrict', 'typeTag', 'var'].includes(type.kind)) break
      type = btf.type((type as { typeId: number }).typeId)
    }
    switch (type.kind) {
      case 'int':
        if (type.encoding === 'bool') return 'boolean'
        return type.sizeBits > NUMBER_BITS ? 'bigint' : 'number'
      case 'float':
        return type.sizeBytes === 4 || type.sizeBytes === 8 ? 'number' : 'Uint8Array'
      case 'ptr':
        return 'bigint'
      case 'enum':
      case 'enum64':
        return this.#enum(type, typedef)
      case 'array': {
        const element = btf.type(type.elementTypeId)
        if (isChar(btf, element)) return 'string'
        const text = this.#print(element, '', depth + 1)
        return depth > DEPTH_MAX ? 'unknown' : `readonly ${isSimple(text) ? text : `(${text})`}[]`
      }
      case 'struct':
      case 'union':
        return this.#composite(type, typedef, depth)
      default:
        return 'never'
    }
  }

  #enum(type: BtfEnum | BtfEnum64, typedef: string): string {
    const rest = type.kind === 'enum' ? 'number' : 'bigint'
    const open = type.values.length === 0 || type.values.length > ENUM_VALUES_MAX
    const text = open
      ? `string | ${rest}`
      : `${type.values.map(({ name }) => quoted(name)).join(' | ')} | ${rest}`
    const own = type.name === '' ? typedef : type.name
    if (own === '') return text
    return this.#named(type.id, own, name => `/** enum ${comment(own)} */\nexport type ${name} = ${text}\n`)
  }

  #composite(type: BtfComposite, typedef: string, depth: number): string {
    if (depth > DEPTH_MAX) return 'unknown'
    const own = type.name === '' ? typedef : type.name
    if (own === '') return `{ ${this.#members(type, depth).join('; ')} }`
    return this.#named(type.id, own, name => {
      const label = type.name === '' ? own : `${type.kind} ${own}`
      const lines = this.#members(type, 0).map(line => `  ${line}\n`)
      return `/** ${comment(label)}, ${type.sizeBytes} bytes */\nexport interface ${name} {\n${lines.join('')}}\n`
    })
  }

  #named(id: number, own: string, declare: (name: string) => string): string {
    let name = this.#names.get(id)
    if (name !== undefined) return name
    const base = pascalCase(own)
    name = base
    for (let i = 2; this.#taken.has(name); i++) name = `${base}${i}`
    this.#taken.add(name)
    // before its members: they may point back to it
    this.#names.set(id, name)
    const at = this.#declarations.push('') - 1
    this.#declarations[at] = declare(name)
    return name
  }

  /** Members of anonymous structs are their outer one's own. */
  #members(struct: BtfComposite, depth: number, nesting = 0): string[] {
    const btf = this.#btf
    return struct.members.flatMap(member => {
      const type = resolve(btf, btf.type(member.typeId))
      if (member.name === '') {
        const isComposite = type.kind === 'struct' || type.kind === 'union'
        return isComposite && nesting < DEPTH_MAX ? this.#members(type, depth, nesting + 1) : []
      }
      const bits = memberBits(btf, member)
      const text =
        bits.bitfield && type.kind === 'int' && type.encoding !== 'bool'
          ? bits.sizeBits > NUMBER_BITS
            ? 'bigint'
            : 'number'
          : this.of(member.typeId, depth + 1)
      return [`readonly ${propertyName(member.name)}: ${text}`]
    })
  }
}

const NUMBER_BITS = 53

const isSimple = (text: string): boolean => /^[\w$]+$/.test(text)
