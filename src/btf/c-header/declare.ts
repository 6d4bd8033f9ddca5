// Declarations and definitions in C, types by the names that the header gives them.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { memberBits, resolve } from '../layout.ts'
import { typeLabel } from '../print.ts'
import type { BtfComposite, BtfEnum, BtfEnum64, BtfFwd, BtfModifier, BtfType } from '../type.ts'
import { CNames } from './names.ts'
import { CBudget, MAX_C_DEPTH } from './order.ts'
import { CAlignment, type Padding, padding } from './padding.ts'

/** What writing needs to know. */
export interface CWriting {
  readonly alignment: CAlignment
  readonly btf: Btf
  readonly names: CNames
  readonly budget: CBudget
  /** leaves out const, volatile and restrict, which say nothing of how a value lies in memory */
  readonly bare?: boolean
}

/** `const struct file *name`, `int (*name)(void *, int)`. Anonymous structs and enums are written out, indented by `level` tabs. */
export function declare(writing: CWriting, typeId: number, name: string, level = 0, depth = 0): string {
  writing.budget.spend()
  if (depth > MAX_C_DEPTH) throw new BtfError(`type ${typeId} is nested too deeply to be written as C`)
  return new Declaration(writing, level, depth).write(typeId, name)
}

/** One declaration: the types on the way from the name to the base, written from the base on. */
class Declaration {
  readonly #writing: CWriting
  readonly #level: number
  readonly #depth: number
  /** from the name to the base; written from the end */
  readonly #path: BtfType[] = []

  constructor(writing: CWriting, level: number, depth: number) {
    this.#writing = writing
    this.#level = level
    this.#depth = depth
  }

  write(typeId: number, name: string): string {
    let type = this.#writing.btf.type(typeId)
    for (let steps = 0; ; steps++) {
      if (!(this.#writing.bare && isQualifier(type))) this.#path.push(type)
      if (steps > MAX_C_DEPTH) throw new BtfError(`${typeLabel(type)} never ends: its types form a cycle`)
      if (type.kind === 'array') type = this.#writing.btf.type(type.elementTypeId)
      else if (type.kind === 'funcProto') type = this.#writing.btf.type(type.returnTypeId)
      else if (type.kind === 'ptr' || isModifier(type)) type = this.#writing.btf.type(type.typeId)
      else break
    }
    return this.#rest(name)
  }

  /** What is left of the path, around `name`. */
  #rest(name: string): string {
    let text = ''
    // nothing stands before the name yet that a space would have to part it from
    let afterStar = true
    for (let type = this.#path.pop(); type !== undefined; type = this.#path.pop()) {
      switch (type.kind) {
        case 'ptr':
          text += afterStar ? '*' : ' *'
          afterStar = true
          break
        case 'volatile':
        case 'const':
        case 'restrict':
          text += ` ${type.kind}`
          afterStar = false
          break
        case 'typeTag':
          // clang takes the tag of what a pointer points to between the type and the star
          text += `${this.#qualifiers()} __attribute__((${tagAttribute(type.name)}))`
          afterStar = false
          break
        case 'array': {
          // gcc says that an array is const besides its elements being so; C cannot
          while (this.#path.length > 0 && isQualifier(this.#path.at(-1)!)) this.#path.pop()
          const next = this.#path.at(-1)
          if (next === undefined) return `${text}${spaced(name, afterStar)}[${type.count}]`
          const inner = this.#rest(name)
          const space = name !== '' && !afterStar ? ' ' : ''
          // of several dimensions the outer brackets stand first
          return next.kind === 'array'
            ? `${text}${space}${inner}[${type.count}]`
            : `${text}${space}(${inner})[${type.count}]`
        }
        case 'funcProto': {
          text += this.#qualifiers()
          const around = this.#path.length > 0 ? ` (${this.#rest(name)})` : spaced(name, afterStar)
          const params = type.params.map(each =>
            declare(this.#writing, each.typeId, each.name, this.#level, this.#depth + 1),
          )
          if (type.variadic && params.length > 0) params.push('...')
          // "()" in C says nothing of arguments, which is what a variadic function without any is
          const list = params.length === 0 && !type.variadic ? 'void' : params.join(', ')
          return `${text}${around}(${list})`
        }
        default: {
          const qualifiers = this.#qualifiers().trimStart()
          text += qualifiers === '' ? this.#base(type) : `${qualifiers} ${this.#base(type)}`
          afterStar = false
        }
      }
    }
    return text + spaced(name, afterStar)
  }

  /** ` const volatile` of what comes next on the path. */
  #qualifiers(): string {
    let text = ''
    while (this.#path.length > 0 && isQualifier(this.#path.at(-1)!)) text += ` ${this.#path.pop()!.kind}`
    return text
  }

  #base(type: BtfType): string {
    const { names } = this.#writing
    switch (type.kind) {
      case 'void':
        return 'void'
      case 'int':
      case 'float':
        return type.name
      case 'struct':
      case 'union':
        return type.name === ''
          ? defineComposite(this.#writing, type, this.#level, this.#depth + 1)
          : `${type.kind} ${names.of(type)}`
      case 'enum':
      case 'enum64':
        return type.name === '' ? defineEnum(this.#writing, type, this.#level) : `enum ${names.of(type)}`
      case 'fwd':
        return declareForward(this.#writing, type)
      case 'typedef':
        return names.of(type)
      default:
        throw new BtfError(`${typeLabel(type)} is no type of a value in C`)
    }
  }
}

/** Since Linux 6.15 a tag may be an attribute of the compiler's own. */
const tagAttribute = (tag: string): string =>
  /^address_space\(\d+\)$/.test(tag) ? tag : `btf_type_tag("${tag}")`

const spaced = (name: string, afterStar: boolean): string => (name === '' || afterStar ? name : ` ${name}`)

/** What a declaration goes through: a typedef stands for itself. */
const isModifier = (type: BtfType): type is BtfModifier => isQualifier(type) || type.kind === 'typeTag'

const isQualifier = (
  type: BtfType,
): type is BtfModifier & { readonly kind: 'const' | 'volatile' | 'restrict' } =>
  type.kind === 'const' || type.kind === 'volatile' || type.kind === 'restrict'

export function declareForward({ names }: CWriting, type: BtfFwd | BtfComposite): string {
  return `${type.kind === 'fwd' ? type.target : type.kind} ${names.of(type)}`
}

export function defineTypedef(writing: CWriting, type: BtfModifier): string {
  // old gcc has it as a typedef of void
  if (type.typeId === 0 && type.name === '__gnuc_va_list') return `typedef __builtin_va_list ${type.name}`
  return `typedef ${declare(writing, type.typeId, writing.names.of(type))}`
}

/** A struct or union with its members and holes; `level` tabs stand before its closing brace. */
export function defineComposite(writing: CWriting, struct: BtfComposite, level: number, depth = 0): string {
  const { btf, alignment } = writing
  const name = writing.names.of(struct)
  const indent = '\t'.repeat(level + 1)
  const packed = alignment.isPacked(struct)
  const lines: string[] = []
  const pad = (parts: Iterable<Padding>) => {
    for (const { type, bits } of parts) {
      writing.budget.spend()
      lines.push(`${indent}${type}: ${bits};\n`)
    }
  }
  let endBits = 0
  let afterBits = false
  for (const member of struct.members) {
    const type = btf.type(member.typeId)
    const bits = memberWidth(btf, struct, member)
    const align = packed ? 1 : alignment.of(type)
    if (struct.kind === 'struct') pad(padding(endBits, bits.offsetBits, align, afterBits && bits.bitfield))
    const text = declare(writing, member.typeId, member.name, level + 1, depth + 1)
    lines.push(`${indent}${text}${bits.bitfield ? `: ${bits.sizeBits}` : ''};\n`)
    endBits = bits.offsetBits + bits.sizeBits
    afterBits = bits.bitfield
  }
  if (struct.kind === 'struct')
    pad(padding(endBits, struct.sizeBytes * 8, packed ? 1 : alignment.of(struct), false))
  const head = `${struct.kind}${name === '' ? '' : ` ${name}`} {`
  // `struct empty {}` stays on its line
  const body = lines.length === 0 && struct.sizeBytes === 0 ? '' : `\n${lines.join('')}${'\t'.repeat(level)}`
  return `${head}${body}}${packed ? ' __attribute__((packed))' : ''}`
}

function memberWidth(btf: Btf, struct: BtfComposite, member: BtfComposite['members'][number]) {
  if (struct.kind === 'union' && member.bitfieldBits === 0) {
    return { offsetBits: 0, sizeBits: 0, bitfield: false }
  }
  // an array of what has no size ends where it starts
  const type = resolve(btf, btf.type(member.typeId))
  if (type.kind === 'fwd' || type.kind === 'void')
    return { offsetBits: member.offsetBits, sizeBits: 0, bitfield: false }
  return memberBits(btf, member)
}

/** An enum with its values. */
export function defineEnum(writing: CWriting, type: BtfEnum | BtfEnum64, level: number): string {
  const { names } = writing
  const indent = '\t'.repeat(level)
  const name = names.of(type)
  const head = `enum${name === '' ? '' : ` ${name}`}`
  if (type.values.length === 0) return head
  const suffix = type.kind === 'enum' ? '' : type.signed ? 'LL' : 'ULL'
  const lines = type.values.map(
    each => `${indent}\t${names.enumerator(each.name)} = ${each.value}${suffix},\n`,
  )
  return `${head} {\n${lines.join('')}${indent}}${widthAttribute(type)}`
}

/** Enums that are not as wide as C would make them. */
function widthAttribute(type: BtfEnum | BtfEnum64): string {
  if (type.sizeBytes === 1) return ' __attribute__((mode(byte)))'
  if (type.sizeBytes === 2) return ' __attribute__((mode(HI)))'
  if (type.sizeBytes !== 8) return ''
  // one value beyond 32 bits makes it as wide by itself
  const isWide =
    type.kind === 'enum64' && type.values.some(({ value }) => value >> 32n !== 0n && value >> 31n !== -1n)
  return isWide ? '' : ' __attribute__((mode(word)))'
}

/**
 * Of a type as it is, for descriptions: `char[16]`, `struct event *`, without qualifiers.
 * @throws BtfError for malformed types
 */
export function cTypeName(btf: Btf, typeId: number): string {
  return declare({ ...writingOf(btf), bare: true }, typeId, '')
}

export const writingOf = (btf: Btf): CWriting => ({
  btf,
  names: new CNames(),
  budget: new CBudget(btf),
  alignment: new CAlignment(btf),
})
