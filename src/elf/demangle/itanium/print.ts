// The tree of a C++ name as text, as c++filt(1) of binutils writes it: `std::vector<int, std::allocator<int> >`.

import { mapChildren } from './bind-params.ts'
import type { Node } from './node.ts'
import { LITERAL_SUFFIX } from './tables.ts'

/** The text is longer than any name that people read: a few substitutions can double it again and again. */
export class TooLong extends Error {}

const MAX_LENGTH = 1 << 16
const MAX_STEPS = 1 << 17

/** The whole of a node. @throws TooLong */
export const printNode = (node: Node): string => new Printer().print(node)

/**
 * Declarations wrap around what they declare: `int (*name)[3]`. So each node prints a part to the left of that and a
 * part to the right of it.
 */
class Printer {
  #out = ''
  #steps = 0
  /** which item of a pack stands for it, within an expansion */
  #packIndex: number | undefined

  print(node: Node): string {
    this.#whole(node)
    return this.#out
  }

  #add(text: string): void {
    this.#out += text
    if (this.#out.length > MAX_LENGTH) throw new TooLong()
  }

  #whole(node: Node): void {
    this.#left(node)
    this.#right(node)
  }

  #left(written: Node): void {
    if (++this.#steps > MAX_STEPS) throw new TooLong()
    const node = this.#resolve(written)
    switch (node.kind) {
      case 'name':
      case 'abbreviation':
        this.#add(node.text)
        return
      case 'nested':
        this.#nested(node.scope, node.member)
        return
      case 'template':
        this.#whole(node.base)
        this.#templateArgs(node.args)
        return
      case 'pack':
        this.#list(node.items)
        return
      case 'expansion':
        this.#expansion(node.pattern)
        return
      case 'structor':
        if (node.destructor) this.#add('~')
        this.#add(this.#bareName(node.of))
        return
      case 'local':
        this.#whole(node.scope)
        this.#add('::')
        this.#whole(node.entity)
        return
      case 'lambda':
        this.#add('{lambda(')
        this.#list(node.params)
        this.#add(`)#${node.index}}`)
        return
      case 'tagged':
        this.#whole(node.base)
        this.#add(`[abi:${node.tag}]`)
        return
      case 'conversion':
        this.#add('operator ')
        this.#whole(node.type)
        return
      case 'wrapped':
        this.#add(node.before)
        this.#whole(node.inner)
        this.#add(node.after)
        return
      case 'construction':
        this.#add('construction vtable for ')
        this.#whole(node.type)
        this.#add('-in-')
        this.#whole(node.within)
        return
      case 'encoding':
        if (node.result !== undefined) {
          this.#left(node.result)
          if (!this.#hasRight(node.result)) this.#add(' ')
        }
        this.#whole(node.name)
        return
      case 'qualified':
        this.#left(node.base)
        this.#add(this.#missingQualifiers(node.base, node.qualifiers))
        return
      case 'pointer': {
        const { target, mark } = this.#collapse(node)
        this.#left(target)
        const inner = this.#resolve(target)
        if (this.#wraps(inner)) this.#add(this.#unqualified(inner).kind === 'array' ? ' (' : '(')
        this.#add(mark)
        return
      }
      case 'memberPointer':
        this.#left(node.member)
        this.#add(this.#wraps(node.member) ? '(' : ' ')
        this.#whole(node.owner)
        this.#add('::*')
        return
      case 'array':
        this.#left(node.element)
        return
      case 'function':
        this.#left(node.result)
        if (!this.#hasRight(node.result)) this.#add(' ')
        return
      case 'packSize': {
        const size = node.of.kind === 'pack' ? node.of.items.length : undefined
        if (size !== undefined) {
          this.#add(String(size))
          return
        }
        this.#add('sizeof...(')
        this.#whole(node.of)
        this.#add(')')
        return
      }
      case 'param':
        this.#add('auto')
        return
      default:
        this.#expression(node)
        return
    }
  }

  #right(written: Node): void {
    const node = this.#resolve(written)
    switch (node.kind) {
      case 'encoding':
        this.#params(node.params)
        if (node.result !== undefined) this.#right(node.result)
        this.#add(node.qualifiers)
        return
      case 'qualified':
        this.#right(node.base)
        return
      case 'pointer': {
        const { target } = this.#collapse(node)
        if (this.#wraps(target)) this.#add(')')
        this.#right(target)
        return
      }
      case 'memberPointer':
        if (this.#wraps(node.member)) this.#add(')')
        this.#right(node.member)
        return
      case 'array':
        if (!this.#out.endsWith(']')) this.#add(' ')
        this.#add('[')
        if (node.size !== undefined) this.#whole(node.size)
        this.#add(']')
        this.#right(node.element)
        return
      case 'function':
        this.#params(node.params)
        this.#right(node.result)
        this.#add(node.qualifiers)
        return
      default:
        return
    }
  }

  #expression(node: Node): void {
    switch (node.kind) {
      case 'literal':
        this.#literal(node.type, node.value)
        return
      case 'unary': {
        const operand = this.#resolve(node.operand)
        // the address of a function is written without its parameters
        const isFunction =
          operand.kind === 'encoding' && operand.name.kind === 'nested' && operand.qualifiers === ''
        this.#add(node.operator)
        this.#operand(node.operator === '&' && isFunction ? operand.name : operand)
        return
      }
      case 'postfix':
        this.#operand(node.operand)
        this.#add(node.operator)
        return
      case 'binary': {
        // a bare `>` would end the template arguments
        const closes = node.operator === '>'
        if (closes) this.#add('(')
        this.#operand(node.left)
        this.#add(node.operator)
        this.#operand(node.right)
        if (closes) this.#add(')')
        return
      }
      case 'ternary':
        this.#operand(node.condition)
        this.#add('?')
        this.#operand(node.yes)
        this.#add(' : ')
        this.#operand(node.no)
        return
      case 'call': {
        // a function that is named whole is called by its name
        const callee = this.#resolve(node.callee)
        this.#operand(callee.kind === 'encoding' ? callee.name : callee)
        this.#params(node.args)
        return
      }
      case 'index':
        this.#operand(node.array)
        this.#add('[')
        this.#whole(node.at)
        this.#add(']')
        return
      case 'cast':
        this.#add('(')
        this.#whole(node.type)
        this.#add(')')
        this.#params(node.args)
        return
      case 'namedCast':
        this.#add(`${node.cast}<`)
        this.#whole(node.type)
        this.#add('>(')
        this.#whole(node.value)
        this.#add(')')
        return
      case 'braces':
        if (node.type !== undefined) this.#whole(node.type)
        this.#add('{')
        this.#list(node.args)
        this.#add('}')
        return
      case 'fold':
        this.#add('(')
        if (node.left === undefined) this.#add('...')
        else this.#operand(node.left)
        this.#add(node.operator)
        if (node.left !== undefined && node.right !== undefined) this.#add(`...${node.operator}`)
        if (node.right === undefined) this.#add('...')
        else this.#operand(node.right)
        this.#add(')')
        return
    }
  }

  #operand(written: Node): void {
    const node = this.#resolve(written)
    const bare = ['name', 'abbreviation', 'nested', 'braces', 'pack', 'expansion'].includes(node.kind)
    if (!bare) this.#add('(')
    this.#whole(node)
    if (!bare) this.#add(')')
  }

  #literal(type: Node, value: string): void {
    const typeName = type.kind === 'name' ? type.text : ''
    if (typeName === 'bool' && (value === '0' || value === '1')) {
      this.#add(value === '1' ? 'true' : 'false')
      return
    }
    const suffix = LITERAL_SUFFIX[typeName]
    if (suffix !== undefined) {
      this.#add(value + suffix)
      return
    }
    if (typeName === 'decltype(nullptr)' && value === '') {
      this.#add('(decltype(nullptr))0')
      return
    }
    this.#add('(')
    this.#whole(type)
    const isFloat = ['float', 'double', 'long double', '__float128'].includes(typeName)
    this.#add(isFloat ? `)[${value}]` : `)${value}`)
  }

  #nested(scope: Node, member: Node): void {
    const owner = this.#resolve(scope)
    const last = this.#resolve(member)
    // the long form in front of a constructor, whose own name is the long form's
    if (owner.kind === 'abbreviation' && last.kind === 'structor') this.#add(owner.full)
    else this.#whole(owner)
    // `__vector` is no member
    if (last.kind === 'wrapped' && last.before === '__vector(') this.#add(' ')
    else this.#add('::')
    this.#whole(last)
  }

  #templateArgs(args: readonly Node[]): void {
    if (this.#out.endsWith('<')) this.#add(' ')
    this.#add('<')
    this.#list(args)
    if (this.#out.endsWith('>')) this.#add(' ')
    this.#add('>')
  }

  #params(params: readonly Node[]): void {
    this.#add('(')
    this.#list(params)
    this.#add(')')
  }

  /** With commas in between, but not next to an item that prints nothing: an empty pack. */
  #list(items: readonly Node[]): void {
    const outer = this.#packIndex
    let any = false
    for (const item of items) {
      const before = this.#out
      if (any) this.#add(', ')
      const start = this.#out.length
      this.#whole(item)
      if (this.#out.length === start) this.#out = before
      else any = true
      this.#packIndex = outer
    }
  }

  #expansion(pattern: Node): void {
    const count = this.#packSize(pattern, new Set())
    const outer = this.#packIndex
    if (count === undefined) {
      this.#whole(pattern)
      this.#add('...')
      return
    }
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#add(', ')
      this.#packIndex = i
      this.#whole(pattern)
    }
    this.#packIndex = outer
  }

  /** The number of items in the first pack of a pattern; undefined when it has none. */
  #packSize(node: Node | undefined, seen: Set<Node>): number | undefined {
    if (node === undefined || seen.has(node)) return undefined
    seen.add(node)
    if (node.kind === 'pack') return node.ofParam ? node.items.length : undefined
    if (node.kind === 'expansion') return undefined
    let size: number | undefined
    mapChildren(node, child => {
      size ??= this.#packSize(child, seen)
      return child
    })
    return size
  }

  /** What a node stands for: the argument of a parameter, the current item of a pack. */
  #resolve(node: Node): Node {
    let found = node
    for (let steps = 0; steps < 64; steps++) {
      if (
        found.kind === 'pack' &&
        found.ofParam &&
        this.#packIndex !== undefined &&
        found.items[this.#packIndex] !== undefined
      )
        found = found.items[this.#packIndex]!
      else return found
    }
    throw new TooLong()
  }

  #unqualified(node: Node): Node {
    let found = this.#resolve(node)
    while (found.kind === 'qualified') found = this.#resolve(found.base)
    return found
  }

  /** Functions and arrays stand around a pointer to them. */
  #wraps(node: Node): boolean {
    const { kind } = this.#unqualified(node)
    return kind === 'function' || kind === 'array'
  }

  /** Whether something of a type comes behind what it declares: `int (*f())[3]`. */
  #hasRight(written: Node): boolean {
    const node = this.#unqualified(written)
    if (node.kind === 'pointer') return this.#hasRight(node.target)
    if (node.kind === 'memberPointer') return this.#hasRight(node.member)
    return node.kind === 'function' || node.kind === 'array'
  }

  /** `& &&` is `&`: a reference to a reference, by way of a template parameter. */
  #collapse(node: Extract<Node, { kind: 'pointer' }>): { target: Node; mark: string } {
    let { target, mark } = node
    for (;;) {
      const inner = this.#resolve(target)
      if (mark === '*' || inner.kind !== 'pointer' || inner.mark === '*') return { target: inner, mark }
      if (inner.mark === '&') mark = '&'
      target = inner.target
    }
  }

  /** A parameter's argument may be const already. */
  #missingQualifiers(base: Node, qualifiers: string): string {
    const inner = this.#resolve(base)
    if (inner.kind !== 'qualified') return qualifiers
    const had = inner.qualifiers.split(' ')
    return qualifiers
      .split(' ')
      .filter(word => word !== '' && !had.includes(word))
      .map(word => ` ${word}`)
      .join('')
  }

  /** The name of a class without what it is in and its arguments: what its constructors are called. */
  #bareName(written: Node): string {
    const node = this.#resolve(written)
    switch (node.kind) {
      case 'nested':
        return this.#bareName(node.member)
      case 'local':
        return this.#bareName(node.entity)
      case 'template':
      case 'tagged':
        return this.#bareName(node.base)
      case 'abbreviation':
        return node.bare
      default: {
        const before = this.#out
        this.#out = ''
        this.#whole(node)
        const text = this.#out
        this.#out = before
        return text
      }
    }
  }
}
