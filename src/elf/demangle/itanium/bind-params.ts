// Template parameters replaced by their arguments. Substitutions carry a `T_` from one function's types into another's,
// where it stands for something else: so parameters stay open until the function they are used in is complete.

import type { Node } from './node.ts'

/**
 * The node with an argument for each parameter in it; undefined when one has none. Parts without parameters are
 * shared with the node given.
 */
export function bindParams(node: Node, argument: (index: number) => Node | undefined): Node | undefined {
  const bound = new Map<Node, Node>()
  let missing = false
  const bind = (open: Node): Node => {
    const known = bound.get(open)
    if (known !== undefined) return known
    // an argument that refers to itself stays open
    bound.set(open, open)
    let made: Node
    if (open.kind === 'param') {
      const value = argument(open.index)
      missing ||= value === undefined
      made = value === undefined ? open : bind(value)
      if (made.kind === 'pack') made = { ...made, ofParam: true }
    } else made = mapChildren(open, bind)
    bound.set(open, made)
    return made
  }
  const made = bind(node)
  return missing ? undefined : made
}

/** The same node when `map` gives all its children back, else one with what it gives. */
export function mapChildren(node: Node, map: (child: Node) => Node): Node {
  let changed = false
  const one = (child: Node): Node => {
    const mapped = map(child)
    changed ||= mapped !== child
    return mapped
  }
  const maybe = (child: Node | undefined) => (child === undefined ? undefined : one(child))
  const all = (children: readonly Node[]) => children.map(one)
  const made = rebuild(node, one, maybe, all)
  return changed ? made : node
}

function rebuild(
  node: Node,
  one: (child: Node) => Node,
  maybe: (child: Node | undefined) => Node | undefined,
  all: (children: readonly Node[]) => Node[],
): Node {
  switch (node.kind) {
    case 'name':
    case 'abbreviation':
    case 'param':
      return node
    case 'nested':
      return { ...node, scope: one(node.scope), member: one(node.member) }
    case 'template':
      return { ...node, base: one(node.base), args: all(node.args) }
    case 'pack':
      return { ...node, items: all(node.items) }
    case 'expansion':
      return { ...node, pattern: one(node.pattern) }
    case 'packSize':
    case 'structor':
      return { ...node, of: one(node.of) }
    case 'lambda':
      return { ...node, params: all(node.params) }
    case 'local':
      return { ...node, scope: one(node.scope), entity: one(node.entity) }
    case 'tagged':
    case 'qualified':
      return { ...node, base: one(node.base) }
    case 'conversion':
      return { ...node, type: one(node.type) }
    case 'wrapped':
      return { ...node, inner: one(node.inner) }
    case 'construction':
      return { ...node, type: one(node.type), within: one(node.within) }
    case 'encoding':
      return { ...node, name: one(node.name), result: maybe(node.result), params: all(node.params) }
    case 'function':
      return { ...node, result: one(node.result), params: all(node.params) }
    case 'pointer':
      return { ...node, target: one(node.target) }
    case 'memberPointer':
      return { ...node, owner: one(node.owner), member: one(node.member) }
    case 'array':
      return { ...node, element: one(node.element), size: maybe(node.size) }
    case 'literal':
      return { ...node, type: one(node.type) }
    case 'unary':
    case 'postfix':
      return { ...node, operand: one(node.operand) }
    case 'binary':
      return { ...node, left: one(node.left), right: one(node.right) }
    case 'fold':
      return { ...node, left: maybe(node.left), right: maybe(node.right) }
    case 'ternary':
      return { ...node, condition: one(node.condition), yes: one(node.yes), no: one(node.no) }
    case 'call':
      return { ...node, callee: one(node.callee), args: all(node.args) }
    case 'index':
      return { ...node, array: one(node.array), at: one(node.at) }
    case 'cast':
      return { ...node, type: one(node.type), args: all(node.args) }
    case 'braces':
      return { ...node, type: maybe(node.type), args: all(node.args) }
    case 'namedCast':
      return { ...node, type: one(node.type), value: one(node.value) }
  }
}
