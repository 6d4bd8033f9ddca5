// Ways over the tree for code that does not care what most nodes are: visiting children, copying, replacing.

import type { Node, NodeIds } from './ast.ts'
import { type Span, spanExpandedFrom } from './span.ts'

/** Whether a value held by a node is a node itself, rather than a span, a list or a plain value. */
function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value && 'id' in value
}

/** Calls `visit` with each node directly below, in source order. */
export function visitChildren(node: Node, visit: (child: Node) => void): void {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const element of value) if (isNode(element)) visit(element)
    } else if (isNode(value)) {
      visit(value)
    }
  }
}

/** Whether an identifier, or a call, of such a name stands anywhere in a probe. */
export function mentions(node: Node, wanted: (name: string) => boolean): boolean {
  if ((node.kind === 'identifier' || node.kind === 'call') && wanted(node.name)) return true
  let found = false
  visitChildren(node, child => {
    found ||= mentions(child, wanted)
  })
  return found
}

/**
 * Puts what `replace` answers in the place of each node directly below, in source order. Only for passes that own the
 * tree; the answer must be of a kind that may stand there.
 */
export function replaceChildren(node: Node, replace: (child: Node) => Node): void {
  const fields = node as unknown as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) if (isNode(value[i])) value[i] = replace(value[i])
    } else if (isNode(value)) {
      fields[key] = replace(value)
    }
  }
}

/** A deep copy with ids of its own, whose spans say that they were reached through `call` when one is given. */
export function copyTree<T extends Node>(node: T, ids: NodeIds, call?: Span): T {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === 'id') copy.id = ids.count++
    else copy[key] = copyValue(value, ids, call)
  }
  return copy as unknown as T
}

function copyValue(value: unknown, ids: NodeIds, call: Span | undefined): unknown {
  if (Array.isArray(value)) return value.map(element => copyValue(element, ids, call))
  if (typeof value !== 'object' || value === null) return value
  if (isNode(value)) return copyTree(value, ids, call)
  if ('file' in value) return call === undefined ? value : spanExpandedFrom(value as Span, call)
  // an element of an offsetof path
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copyValue(v, ids, call)]))
}
