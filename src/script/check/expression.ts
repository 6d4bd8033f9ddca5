// The type of every expression, and its value where that is known already.

import { didYouMean } from '../../btf/index.ts'
import type {
  AddressOf,
  Binary,
  Block,
  Call,
  Cast,
  Expression,
  FieldAccess,
  Identifier,
  If,
  IndexAccess,
  MapAccess,
  MapName,
  OffsetOf,
  RecordLiteral,
  SizeOf,
  Step,
  Ternary,
  Tuple,
  TupleAccess,
  TypeInfo,
  Unary,
  Variable,
} from '../ast.ts'
import { aggregates, builtinOf, builtins, functions } from '../language/index.ts'
import { findMember } from '../members.ts'
import { bool, int8, int64, intOf, type ScriptType, string, tuple, uint64 } from '../type.ts'
import { checkCall } from './call.ts'
import { checkCast } from './cast.ts'
import type { Constant } from './checked.ts'
import type { Checker } from './checker.ts'
import { foldBinary, foldUnary, truth } from './fold.ts'
import { say } from './messages.ts'
import {
  fitsInto,
  isCastable,
  isSigned,
  isWhole,
  literalType,
  promote,
  sameType,
  settled,
} from './promote.ts'
import { checkBlock, checkIf } from './statement.ts'
import { resolveType } from './type-syntax.ts'
import { kindText, sizeOfType, typeText } from './type-text.ts'

/** Checks an expression and everything in it; its type, or undefined while that is not known. */
export function checkExpression(c: Checker, node: Expression): ScriptType | undefined {
  c.body.constants.delete(node.id)
  const type = infer(c, node)
  const constant = c.body.constants.get(node.id)
  const made = constant === undefined || node.kind === 'identifier' ? type : constantType(constant, type)
  if (made === undefined) c.body.types.delete(node.id)
  else c.body.types.set(node.id, made)
  return made
}

function constantType(constant: Constant, type: ScriptType | undefined): ScriptType | undefined {
  if (typeof constant === 'string') return string(constant.length + 1)
  if (typeof constant === 'boolean') return bool
  return type?.kind === 'integer' && type.clock === undefined && type.flexible === undefined
    ? type
    : (type ?? literalType(constant))
}

function infer(c: Checker, node: Expression): ScriptType | undefined {
  const know = (value: Constant) => c.body.constants.set(node.id, value)
  switch (node.kind) {
    case 'integer':
      know(node.value)
      return literalType(node.value)
    case 'string':
      know(node.value)
      return string(node.value.length + 1)
    case 'boolean':
      know(node.value)
      return bool
    case 'positional':
      return checkPositional(c, node.index, node)
    case 'positional-count':
      know(BigInt(c.facts.run.positional.length))
      return uint64
    case 'identifier':
      return checkIdentifier(c, node)
    case 'variable':
      return checkVariable(c, node)
    case 'map':
      return checkMapName(c, node)
    case 'map-access':
      return checkMapAccess(c, node)
    case 'call':
      return checkCall(c, node)
    case 'sizeof':
      return checkSizeOf(c, node)
    case 'offsetof':
      return checkOffsetOf(c, node)
    case 'typeinfo':
      return checkTypeInfo(c, node)
    case 'comptime': {
      const type = checkExpression(c, node.operand)
      const value = c.constantOf(node.operand)
      if (value !== undefined) know(value)
      else if (type !== undefined) c.report(say.notKnown, node, {})
      return type
    }
    case 'unary':
      return checkUnary(c, node)
    case 'binary':
      return checkBinary(c, node)
    case 'step':
      return checkStep(c, node)
    case 'address-of':
      return checkAddressOf(c, node)
    case 'ternary':
      return checkTernary(c, node)
    case 'field':
      return checkField(c, node)
    case 'tuple-access':
      return checkTupleAccess(c, node)
    case 'index':
      return checkIndex(c, node)
    case 'cast':
      return checkCast(c, node as Cast)
    case 'tuple':
      return checkTuple(c, node)
    case 'record':
      return checkRecord(c, node)
    case 'if':
      return checkIf(c, node as If)
    case 'block': {
      const type = checkBlock(c, node as Block)
      const value = node.statements.length > 0 || node.value === null ? undefined : c.constantOf(node.value)
      if (value !== undefined) know(value)
      return type
    }
    case 'missing':
      return undefined
  }
}

function checkPositional(c: Checker, index: number, node: Expression): ScriptType {
  const text = c.facts.run.positional[index - 1]
  if (text === undefined) {
    c.report(say.emptyParameter, node, { parameter: `$${index}` })
    c.body.constants.set(node.id, 0n)
    return int64
  }
  const number = parameterNumber(text)
  if (number !== undefined) {
    c.body.constants.set(node.id, number)
    return int64
  }
  c.body.constants.set(node.id, text)
  return string(text.length + 1)
}

/** The number that a positional parameter is, undefined when it is only text. */
export function parameterNumber(text: string): bigint | undefined {
  if (!/^[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) return undefined
  const negative = text.startsWith('-')
  const digits = text.replace(/^[+-]/, '')
  const value = /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits)
  return negative ? -value : value
}

function checkIdentifier(c: Checker, node: Identifier): ScriptType | undefined {
  const builtin = builtinOf(node.name)
  if (builtin !== undefined) return builtin.type(c, node)
  const constant = c.facts.types.constant(node.name)
  if (constant !== undefined) {
    c.body.constants.set(node.id, constant.value)
    return constant.type.kind === 'enum' ? { ...constant.type, bits: 64 } : literalType(constant.value)
  }
  const call = functions.get(node.name)
  if (call !== undefined && call.args[0] === 0) {
    return checkCall(c, { ...node, kind: 'call', nameSpan: node.span, args: [] } as Call)
  }
  const hint = aggregates.has(node.name)
    ? `a call takes parentheses: ${aggregates.get(node.name)!.example}`
    : didYouMean(node.name, [...builtins.keys()]).replace(/^[,;] /, '')
  c.report(say.unknownIdentifier, node, { name: node.name }, hint === '' ? undefined : hint)
  return undefined
}

function checkVariable(c: Checker, node: Variable): ScriptType | undefined {
  const variable = c.findVariable(node.name)
  if (variable === undefined) {
    c.report(say.undefinedVariable, node, { name: node.name })
    return undefined
  }
  c.body.variables.set(node.id, variable)
  if (!variable.assigned && c.metaDepth === 0) c.report(say.unassignedUse, node, { name: node.name })
  // after another error this one is only its consequence
  if (variable.type === undefined && c.reporting && c.diagnostics.ok)
    c.report(say.unresolvedVariable, node, {})
  return variable.type
}

/** A map without keys that is read. */
function checkMapName(c: Checker, node: MapName): ScriptType | undefined {
  if (!c.useMap(node, true)) return undefined
  return mapValue(c, node)
}

function checkMapAccess(c: Checker, node: MapAccess): ScriptType | undefined {
  const key = checkExpression(c, node.key)
  if (!c.useMap(node.map, false, node)) return undefined
  c.useKey(c.map(node.map), key, node.key.kind === 'tuple' ? node : node.key)
  return mapValue(c, node.map)
}

function mapValue(c: Checker, map: MapName): ScriptType | undefined {
  const { value } = c.map(map)
  if (value === undefined && c.reporting) c.report(say.undefinedMap, map, { name: map.name })
  return value
}

// ---- sizes and types of types ---------------------------------------------------------------------------------

/** The type an operand of sizeof, offsetof, typeof or typeinfo stands for. */
export function operandType(c: Checker, operand: SizeOf['operand']): ScriptType | undefined {
  c.metaDepth++
  try {
    if (isTypeSyntax(operand)) return resolveType(c, operand)
    if (operand.kind === 'identifier' && builtinOf(operand.name) === undefined) {
      const named = c.facts.types.named(operand.name)
      if (named !== undefined) return named
    }
    if (operand.kind === 'map' && c.map(operand).scalar === false) return c.map(operand).key
    return checkExpression(c, operand)
  } finally {
    c.metaDepth--
  }
}

export function isTypeSyntax(
  node: SizeOf['operand'],
): node is Extract<SizeOf['operand'], { kind: `${string}type` | 'typeof' }> {
  return ['named-type', 'tagged-type', 'pointer-type', 'array-type', 'typeof'].includes(node.kind)
}

function checkSizeOf(c: Checker, node: SizeOf): ScriptType | undefined {
  const type = operandType(c, node.operand)
  if (type === undefined) return undefined
  const value = BigInt(sizeOfType(type))
  c.body.constants.set(node.id, value)
  return literalType(value)
}

function checkOffsetOf(c: Checker, node: OffsetOf): ScriptType | undefined {
  let type = operandType(c, node.operand)
  let offset = 0
  for (const { name } of node.path) {
    if (type === undefined) return undefined
    if (type.kind !== 'struct') return c.error(node, `'${typeText(type)}' is not a C type.`)
    const member = findMember(type.def, name)
    if (member === undefined) return c.error(node, `'${typeText(type)}' has no field named '${name}'`)
    offset += member.offsetBytes
    type = member.type
  }
  if (type === undefined) return undefined
  c.body.constants.set(node.id, BigInt(offset))
  return literalType(BigInt(offset))
}

function checkTypeInfo(c: Checker, node: TypeInfo): ScriptType | undefined {
  const type = operandType(c, node.operand)
  if (type === undefined) return undefined
  c.body.written.set(node.id, type)
  return tuple(
    [uint64, string(kindText(type).length + 1), string(typeText(type).length + 1)],
    ['btf_id', 'base_type', 'full_type'],
  )
}

// ---- operators ------------------------------------------------------------------------------------------------

function checkUnary(c: Checker, node: Unary): ScriptType | undefined {
  const type = checkExpression(c, node.operand)
  const value = c.constantOf(node.operand)
  if (value !== undefined) {
    const folded = foldUnary(c, node, value)
    if (folded !== undefined) {
      c.body.constants.set(node.id, folded)
      return constantType(folded, undefined)
    }
  }
  if (type === undefined) return undefined
  const invalid = (): undefined => {
    c.report(say.unaryType, node, { operator: node.operator, type: typeText(type) })
  }
  if (node.operator === '*') return dereferenced(c, node, type, invalid)
  if (type.kind === 'bool') return node.operator === '!' ? bool : invalid()
  if (node.operator === '!' && (type.kind === 'pointer' || isCastable(type))) return bool
  if (!isWhole(type) && !isCastable(type)) return invalid()
  if (node.operator === '!') return bool
  return isSigned(type) ? int64 : uint64
}

function dereferenced(
  c: Checker,
  node: Unary,
  type: ScriptType,
  invalid: () => undefined,
): ScriptType | undefined {
  if (type.kind === 'pointer') {
    if (type.to.kind === 'none') {
      c.report(say.dereference, node, { type: typeText(type) })
      return undefined
    }
    return placedAt(type.to, type.space)
  }
  if (type.kind === 'struct' && node.operand.kind === 'identifier' && node.operand.name === 'args')
    return type
  if (type.kind === 'struct') {
    c.report(say.dereferenceStruct, node, { type: typeText(type) })
    return undefined
  }
  return isWhole(type) ? uint64 : invalid()
}

/** An object of a type, said where it lies. */
export function placedAt(type: ScriptType, space: 'kernel' | 'user' | 'none'): ScriptType {
  if (type.kind === 'struct' || type.kind === 'array') return { ...type, space }
  if (type.kind === 'pointer' && type.space !== 'user') return { ...type, space }
  return type
}

/** Whether a constant is of a literal's own type: a cast one has the type that it was cast to. */
function isLiteral(type: ScriptType | undefined, value: Constant): boolean {
  return type?.kind !== 'integer' || type.flexible === true || (typeof value === 'bigint' && value < 0n)
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>='])

function checkBinary(c: Checker, node: Binary): ScriptType | undefined {
  const left = checkExpression(c, node.left)
  const right = checkExpression(c, node.right)
  const a = c.constantOf(node.left)
  const b = c.constantOf(node.right)
  if (a !== undefined && b !== undefined) {
    const folded = foldBinary(c, node, a, b)
    if (folded !== undefined) {
      c.body.constants.set(node.id, folded)
      if (isLiteral(left, a) && isLiteral(right, b)) return constantType(folded, undefined)
      const type = left === undefined || right === undefined ? undefined : binaryType(c, node, left, right)
      if (type?.kind === 'integer' && typeof folded === 'bigint') {
        c.body.constants.set(node.id, type.signed ? BigInt.asIntN(64, folded) : BigInt.asUintN(64, folded))
      }
      return type
    }
  } else if (a !== undefined && typeof a !== 'string') {
    // `false && …` and `true || …` need not look at the rest.
    if (node.operator === '&&' && !truth(a)) c.body.constants.set(node.id, false)
    if (node.operator === '||' && truth(a)) c.body.constants.set(node.id, true)
  }
  if (left === undefined || right === undefined) return undefined
  return binaryType(c, node, left, right)
}

function binaryType(c: Checker, node: Binary, left: ScriptType, right: ScriptType): ScriptType | undefined {
  const { operator } = node
  const comparison = COMPARISONS.has(operator)
  const logical = operator === '&&' || operator === '||'
  if (left.kind === 'pointer' || right.kind === 'pointer') return pointerBinary(c, node, left, right)
  const number = (type: ScriptType) => isWhole(type) || type.kind === 'bool' || isCastable(type)
  if (number(left) && number(right)) {
    if (comparison || logical || (left.kind === 'bool' && right.kind === 'bool')) return bool
    return arithmeticType(c, node, left, right)
  }
  if (left.kind === 'array' && right.kind === 'array') {
    if (operator !== '==' && operator !== '!=') c.report(say.arrayOperator, node, { operator })
    else if (left.count !== right.count) c.report(say.arraySizes, node, {})
    else if (!isWhole(left.element) || !sameType(left.element, right.element)) {
      c.report(say.arrayElements, node, {})
    }
    return bool
  }
  if (!comparable(left, right)) {
    const gaps = { operator, left: typeText(left), right: typeText(right) }
    const diagnostic = c.report(say.binaryMismatch, node, gaps)
    diagnostic.notes.push(
      { text: `left (${typeText(left)})`, span: node.left.span },
      { text: `right (${typeText(right)})`, span: node.right.span },
    )
    return undefined
  }
  if (operator !== '==' && operator !== '!=') {
    c.report(say.binaryTypes, node, { operator, left: typeText(left), right: typeText(right) })
    return undefined
  }
  return bool
}

function comparable(left: ScriptType, right: ScriptType): boolean {
  if (left.kind === 'string' && right.kind === 'string') return true
  return promote(settled(left), settled(right)) !== undefined
}

function arithmeticType(c: Checker, node: Binary, left: ScriptType, right: ScriptType): ScriptType {
  const { operator } = node
  const a = settledSign(left, right)
  const b = settledSign(right, left)
  if (operator === '<<' || operator === '>>') return a ? int64 : uint64
  if ((operator === '/' || operator === '%') && !sameType(left, right) && (a || b)) {
    c.report(say.signedDivision, node, { operator })
  }
  const clock = left.kind === 'integer' ? left.clock : undefined
  const signed = a || b || operator === '-'
  const type = intOf(64, signed)
  return clock === undefined || operator === '-' ? type : { ...type, clock }
}

/** Whether a type counts as signed beside another: a literal takes the other's sign. */
function settledSign(type: ScriptType, other: ScriptType): boolean {
  if (type.kind === 'integer' && type.flexible) {
    return other.kind === 'integer' && other.flexible ? type.signed : isSigned(other)
  }
  return isSigned(type)
}

function pointerBinary(
  c: Checker,
  node: Binary,
  left: ScriptType,
  right: ScriptType,
): ScriptType | undefined {
  const { operator } = node
  const comparison = COMPARISONS.has(operator)
  const invalid = (): undefined => {
    c.report(say.binaryTypes, node, { operator, left: typeText(left), right: typeText(right) })
  }
  if (left.kind === 'pointer' && right.kind === 'pointer') {
    if (operator === '&&' || operator === '||') return bool
    if (!comparison) return invalid()
    if (!sameType(settled(left.to), settled(right.to))) {
      c.report(say.distinctPointers, node, { left: typeText(left.to), right: typeText(right.to) })
    }
    return bool
  }
  const pointer = left.kind === 'pointer' ? left : right
  const other = left.kind === 'pointer' ? right : left
  if (!isWhole(other) && other.kind !== 'bool') return invalid()
  if (comparison || operator === '&&' || operator === '||') return bool
  if (operator === '+' || (operator === '-' && left.kind === 'pointer')) return pointer
  return invalid()
}

function checkStep(c: Checker, node: Step): ScriptType | undefined {
  const { target } = node
  const type = checkStepTarget(c, target)
  const down = node.operator === '--'
  if (target.kind === 'variable') {
    const variable = c.findVariable(target.name)
    if (variable === undefined) return undefined
    if (variable.fixed || variable.type?.kind === 'pointer') return variable.type
    if (type === undefined) return undefined
    if (!isWhole(type)) {
      c.report(say.unaryType, node, { operator: node.operator, type: typeText(type) })
      return undefined
    }
    const wide = isSigned(type) || down ? int64 : uint64
    assignVariableType(c, variable.name, wide, node)
    return wide
  }
  const map = c.map(target.kind === 'map' ? target : target.map)
  if (type === undefined) {
    map.selfMade = true
    return undefined
  }
  if (type.kind === 'pointer') return type
  if (!isWhole(type)) {
    c.report(say.mapMismatch, node, { name: map.name, type: 'int64', current: typeText(type) })
    return undefined
  }
  const wide = isSigned(type) || down ? int64 : uint64
  c.useValue(map, wide, node)
  return wide
}

/** The type of what `++` is applied to, without complaint that a map is not known yet. */
function checkStepTarget(c: Checker, target: Step['target']): ScriptType | undefined {
  if (target.kind === 'variable') return checkExpression(c, target)
  if (target.kind === 'map') {
    c.useMap(target, true)
    return c.map(target).value
  }
  const key = checkExpression(c, target.key)
  if (c.useMap(target.map, false, target)) c.useKey(c.map(target.map), key, target)
  return c.map(target.map).value
}

/** Gives a variable a type that holds its own and another. */
export function assignVariableType(
  c: Checker,
  name: string,
  type: ScriptType,
  at: { readonly span: Expression['span'] },
): void {
  const variable = c.findVariable(name)!
  if (variable.fixed) {
    if (!assignable(type, variable.type!)) {
      c.report(say.variableMismatch, at, { name, type: typeText(type), current: typeText(variable.type) })
    } else if (variable.type?.kind === 'pointer' && type.kind === 'pointer' && type.space !== 'none') {
      // A declaration does not say whose memory it is: what is assigned does.
      c.setVariableType(variable, { ...variable.type, space: type.space })
    }
    return
  }
  const promoted = promote(variable.type, type)
  if (promoted === undefined) {
    c.report(say.variableMismatch, at, { name, type: typeText(type), current: typeText(variable.type) })
    return
  }
  c.setVariableType(variable, promoted)
}

function assignable(from: ScriptType, to: ScriptType): boolean {
  if (fitsInto(from, to)) return true
  if ((isWhole(from) || isCastable(from)) && isWhole(to)) return true
  if (from.kind === 'pointer' && to.kind === 'pointer') return promote(to, from) !== undefined
  return from.kind === to.kind && !['string', 'tuple', 'buffer', 'struct', 'array'].includes(from.kind)
}

function checkAddressOf(c: Checker, node: AddressOf): ScriptType | undefined {
  const { operand } = node
  if (operand.kind === 'variable') {
    const variable = c.findVariable(operand.name)
    if (variable === undefined) {
      c.report(say.undefinedVariable, operand, { name: operand.name })
      return undefined
    }
    variable.assigned = true
    c.body.variables.set(operand.id, variable)
    return variable.type === undefined ? undefined : { kind: 'pointer', to: variable.type, space: 'kernel' }
  }
  const { value } = c.map(operand)
  return value === undefined ? undefined : { kind: 'pointer', to: value, space: 'kernel' }
}

function checkTernary(c: Checker, node: Ternary): ScriptType | undefined {
  const condition = checkExpression(c, node.condition)
  checkCondition(c, node, condition)
  const then = node.then === null ? condition : checkExpression(c, node.then)
  const otherwise = checkExpression(c, node.otherwise)
  const known = c.constantOf(node.condition)
  if (known !== undefined) {
    const taken = truth(known) ? (node.then ?? node.condition) : node.otherwise
    const value = c.constantOf(taken)
    if (value !== undefined) c.body.constants.set(node.id, value)
  }
  return bothBranches(c, node, then, otherwise)
}

export function bothBranches(
  c: Checker,
  node: Expression,
  then: ScriptType | undefined,
  otherwise: ScriptType | undefined,
): ScriptType | undefined {
  if (then === undefined || otherwise === undefined) return then ?? otherwise
  if (then.kind === 'none' || otherwise.kind === 'none') return then.kind === 'none' ? otherwise : then
  const promoted = promote(then, otherwise)
  if (promoted === undefined) {
    c.report(say.branches, node, { left: typeText(then), right: typeText(otherwise) })
    return undefined
  }
  return promoted
}

export function checkCondition(
  c: Checker,
  node: { readonly span: Expression['span'] },
  type: ScriptType | undefined,
): void {
  if (type === undefined) return
  if (isWhole(type) || type.kind === 'bool' || type.kind === 'pointer' || isCastable(type)) return
  c.report(say.badCondition, node, { type: kindText(type) })
}

// ---- parts ----------------------------------------------------------------------------------------------------

function checkField(c: Checker, node: FieldAccess): ScriptType | undefined {
  const object = checkExpression(c, node.object)
  if (object === undefined) return undefined
  let type: ScriptType = object
  let space: 'kernel' | 'user' | 'none' = 'none'
  while (type.kind === 'pointer') {
    space = type.space
    type = type.to
  }
  if (type.kind === 'tuple' && type.names !== undefined) {
    const at = type.names.indexOf(node.name)
    if (at >= 0) {
      if (node.object.kind === 'typeinfo') knowTypeInfo(c, node, node.object, at)
      if (isNamed(node.object, 'config')) knowSetting(c, node)
      return type.elements[at]
    }
    c.report(say.noRecordField, node, { name: node.name })
    return undefined
  }
  if (type.kind !== 'struct') {
    c.report(say.notAStruct, node, { name: node.name, type: typeText(type) })
    return undefined
  }
  if (object.kind !== 'pointer') space = type.space
  const member = findMember(type.def, node.name)
  if (member === undefined) {
    const names = type.def
      .members()
      .map(m => m.name)
      .filter(name => name !== '')
    const hint = didYouMean(node.name, names).replace(/^[,;] /, '')
    const isArguments = node.object.kind === 'identifier' && node.object.name === 'args'
    if (isArguments && c.provider !== 'tracepoint') {
      c.report(say.noParameter, node, { name: node.name }, hint === '' ? undefined : hint)
    } else {
      const gaps = { type: typeText(type), name: node.name }
      c.report(say.noField, node, gaps, hint === '' ? undefined : hint)
    }
    return undefined
  }
  if (type.def === c.body.arguments?.def && c.provider === 'tracepoint' && member.offsetBytes < 8) {
    c.report(say.commonField, node, {})
  }
  if (member.type.kind === 'none') {
    c.report(say.unsupportedField, node, { name: node.name })
    return undefined
  }
  return placedMember(member.type, space)
}

function placedMember(type: ScriptType, space: 'kernel' | 'user' | 'none'): ScriptType {
  if (type.kind === 'struct' || type.kind === 'array') return { ...type, space }
  if (type.kind === 'pointer' && space === 'user') return { ...type, space }
  return type
}

function isNamed(node: Expression, name: string): boolean {
  return (node.kind === 'identifier' || node.kind === 'call') && node.name === name
}

/** `config().max_strlen` is known. */
function knowSetting(c: Checker, node: FieldAccess): void {
  const value = c.config[node.name as keyof typeof c.config]
  c.body.constants.set(node.id, typeof value === 'number' ? BigInt(value) : value)
}

function knowTypeInfo(c: Checker, node: FieldAccess, info: TypeInfo, at: number): void {
  const type = c.body.written.get(info.id)
  if (type === undefined) return
  c.body.constants.set(node.id, at === 0 ? 0n : at === 1 ? kindText(type) : typeText(type))
}

function checkTupleAccess(c: Checker, node: TupleAccess): ScriptType | undefined {
  const type = checkExpression(c, node.object)
  if (type === undefined) return undefined
  if (type.kind !== 'tuple' || type.names !== undefined) {
    c.report(say.tupleIndexType, node, { index: node.index, type: typeText(type) })
    return undefined
  }
  const element = type.elements[node.index]
  if (element === undefined) {
    c.report(say.tupleIndex, node, { index: node.index, count: type.elements.length })
  }
  return element
}

function checkIndex(c: Checker, node: IndexAccess): ScriptType | undefined {
  const object = checkExpression(c, node.object)
  const index = checkExpression(c, node.index)
  const known = c.integerConstant(node.index)
  if (object === undefined || index === undefined) return undefined
  if (object.kind === 'tuple') {
    if (known === undefined) {
      c.report(say.badIndex, node, { type: typeText(index) })
      return undefined
    }
    const element = object.elements[Number(known)]
    if (element === undefined) {
      c.report(say.tupleIndex, node, { index: known, count: object.elements.length })
    }
    return element
  }
  if (object.kind !== 'array' && object.kind !== 'pointer' && object.kind !== 'string') {
    c.report(say.notIndexed, node, { type: typeText(object) })
    return undefined
  }
  if (object.kind === 'pointer' && object.to.kind === 'none') {
    c.report(say.voidIndex, node, {})
    return undefined
  }
  const count = object.kind === 'array' ? object.count : object.kind === 'string' ? object.capacity : 0
  if (known !== undefined && known >= 0n) {
    if (count !== 0 && known >= BigInt(count)) c.report(say.indexOut, node, { index: known, count })
  } else if (index.kind !== 'integer' || (index.signed && !index.flexible)) {
    c.report(say.badIndex, node, { type: typeText(index) })
    return undefined
  }
  if (object.kind === 'string') {
    const text = c.stringConstant(node.object)
    if (text !== undefined && known !== undefined) {
      c.body.constants.set(node.id, BigInt.asIntN(8, BigInt(text.charCodeAt(Number(known)) || 0)))
    }
    return int8
  }
  if (object.kind === 'array') return placedAt(object.element, object.space)
  return placedAt(object.to, object.space)
}

function checkTuple(c: Checker, node: Tuple): ScriptType | undefined {
  const elements = node.elements.map(element => tupleElement(c, element, 'tuple'))
  return elements.every(e => e !== undefined) ? tuple(elements as ScriptType[]) : undefined
}

function checkRecord(c: Checker, node: RecordLiteral): ScriptType | undefined {
  const elements = node.fields.map(field => tupleElement(c, field.value, 'record'))
  if (!elements.every(e => e !== undefined)) return undefined
  return tuple(
    elements as ScriptType[],
    node.fields.map(field => field.name),
  )
}

/** Elements are copies, and aggregations stand for their number. */
function tupleElement(c: Checker, node: Expression, what: string): ScriptType | undefined {
  const type = checkExpression(c, node)
  if (type === undefined) return undefined
  if (['hist', 'lhist', 'tseries', 'stats'].includes(type.kind)) {
    return c.error(node, `Map type ${typeText(type)} cannot exist inside a ${what}.`)
  }
  if (type.kind === 'none') return c.error(node, `Value 'void' cannot be part of a ${what}.`)
  if (isCastable(type)) return intOf(64, isSigned(type))
  return type.kind === 'struct' || type.kind === 'array' ? { ...type, space: 'none' } : type
}
