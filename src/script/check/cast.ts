// Casts: which types may become which (bpftrace's TypeChecker::visit(Cast)).

import type { Cast } from '../ast.ts'
import { layoutOf } from '../layout.ts'
import type { AddressSpace, ScriptType } from '../type.ts'
import type { Checker } from './checker.ts'
import { checkExpression } from './expression.ts'
import { say } from './messages.ts'
import { isCastable, isWhole, sameType } from './promote.ts'
import { resolveType } from './type-syntax.ts'
import { typeText } from './type-text.ts'

export function checkCast(c: Checker, node: Cast): ScriptType | undefined {
  const from = checkExpression(c, node.operand)
  const written = resolveType(c, node.type)
  if (from === undefined || written === undefined) return undefined
  const to = completed(c, node, written, from)
  if (to === undefined) return undefined
  c.body.written.set(node.id, to)
  if (from.kind === 'struct') {
    c.report(say.castFromStruct, node, { type: typeText(from) })
    return undefined
  }
  if (from.kind === 'none') {
    c.report(say.castFromNone, node, { from: typeText(from) })
    return undefined
  }
  if (sameType(to, from) && node.operand.kind !== 'integer') {
    c.report(say.uselessCast, node, { type: typeText(from) })
    return to
  }
  if (!mayCast(from, to)) {
    c.report(say.castFrom, node, { from: typeText(from), to: typeText(to) })
    return undefined
  }
  fold(c, node, to)
  return to
}

/** An array without a length takes it from what is cast; an address lies where it did before. */
function completed(c: Checker, node: Cast, to: ScriptType, from: ScriptType): ScriptType | undefined {
  if (to.kind === 'array' && to.count === 0) {
    const elementBytes = layoutOf(to.element).sizeBytes
    const bytes = layoutOf(from).sizeBytes
    if (elementBytes === 0) {
      c.report(say.arraySizeUnknown, node, {})
      return undefined
    }
    if (bytes % elementBytes !== 0) {
      c.report(say.arraySizeOdd, node, {})
      return undefined
    }
    return { ...to, count: bytes / elementBytes, space: 'none' }
  }
  if (to.kind === 'string' && to.capacity === 0) {
    return { kind: 'string', capacity: from.kind === 'string' ? from.capacity : c.config.max_strlen }
  }
  if (to.kind === 'pointer') return { ...to, space: spaceOf(c, from) }
  return to
}

/** Where a number that becomes an address points: what it came from says so, else the kind of probe. */
function spaceOf(c: Checker, from: ScriptType): AddressSpace {
  if (from.kind === 'pointer' && from.space !== 'none') return from.space
  return probeSpace(c)
}

export function probeSpace(c: Checker): AddressSpace {
  switch (c.provider) {
    case 'uprobe':
    case 'uretprobe':
    case 'usdt':
      return 'user'
    case 'tracepoint': {
      const { place } = c.body.places[0]!
      return place.kind === 'tracepoint' && place.category === 'syscalls' ? 'user' : 'kernel'
    }
    default:
      return 'kernel'
  }
}

function mayCast(from: ScriptType, to: ScriptType): boolean {
  const size = (type: ScriptType) => layoutOf(type).sizeBytes
  const number = isWhole(from) || from.kind === 'bool' || isCastable(from)
  switch (to.kind) {
    case 'integer':
    case 'enum':
      if (from.kind === 'array') return size(from) === size(to)
      return number || from.kind === 'pointer' || from.kind === 'ksym'
    case 'bool':
      return number || from.kind === 'pointer' || from.kind === 'string'
    case 'pointer':
      return number || from.kind === 'pointer' || (from.kind === 'array' && from.space !== 'none')
    case 'string':
      return from.kind === 'string' && to.capacity >= from.capacity
    case 'array':
      if (!isWhole(to.element) && to.element.kind !== 'bool') return false
      if (number) return size(to) === size(from) || (size(to) <= 8 && size(to) > size(from))
      return from.kind === 'string' && size(to) === size(from)
    case 'named':
      return to.table === 'username' && isWhole(from)
    default:
      return false
  }
}

/** Casts of constants stay constants. */
function fold(c: Checker, node: Cast, to: ScriptType): void {
  const value = c.constantOf(node.operand)
  if (typeof value !== 'bigint') return
  if (to.kind === 'integer') {
    c.body.constants.set(node.id, to.signed ? BigInt.asIntN(to.bits, value) : BigInt.asUintN(to.bits, value))
  } else if (to.kind === 'bool') c.body.constants.set(node.id, value !== 0n)
  else if (to.kind === 'enum') {
    c.body.constants.set(node.id, value)
    if (!to.values.has(value)) c.report(say.enumValue, node, { name: to.name, value })
  }
}
