// Template arguments, and the expressions in them and in types that are computed.

import type { Cursor } from './cursor.ts'
import { type Node, named } from './node.ts'
import {
  parseEncoding,
  parseOperatorName,
  parseSourceName,
  parseSubstitution,
  parseTemplateArgs,
  parseTemplateParam,
} from './parse-name.ts'
import { parseDecltype, parseType } from './parse-type.ts'
import { OPERATORS } from './tables.ts'

/** `<template-arg>`: a type, `X expression E`, a literal or `J pack E`. */
export function parseTemplateArg(c: Cursor): Node {
  switch (c.peek()) {
    case 'X': {
      c.at++
      const node = parseExpression(c)
      c.expect('E')
      return node
    }
    case 'L':
      return parseLiteral(c)
    case 'J': {
      c.at++
      return { kind: 'pack', items: until(c, parseTemplateArg) }
    }
    default:
      return parseType(c)
  }
}

/** Nodes up to an `E`. */
function until(c: Cursor, parse: (c: Cursor) => Node): Node[] {
  const items: Node[] = []
  while (!c.take('E')) items.push(parse(c))
  return items
}

/** `L type value E` or `L _Z encoding E` */
function parseLiteral(c: Cursor): Node {
  c.expect('L')
  if (c.take('_Z') || c.take('Z')) {
    const node = parseEncoding(c, true)
    c.expect('E')
    return node
  }
  const type = parseType(c)
  const end = c.text.indexOf('E', c.at)
  if (end < 0) c.fail()
  const value = c.text.slice(c.at, end)
  if (!/^n?[0-9a-f]*(_n?[0-9a-f]*)?$/.test(value)) c.fail()
  c.at = end + 1
  return { kind: 'literal', type, value: value.replace(/^n/, '-') }
}

/** `<expression>` */
export const parseExpression = (c: Cursor): Node =>
  c.deeper(() => {
    const code = c.code
    switch (c.peek()) {
      case 'L':
        return parseLiteral(c)
      case 'T':
        if (/^T[_0-9L]/.test(code)) return templated(c, parseTemplateParam(c))
        break
      case 'f':
        if (/^f[pL]/.test(code) && /[0-9_LTrVK]/.test(c.peek(2))) return parseFunctionParam(c)
        if (/^f[lrLR]/.test(code)) return parseFold(c)
        break
    }
    if (/^\d/.test(c.peek())) return templated(c, parseSourceName(c))
    const skip = () => {
      c.at += 2
    }
    const two = (make: (left: Node, right: Node) => Node): Node => {
      skip()
      const left = parseExpression(c)
      return make(left, parseExpression(c))
    }
    const around = (before: string, inner: Node): Node => ({ kind: 'wrapped', before, inner, after: ')' })
    switch (code) {
      case 'gs':
        skip()
        return { kind: 'wrapped', before: '::', inner: parseExpression(c), after: '' }
      case 'sr':
        return parseScoped(c)
      case 'on':
        skip()
        return templated(c, parseOperatorName(c))
      case 'dn':
        skip()
        return { kind: 'unary', operator: '~', operand: parseExpression(c) }
      case 'sp':
        skip()
        return { kind: 'expansion', pattern: parseExpression(c) }
      case 'sZ':
        skip()
        return { kind: 'packSize', of: c.peek() === 'T' ? parseTemplateParam(c) : parseFunctionParam(c) }
      case 'sP':
        skip()
        return { kind: 'packSize', of: { kind: 'pack', items: until(c, parseTemplateArg) } }
      case 'st':
        skip()
        return around('sizeof (', parseType(c))
      case 'sz':
        skip()
        return around('sizeof (', parseExpression(c))
      case 'at':
        skip()
        return around('alignof (', parseType(c))
      case 'az':
        skip()
        return around('alignof (', parseExpression(c))
      case 'ti':
        skip()
        return around('typeid (', parseType(c))
      case 'te':
        skip()
        return around('typeid (', parseExpression(c))
      case 'nx':
        skip()
        return around('noexcept (', parseExpression(c))
      case 'tw':
        skip()
        return { kind: 'wrapped', before: 'throw ', inner: parseExpression(c), after: '' }
      case 'tr':
        skip()
        return named('throw')
      case 'cl': {
        skip()
        const [callee, ...args] = until(c, parseExpression)
        return callee === undefined ? c.fail() : { kind: 'call', callee, args }
      }
      case 'cp': {
        skip()
        const [callee, ...args] = until(c, parseExpression)
        return callee === undefined ? c.fail() : { kind: 'call', callee, args }
      }
      case 'cv': {
        skip()
        const type = parseType(c)
        return { kind: 'cast', type, args: c.take('_') ? until(c, parseExpression) : [parseExpression(c)] }
      }
      case 'tl': {
        skip()
        const type = parseType(c)
        return { kind: 'braces', type, args: until(c, parseExpression) }
      }
      case 'il':
        skip()
        return { kind: 'braces', type: undefined, args: until(c, parseExpression) }
      case 'dc':
      case 'sc':
      case 'cc':
      case 'rc': {
        skip()
        const cast = { dc: 'dynamic_cast', sc: 'static_cast', cc: 'const_cast', rc: 'reinterpret_cast' }[code]
        const type = parseType(c)
        return { kind: 'namedCast', cast, type, value: parseExpression(c) }
      }
      case 'qu': {
        skip()
        const condition = parseExpression(c)
        const yes = parseExpression(c)
        return { kind: 'ternary', condition, yes, no: parseExpression(c) }
      }
      case 'ix':
        return two((array, at) => ({ kind: 'index', array, at }))
      case 'pp':
      case 'mm': {
        skip()
        const operator = OPERATORS[code]![0]
        if (c.take('_')) return { kind: 'unary', operator, operand: parseExpression(c) }
        return { kind: 'postfix', operator, operand: parseExpression(c) }
      }
    }
    const operator = OPERATORS[code]
    if (operator?.[1] === 'prefix') {
      skip()
      return { kind: 'unary', operator: operator[0], operand: parseExpression(c) }
    }
    if (operator?.[1] === 'binary')
      return two((left, right) => ({ kind: 'binary', operator: operator[0], left, right }))
    if (c.peek() === 'u') return parseVendor(c)
    return c.fail()
  })

/** `fp_`, `fp0_`, `fL1p_`, `fpT` */
function parseFunctionParam(c: Cursor): Node {
  if (c.take('fpT')) return named('this')
  if (c.take('fL')) {
    c.number()
    c.expect('p')
  } else c.expect('fp')
  while ('rVK'.includes(c.peek())) c.at++
  return named(`{parm#${c.sequence(10) + 1}}`)
}

/** `fl op pack`, `fr op pack`, `fL op a b`, `fR op a b` */
function parseFold(c: Cursor): Node {
  const form = c.peek(1)
  c.at += 2
  const operator = OPERATORS[c.code]?.[0] ?? c.fail()
  c.at += 2
  const first = parseExpression(c)
  if (form === 'l') return { kind: 'fold', operator, left: undefined, right: first }
  if (form === 'r') return { kind: 'fold', operator, left: first, right: undefined }
  return { kind: 'fold', operator, left: first, right: parseExpression(c) }
}

/** `sr type name`, `srN type level… E name`, `sr name… E name` */
function parseScoped(c: Cursor): Node {
  c.expect('sr')
  const within = (scope: Node, member: Node): Node => ({ kind: 'nested', scope, member })
  if (c.take('N')) {
    let scope = templated(c, parseUnresolvedType(c))
    while (!c.take('E')) scope = within(scope, templated(c, parseSourceName(c)))
    return within(scope, parseBaseName(c))
  }
  if (/\d/.test(c.peek())) {
    let scope = templated(c, parseSourceName(c))
    // without an E the one name was the scope
    if (!/\d|E/.test(c.peek())) return within(scope, parseBaseName(c))
    const start = c.at
    let levels: Node | undefined = scope
    while (levels !== undefined && !c.take('E')) {
      if (!/\d/.test(c.peek())) {
        levels = undefined
        break
      }
      levels = within(levels, templated(c, parseSourceName(c)))
    }
    if (levels === undefined) c.at = start
    else scope = levels
    return levels === undefined || /\d|on|dn/.test(c.peek() + c.peek(1))
      ? within(scope, parseBaseName(c))
      : scope
  }
  return within(parseUnresolvedType(c), parseBaseName(c))
}

function parseUnresolvedType(c: Cursor): Node {
  if (c.peek() === 'T') return templatedAndKnown(c, parseTemplateParam(c))
  if (c.peek() === 'D') return known(c, parseDecltype(c))
  if (c.peek() === 'S' && c.peek(1) !== 't') return templatedSubstitution(c)
  return parseType(c)
}

function templatedAndKnown(c: Cursor, param: Node): Node {
  const node = known(c, param)
  return c.peek() === 'I' ? known(c, templated(c, node)) : node
}

function templatedSubstitution(c: Cursor): Node {
  const found = parseSubstitution(c)
  return c.peek() === 'I' ? known(c, templated(c, found)) : found
}

function known(c: Cursor, node: Node): Node {
  c.substitutions.push(node)
  return node
}

function parseBaseName(c: Cursor): Node {
  if (c.take('on')) return templated(c, parseOperatorName(c))
  if (c.take('dn')) return { kind: 'unary', operator: '~', operand: parseBaseName(c) }
  return templated(c, parseSourceName(c))
}

const templated = (c: Cursor, base: Node): Node =>
  c.peek() === 'I' ? { kind: 'template', base, args: parseTemplateArgs(c) } : base

/** `u name args E`: an operation of one compiler. */
function parseVendor(c: Cursor): Node {
  c.expect('u')
  const callee = parseSourceName(c)
  return { kind: 'call', callee, args: until(c, parseTemplateArg) }
}
