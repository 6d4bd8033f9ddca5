// Types as C writes them: for messages and listings.

import type { Btf } from './btf.ts'
import type { BtfComposite, BtfFuncProto, BtfMember, BtfType } from './type.ts'

/** Nested deeper than this, or with more parts in all, a type is printed as `...`: only malformed BTF gets there. */
const MAX_NESTING = 32
const MAX_PARTS = 65_536

/** One printing: how many parts may still come. A type that contains itself twice would have 2^32 of them. */
interface Printing {
  readonly btf: Btf
  partsLeft: number
}

/**
 * A type as in a declaration of `name` (or without one): `char comm[16]`, `int (*fn)(void *, int)`,
 * `const struct file *`. Anonymous structs and enums show as `struct {...}`; type tags as `__user`.
 * A func or var prints its own declaration. Never throws for types of well-formed BTF.
 */
export function printType(btf: Btf, type: BtfType, name = ''): string {
  return declare({ btf, partsLeft: MAX_PARTS }, type, name, typeLabel, 0)
}

/** Prints the part of a declaration that stands left of the declarator: `struct foo`, `unsigned int`. */
type PrintBase = (type: BtfType) => string

/**
 * C declarations read inside out: `inner` is what has been built around the name so far, and each pointer, array
 * or function on the way to the base type wraps it.
 */
function declare(
  printing: Printing,
  type: BtfType,
  name: string,
  printBase: PrintBase,
  depth: number,
): string {
  const { btf } = printing
  let at = type
  let inner = name
  /** qualifiers that apply to what comes next on the way in, outermost first */
  let qualifiers: string[] = []
  /** a pointer was the last wrap: an array or function around it needs parentheses */
  let pointer = false
  const fence = (): void => {
    if (pointer) inner = `(${inner})`
    pointer = false
  }
  for (let steps = depth; ; steps++) {
    if (steps > MAX_NESTING || --printing.partsLeft < 0) return join('...', inner)
    switch (at.kind) {
      case 'const':
      case 'volatile':
      case 'restrict':
        qualifiers.push(at.kind)
        at = btf.type(at.typeId)
        continue
      case 'typeTag':
        qualifiers.push(`__${at.name}`)
        at = btf.type(at.typeId)
        continue
      case 'ptr':
        inner = `*${[...qualifiers, inner].filter(s => s !== '').join(' ')}`
        qualifiers = []
        pointer = true
        at = btf.type(at.typeId)
        continue
      case 'array':
        fence()
        inner = `${inner}[${at.count || ''}]`
        at = btf.type(at.elementTypeId)
        continue
      case 'funcProto':
        fence()
        inner = `${inner}(${printParams(printing, at, steps + 1)})`
        at = btf.type(at.returnTypeId)
        continue
      case 'func':
      case 'var':
        inner = inner || at.name
        at = btf.type(at.typeId)
        continue
      default:
        return join([...qualifiers, printBase(at)].join(' '), inner)
    }
  }
}

const join = (base: string, inner: string): string => (inner === '' ? base : `${base} ${inner}`)

function printParams(printing: Printing, proto: BtfFuncProto, depth: number): string {
  const params = proto.params.map(p =>
    declare(printing, printing.btf.type(p.typeId), p.name, typeLabel, depth),
  )
  if (proto.variadic) params.push('...')
  return params.length === 0 ? 'void' : params.join(', ')
}

/** A type's own name with its C keyword, without looking at other types: `struct foo`, `enum {...}`, `u32`. */
export function typeLabel(type: BtfType): string {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return `${type.kind} ${type.name || '{...}'}`
    case 'enum':
    case 'enum64':
      return `enum ${type.name || '{...}'}`
    case 'fwd':
      return `${type.target} ${type.name}`
    case 'void':
      return 'void'
    case 'int':
    case 'float':
    case 'typedef':
      return type.name || `${type.kind} ${type.id}`
    default:
      return type.name === '' ? `${type.kind} ${type.id}` : `${type.kind} ${type.name}`
  }
}

/**
 * The whole definition of a type, as C: a struct with its members (anonymous ones in place, bit fields as `: n`),
 * an enum with its values, a typedef, a function's prototype. Structs that are members by name stay names.
 * Attributes that only change layout (packed, aligned) are not BTF's to know and are not shown.
 */
export function printDecl(btf: Btf, type: BtfType): string {
  const printing: Printing = { btf, partsLeft: MAX_PARTS }
  switch (type.kind) {
    case 'typedef': {
      const target = btf.type(type.typeId)
      return `typedef ${declare(printing, target, type.name, definition(printing, '', 0), 0)};`
    }
    case 'struct':
    case 'union':
    case 'enum':
    case 'enum64':
      return `${define(printing, type, '', 0)};`
    case 'datasec':
      return type.vars.map(v => printVariable(btf, btf.type(v.typeId))).join('\n')
    default:
      return printVariable(btf, type)
  }
}

/** A variable or function with its linkage. */
function printVariable(btf: Btf, type: BtfType): string {
  const linkage = type.kind === 'var' || type.kind === 'func' ? type.linkage : 'global'
  return `${linkage === 'global' ? '' : `${linkage} `}${printType(btf, type)};`
}

/** Anonymous composites are written out where they stand, everything else by its name. */
const definition =
  (printing: Printing, indent: string, depth: number): PrintBase =>
  type =>
    type.name === '' && depth < MAX_NESTING ? define(printing, type, indent, depth) : typeLabel(type)

function define(printing: Printing, type: BtfType, indent: string, depth: number): string {
  const inside = `${indent}\t`
  switch (type.kind) {
    case 'struct':
    case 'union': {
      const lines = type.members.map(m => `${inside}${defineMember(printing, m, inside, depth)};\n`)
      return block(type, lines, indent)
    }
    case 'enum':
    case 'enum64': {
      const lines = type.values.map(v => `${inside}${v.name} = ${v.value},\n`)
      return block(type, lines, indent)
    }
    default:
      return typeLabel(type)
  }
}

function block(type: BtfType, lines: readonly string[], indent: string): string {
  const keyword = type.kind === 'enum64' ? 'enum' : (type.kind as BtfComposite['kind'] | 'enum')
  const head = type.name === '' ? keyword : `${keyword} ${type.name}`
  return lines.length === 0 ? `${head} {}` : `${head} {\n${lines.join('')}${indent}}`
}

function defineMember(printing: Printing, member: BtfMember, indent: string, depth: number): string {
  const type = printing.btf.type(member.typeId)
  const text = declare(printing, type, member.name, definition(printing, indent, depth + 1), 0)
  // an old-style bit field says its width in an int type of its own
  const oldBits = type.kind === 'int' && type.sizeBits !== type.sizeBytes * 8 ? type.sizeBits : 0
  const bits = member.bitfieldBits || oldBits
  return bits === 0 ? text : `${text}: ${bits}`
}
