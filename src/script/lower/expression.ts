// Expressions to code. Constants first: what the checker knows is never computed.

import { type IntType, bool as irBool, nullable, pointer, u64, type Value } from '../../ir/index.ts'
import type {
  AddressOf,
  Binary,
  Call,
  Cast,
  Expression,
  FieldAccess,
  Identifier,
  IndexAccess,
  Step,
  Ternary,
  Unary,
} from '../ast.ts'
import type { Constant } from '../check/checked.ts'
import { truth } from '../check/fold.ts'
import { isCastable, isSigned, isWhole, promote } from '../check/promote.ts'
import { lowerKfunc } from '../language/functions/kfunc.ts'
import { builtinOf, functions } from '../language/index.ts'
import { layoutOf } from '../layout.ts'
import { findMember } from '../members.ts'
import {
  int64,
  type PointerType,
  type ScriptType,
  type StructMember,
  type StructType,
  uint64,
} from '../type.ts'
import { type Datum, isScalar, registerType } from './datum.ts'
import type { Lowering } from './lowering.ts'
import { globalAddress, lowerStep as lowerMapStep, readElement } from './maps.ts'
import { argumentOffset } from './registers.ts'
import { tellMistake, tellQuietFailure } from './runtime-error.ts'
import { lowerIf, lowerValueBlock } from './statement.ts'
import { at, elementOf, inMemory, store, toScalar, toU64, truthOf } from './store.ts'
import { stringsEqual } from './strings.ts'
import { readVariable, stepVariable } from './variables.ts'

export function lowerExpression(l: Lowering, node: Expression): Datum {
  const constant = l.constantOf(node)
  if (constant !== undefined) return constantDatum(l, constant, l.typeOf(node))
  const around = l.span
  l.span = node.span
  const datum = lowerComputed(l, node)
  l.span = around
  return datum
}

function lowerComputed(l: Lowering, node: Expression): Datum {
  switch (node.kind) {
    case 'identifier':
      return lowerIdentifier(l, node)
    case 'variable':
      return readVariable(l, l.variableOf(node))
    case 'map':
    case 'map-access':
      return readElement(l, node)
    case 'call':
      return lowerCall(l, node)
    case 'comptime':
      return lowerExpression(l, node.operand)
    case 'unary':
      return lowerUnary(l, node)
    case 'binary':
      return lowerBinary(l, node)
    case 'step':
      return lowerStep(l, node, true)
    case 'address-of':
      return lowerAddressOf(l, node, l.typeOf(node))
    case 'ternary':
      return lowerTernary(l, node)
    case 'field':
      return lowerField(l, node)
    case 'tuple-access':
      return elementOf(l, lowerExpression(l, node.object), node.index)
    case 'index':
      return lowerIndex(l, node)
    case 'cast':
      return lowerCast(l, node)
    case 'tuple':
      return { kind: 'tuple', type: l.typeOf(node), elements: node.elements.map(e => lowerExpression(l, e)) }
    case 'record':
      return {
        kind: 'tuple',
        type: l.typeOf(node),
        elements: node.fields.map(field => lowerExpression(l, field.value)),
      }
    case 'typeinfo':
    case 'sizeof':
    case 'offsetof':
    case 'missing':
      return { kind: 'none', type: l.typeOf(node) }
    case 'if':
      return lowerIf(l, node)
    case 'block':
      return lowerValueBlock(l, node)
    default:
      return { kind: 'none', type: l.typeOf(node) }
  }
}

/** An expression as a number of a register type. */
export function lowerInteger(l: Lowering, node: Expression, type: ScriptType = int64): Value {
  return toScalar(l, lowerExpression(l, node), type)
}

/** An expression as a condition. */
export function lowerCondition(l: Lowering, node: Expression): Value {
  return truthOf(l, lowerExpression(l, node))
}

export function constantDatum(l: Lowering, constant: Constant, type: ScriptType): Datum {
  if (typeof constant === 'string') return { kind: 'text', type, text: constant }
  const scalar = isScalar(type) ? type : typeof constant === 'boolean' ? { kind: 'bool' as const } : int64
  return { kind: 'scalar', type: scalar, value: l.b.const(registerType(scalar), BigInt(constant)) }
}

function lowerIdentifier(l: Lowering, node: Identifier): Datum {
  const builtin = builtinOf(node.name)
  if (builtin !== undefined) return builtin.lower(l, node)
  return lowerCall(l, { ...node, kind: 'call', nameSpan: node.span, args: [] })
}

function lowerCall(l: Lowering, node: Call): Datum {
  const entry = functions.get(node.name)
  if (entry !== undefined) return entry.lower(l, node)
  if (builtinOf(node.name) === undefined) return lowerKfunc(l, node)
  return lowerIdentifier(l, { kind: 'identifier', id: node.id, span: node.span, name: node.name })
}

// ---- operators ------------------------------------------------------------------------------------------------

function lowerUnary(l: Lowering, node: Unary): Datum {
  const { b } = l
  const type = l.typeOf(node)
  const operand = lowerExpression(l, node.operand)
  switch (node.operator) {
    case '!':
      return { kind: 'scalar', type, value: b.not(truthOf(l, operand)) }
    case '-':
      return { kind: 'scalar', type, value: b.neg(toScalar(l, operand, type)) }
    case '~':
      return { kind: 'scalar', type, value: b.not(toScalar(l, operand, type)) }
    case '*':
      return dereference(l, operand, type)
  }
}

/** What lies at the address that a value is. */
export function dereference(l: Lowering, operand: Datum, type: ScriptType): Datum {
  if (operand.kind !== 'scalar') return operand
  const from = operand.type
  const space = from.kind === 'pointer' ? from.space : l.provider.startsWith('u') ? 'user' : 'kernel'
  const address = isKnown(operand.value) ? operand.value : toScalar(l, operand, uint64)
  return objectAt(l, address, space === 'user' ? 'user' : 'kernel', type, 0)
}

/**
 * The object of `type` at an address: a scalar is read now, anything larger when it is used. Through an address that the
 * verifier knows, numbers are loaded directly. Addresses are not: what is loaded so would be known as well, perhaps as
 * null, and could not be counted with.
 */
export function objectAt(
  l: Lowering,
  address: Value,
  space: 'kernel' | 'user',
  type: ScriptType,
  offset: number,
): Datum {
  const { b } = l
  if (isScalar(type) && isKnown(address) && type.kind !== 'pointer') {
    return { kind: 'scalar', type, value: b.load(address, offset, registerType(type)) }
  }
  const where = displaced(l, address, offset)
  if (!isScalar(type)) return { kind: 'remote', type, address: where, space }
  const wanted = registerType(type)
  const size = layoutOf(type).sizeBytes
  const slot = b.slot(8, 'read')
  const read = b.call(`probe_read_${space}`, [slot, size, b.cast(where, pointer(space))])
  tellQuietFailure(l, `probe_read_${space}`, read)
  return { kind: 'scalar', type, value: b.load(slot, 0, wanted) }
}

/** Whether the verifier knows what lies at an address. */
function isKnown(address: Value): boolean {
  return address.type.kind === 'pointer' && address.type.space === 'btf'
}

/** An address further on. By a distance that is only known at run time, it becomes a plain number. */
function displaced(l: Lowering, address: Value, distance: Value | number): Value {
  if (distance === 0) return address
  if (isKnown(address) && typeof distance === 'number') return l.b.offset(address, distance)
  return l.b.add(toU64(l.b, address), distance)
}

function lowerBinary(l: Lowering, node: Binary): Datum {
  const { b } = l
  const { operator } = node
  const type = l.typeOf(node)
  const truthful = (value: Value): Datum => ({ kind: 'scalar', type, value })
  if (operator === '&&') {
    return truthful(
      b.logicalAnd(lowerCondition(l, node.left), () => l.scoped(() => lowerCondition(l, node.right))),
    )
  }
  if (operator === '||') {
    return truthful(
      b.logicalOr(lowerCondition(l, node.left), () => l.scoped(() => lowerCondition(l, node.right))),
    )
  }
  const left = l.typeOf(node.left)
  const right = l.typeOf(node.right)
  if (left.kind === 'pointer' || right.kind === 'pointer') return lowerPointerBinary(l, node)
  if (isComparison(operator)) {
    const x = lowerExpression(l, node.left)
    const y = lowerExpression(l, node.right)
    return truthful(compare(l, operator, x, y))
  }
  if (type.kind === 'bool') {
    const x = truthOf(l, lowerExpression(l, node.left))
    const y = truthOf(l, lowerExpression(l, node.right))
    return truthful(operator === '&' ? b.and(x, y) : operator === '|' ? b.or(x, y) : b.xor(x, y))
  }
  const x = lowerInteger(l, node.left, type)
  const y = lowerInteger(l, node.right, type)
  const divisor = l.constantOf(node.right)
  const divides = divisor !== undefined && truth(divisor)
  return { kind: 'scalar', type, value: arithmetic(l, operator, x, y, divides) }
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

function isComparison(operator: string): operator is Comparison {
  return ['==', '!=', '<', '<=', '>', '>='].includes(operator)
}

const DIVISION_BY_ZERO =
  'Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.'

/**
 * As bpftrace computes: division and remainder unsigned, and 1 where it is by zero; shifts to the right fill zeros.
 * `divides`: the divisor is known not to be zero.
 */
export function arithmetic(l: Lowering, operator: string, x: Value, y: Value, divides: boolean): Value {
  const { b } = l
  const type = x.type as IntType
  const unsigned = (value: Value) => b.convert(value, u64)
  const divided = (quotient: (a: Value, d: Value) => Value): Value => {
    const divisor = unsigned(y)
    if (divides) return b.convert(quotient(unsigned(x), divisor), type)
    const byZero = b.eq(divisor, 0)
    const value = quotient(unsigned(x), divisor)
    l.if(byZero, () => tellMistake(l, DIVISION_BY_ZERO))
    return b.convert(b.select(byZero, b.const(u64, 1), value), type)
  }
  switch (operator) {
    case '+':
      return b.add(x, y)
    case '-':
      return b.sub(x, y)
    case '*':
      return b.mul(x, y)
    case '/':
      return divided((a, d) => b.div(a, d))
    case '%':
      return divided((a, d) => b.mod(a, d))
    case '&':
      return b.and(x, y)
    case '|':
      return b.or(x, y)
    case '^':
      return b.xor(x, y)
    case '<<':
      return b.shl(x, y)
    case '>>':
      return b.convert(b.shr(unsigned(x), unsigned(y)), type)
    default:
      throw new Error(`no operator ${operator}`)
  }
}

function compare(l: Lowering, operator: Comparison, x: Datum, y: Datum): Value {
  const { b } = l
  const equal = (value: Value): Value => (operator === '!=' ? b.not(value) : value)
  if (x.type.kind === 'string' && y.type.kind === 'string') return equal(stringsEqual(l, x, y))
  if (isScalar(x.type) && isScalar(y.type)) {
    const common = commonType(x.type, y.type)
    const a = toScalar(l, x, common)
    const c = toScalar(l, y, common)
    switch (operator) {
      case '==':
        return b.eq(a, c)
      case '!=':
        return b.ne(a, c)
      case '<':
        return b.lt(a, c)
      case '<=':
        return b.le(a, c)
      case '>':
        return b.gt(a, c)
      case '>=':
        return b.ge(a, c)
    }
  }
  if (x.type.kind === 'tuple' && y.type.kind === 'tuple') return equal(tuplesEqual(l, x, y))
  return equal(bytesEqual(l, x, y))
}

/** The type that two scalars are compared as. */
function commonType(x: ScriptType, y: ScriptType): ScriptType {
  const number = (type: ScriptType): ScriptType =>
    isCastable(type)
      ? isSigned(type)
        ? int64
        : uint64
      : type.kind === 'bool' || isWhole(type)
        ? type
        : uint64
  const [a, c] = [number(x), number(y)]
  if (a.kind === 'bool' && c.kind === 'bool') return a
  if (a.kind === 'bool' || c.kind === 'bool') return int64
  return promote(a, c) ?? int64
}

function tuplesEqual(l: Lowering, x: Datum, y: Datum): Value {
  const { b } = l
  const left = x.type as Extract<ScriptType, { kind: 'tuple' }>
  const right = y.type as typeof left
  const same = (i: number): Value => {
    if (i === left.elements.length) return b.const(irBool, 1)
    const at2 = left.names === undefined ? i : right.names!.indexOf(left.names[i]!)
    const here = compare(l, '==', elementOf(l, x, i), elementOf(l, y, at2))
    return i === left.elements.length - 1 ? here : b.logicalAnd(here, () => l.scoped(() => same(i + 1)))
  }
  return same(0)
}

function bytesEqual(l: Lowering, x: Datum, y: Datum): Value {
  const { b } = l
  const size = Math.min(layoutOf(x.type).sizeBytes, layoutOf(y.type).sizeBytes)
  const left = inMemory(l, x)
  const right = inMemory(l, y)
  const same = (at2: number): Value => {
    let step = 8
    while (step > size - at2 || (left.offset + at2) % step !== 0 || (right.offset + at2) % step !== 0)
      step >>= 1
    const type = { kind: 'int', bits: (step * 8) as 8 | 16 | 32 | 64, signed: false } as const
    const here = b.eq(
      b.load(left.base, left.offset + at2, type),
      b.load(right.base, right.offset + at2, type),
    )
    return at2 + step >= size ? here : b.logicalAnd(here, () => same(at2 + step))
  }
  return size === 0 ? b.const(irBool, 1) : same(0)
}

function lowerPointerBinary(l: Lowering, node: Binary): Datum {
  const { b } = l
  const type = l.typeOf(node)
  const left = l.typeOf(node.left)
  const x = lowerInteger(l, node.left, uint64)
  const y = lowerInteger(l, node.right, uint64)
  if (isComparison(node.operator)) {
    const a: Datum = { kind: 'scalar', type: uint64, value: x }
    return {
      kind: 'scalar',
      type,
      value: compare(l, node.operator, a, { kind: 'scalar', type: uint64, value: y }),
    }
  }
  const { to } = type as PointerType
  const size = to.kind === 'none' ? 1 : Math.max(1, layoutOf(to).sizeBytes)
  const [address, count] = left.kind === 'pointer' ? [x, y] : [y, x]
  const distance = size === 1 ? count : b.mul(count, size)
  return {
    kind: 'scalar',
    type,
    value: node.operator === '+' ? b.add(address, distance) : b.sub(address, distance),
  }
}

/** `x++` and the like; `used` when the value is wanted. */
export function lowerStep(l: Lowering, node: Step, used: boolean): Datum {
  if (node.target.kind === 'variable') return stepVariable(l, node)
  return lowerMapStep(l, node, used)
}

function lowerAddressOf(l: Lowering, { operand }: AddressOf, type: ScriptType): Datum {
  const { b } = l
  // The address as a number: a pointer that the verifier tracks must not be added to or stored.
  const slot = l.buffer(8)
  b.store(slot.base, slot.offset, trackedAddress(l, operand))
  return { kind: 'scalar', type, value: b.load(slot.base, slot.offset, u64) }
}

/** Where a variable or the value of a map without keys is; of a map with keys the map itself, for the kernel's functions. */
export function trackedAddress(l: Lowering, operand: AddressOf['operand']): Value {
  const { b } = l
  if (operand.kind === 'variable') {
    const { base, offset } = inMemory(l, readVariable(l, l.variableOf(operand), true))
    return b.offset(base, offset)
  }
  const map = l.shared.map(operand.name)
  if (map.store.kind === 'map') return b.mapFd(map.store.map)
  const { at, offset } = globalAddress(l, map)
  return b.offset(at, offset)
}

function lowerTernary(l: Lowering, node: Ternary): Datum {
  const known = l.constantOf(node.condition)
  if (known !== undefined) {
    return lowerExpression(l, truth(known) ? (node.then ?? node.condition) : node.otherwise)
  }
  const type = l.typeOf(node)
  const condition = lowerExpression(l, node.condition)
  return choose(
    l,
    type,
    truthOf(l, condition),
    () => (node.then === null ? condition : lowerExpression(l, node.then)),
    () => lowerExpression(l, node.otherwise),
  )
}

/** The value of one of two arms, as `type`. */
export function choose(
  l: Lowering,
  type: ScriptType,
  condition: Value,
  then: () => Datum,
  otherwise: () => Datum,
): Datum {
  const { b } = l
  if (type.kind === 'none') {
    l.if(condition, then, otherwise)
    return { kind: 'none', type }
  }
  if (isScalar(type)) {
    const result = b.variable(registerType(type), 0)
    l.if(
      condition,
      () => result.set(toScalar(l, then(), type)),
      () => result.set(toScalar(l, otherwise(), type)),
    )
    return { kind: 'scalar', type, value: result.get() }
  }
  const area = l.temporaryFor(type, 'choice')
  const put = (datum: Datum): void => {
    if (datum.kind !== 'none') store(l, datum, type, area.base, area.offset)
  }
  l.if(
    condition,
    () => put(then()),
    () => put(otherwise()),
  )
  return at(l, type, area.base, area.offset)
}

// ---- parts ----------------------------------------------------------------------------------------------------

function lowerField(l: Lowering, node: FieldAccess): Datum {
  const ofIterator = node.object.kind === 'identifier' && node.object.name === 'ctx' && l.provider === 'iter'
  if (ofIterator) return iteratorField(l, node)
  const object = lowerExpression(l, node.object)
  if (object.type.kind === 'tuple') {
    return elementOf(l, object, object.type.names!.indexOf(node.name))
  }
  const followed = followPointers(l, object)
  const struct = followed.type
  if (struct.kind !== 'struct') return { kind: 'none', type: l.typeOf(node) }
  const member = findMember(struct.def, node.name)!
  const type = l.typeOf(node)
  const { arguments: args } = l.body
  if (args !== undefined && struct.def === args.def) return argument(l, member, type)
  return memberOf(l, followed, member, type)
}

/** What an iterator stands at, `ctx->task`. At its end it stands at nothing, and the program has nothing to do. */
function iteratorField(l: Lowering, node: FieldAccess): Datum {
  const { b } = l
  const type = l.typeOf(node)
  const context = l.typeOf(node.object) as PointerType
  const { offsetBytes } = findMember((context.to as StructType).def, node.name)!
  const value = l.once(`ctx.${node.name}`, () => {
    if (type.kind !== 'pointer') return b.load(l.ctx!, offsetBytes, registerType(type), { invariant: true })
    const found = b.load(l.ctx!, offsetBytes, nullable('btf'), { invariant: true })
    b.if(b.isNull(found), () => l.leave(0))
    return { id: found.id, type: pointer('btf') }
  })
  return { kind: 'scalar', type, value }
}

/** Through pointers to the struct at their end. */
function followPointers(l: Lowering, object: Datum): Datum {
  let datum = object
  while (datum.type.kind === 'pointer' && datum.kind === 'scalar') {
    datum = dereference(l, datum, datum.type.to)
  }
  return datum
}

/** A member of a struct: read where the struct lies. */
export function memberOf(l: Lowering, object: Datum, member: StructMember, type: ScriptType): Datum {
  if (member.bits !== undefined) return bitField(l, object, member, type)
  if (object.kind === 'remote') {
    return objectAt(l, object.address, object.space, type, member.offsetBytes)
  }
  const { base, offset } = object.kind === 'bytes' ? object : inMemory(l, object)
  return at(l, type, base, offset + member.offsetBytes)
}

/** A bit field: the bytes that it touches are read, and the bits cut out; without a sign, as bpftrace reads them. */
function bitField(l: Lowering, object: Datum, member: StructMember, type: ScriptType): Datum {
  const { b } = l
  const { offset: from, size } = member.bits!
  const bytes = Math.ceil((from + size) / 8)
  const wide = bytes <= 1 ? 1 : bytes <= 2 ? 2 : bytes <= 4 ? 4 : 8
  const word = { kind: 'int', bits: (wide * 8) as 8 | 16 | 32 | 64, signed: false } as const
  let value: Value
  if (object.kind === 'remote') {
    const slot = b.slot(8, 'bits')
    b.store(slot, 0, 0, u64)
    const helper = `probe_read_${object.space}` as const
    const from = b.cast(b.add(object.address, member.offsetBytes), pointer(object.space))
    tellQuietFailure(l, helper, b.call(helper, [slot, bytes, from]))
    value = b.load(slot, 0, u64)
  } else {
    const { base, offset } = object.kind === 'bytes' ? object : inMemory(l, object)
    value = b.convert(b.load(base, offset + member.offsetBytes, word), u64)
  }
  const cut = b.shr(b.shl(value, 64 - from - size), 64 - size)
  return { kind: 'scalar', type, value: b.convert(cut, registerType(type) as IntType) }
}

/** A member of `args`. */
function argument(l: Lowering, member: StructMember, type: ScriptType): Datum {
  const { b } = l
  const ctx = l.ctx!
  const { layout } = l.body.arguments!
  if (layout === 'words') {
    const { kind } = l.body.places[0]!.place
    if (type.kind === 'pointer' && type.to.kind === 'struct' && (kind === 'fentry' || kind === 'fexit')) {
      const value = b.load(ctx, member.offsetBytes, pointer('btf'), { invariant: true })
      return { kind: 'scalar', type, value }
    }
    // by kprobe: the word is the register of that argument
    const offset = kind === 'kprobe' ? argumentOffset(member.offsetBytes / 8)! : member.offsetBytes
    const word = b.load(ctx, offset, u64, { invariant: true })
    return { kind: 'scalar', type, value: toScalar(l, { kind: 'scalar', type: uint64, value: word }, type) }
  }
  if (member.dataLoc) {
    const where = b.load(
      ctx,
      member.offsetBytes,
      { kind: 'int', bits: 32, signed: false },
      { invariant: true },
    )
    const offset = b.and(b.convert(where, u64), 0xffff)
    return { kind: 'scalar', type, value: b.add(contextAddress(l), offset) }
  }
  if (isScalar(type)) {
    return {
      kind: 'scalar',
      type,
      value: b.load(ctx, member.offsetBytes, registerType(type), { invariant: true }),
    }
  }
  return { kind: 'bytes', type, base: ctx, offset: member.offsetBytes }
}

/** The context's address as a number. */
export function contextAddress(l: Lowering): Value {
  const { b } = l
  return l.once('context address', () => {
    const slot = b.slot(8, 'context')
    b.store(slot, 0, l.ctx!)
    return b.load(slot, 0, u64)
  })
}

function lowerIndex(l: Lowering, node: IndexAccess): Datum {
  const { b } = l
  const object = lowerExpression(l, node.object)
  const type = l.typeOf(node)
  const known = l.constantOf(node.index)
  if (object.type.kind === 'tuple') return elementOf(l, object, Number(known))
  const size = layoutOf(type).sizeBytes
  if (object.type.kind === 'pointer') {
    const address = b.add(toScalar(l, object, uint64), b.mul(lowerInteger(l, node.index, uint64), size))
    return objectAt(l, address, object.type.space === 'user' ? 'user' : 'kernel', type, 0)
  }
  if (object.kind === 'remote') {
    const wanted = lowerInteger(l, node.index, uint64)
    if (known === undefined && object.type.kind === 'array') tellBounds(l, wanted, object.type.count)
    const distance = b.mul(wanted, size)
    return objectAt(l, displaced(l, object.address, distance), object.space, type, 0)
  }
  const count = object.type.kind === 'array' ? object.type.count : layoutOf(object.type).sizeBytes
  if (known !== undefined) {
    const { base, offset } = object.kind === 'bytes' ? object : inMemory(l, object)
    return at(l, type, base, offset + Number(known) * size)
  }
  const { base, offset } = inMemory(l, object)
  const wanted = lowerInteger(l, node.index, uint64)
  tellBounds(l, wanted, count)
  const index = b.clamp(wanted, Math.max(0, count - 1))
  return at(l, type, b.offset(base, b.mul(index, size)), offset)
}

function tellBounds(l: Lowering, index: Value, count: number): void {
  if (count === 0) return
  const text = 'Array access out of bounds. This can lead to unexpected results.'
  l.if(l.b.ge(index, count), () => tellMistake(l, text))
}

function lowerCast(l: Lowering, node: Cast): Datum {
  const type = l.typeOf(node)
  const operand = lowerExpression(l, node.operand)
  if (type.kind === 'bool') return { kind: 'scalar', type, value: truthOf(l, operand) }
  if (isScalar(type)) {
    if (type.kind === 'pointer' && operand.kind === 'remote') {
      return { kind: 'scalar', type, value: operand.address }
    }
    return { kind: 'scalar', type, value: toScalar(l, operand, type) }
  }
  if (type.kind === 'array') return castToArray(l, operand, type)
  return castTo(operand, type)
}

/** A number's bytes as an array: the lowest first. */
function castToArray(l: Lowering, operand: Datum, type: Extract<ScriptType, { kind: 'array' }>): Datum {
  const { b } = l
  if (operand.kind !== 'scalar') return castTo(inBytes(l, operand), type)
  const area = l.temporary(8, 'array')
  b.store(area.base, area.offset, b.convert(toScalar(l, operand, uint64), u64))
  return { kind: 'bytes', type, base: area.base, offset: area.offset }
}

function inBytes(l: Lowering, datum: Datum): Datum {
  const { base, offset } = inMemory(l, datum)
  return { kind: 'bytes', type: datum.type, base, offset }
}

function castTo(datum: Datum, type: ScriptType): Datum {
  if (datum.kind === 'bytes') return { ...datum, type }
  if (datum.kind === 'text') return { ...datum, type }
  return datum
}
