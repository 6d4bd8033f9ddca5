// Types of parameters, results and template arguments.

import type { Cursor } from './cursor.ts'
import { type Node, named } from './node.ts'
import { parseExpression } from './parse-expression.ts'
import {
  parseName,
  parseQualifiers,
  parseSourceName,
  parseSubstitution,
  parseTemplateArgs,
  parseTemplateParam,
  sourceText,
} from './parse-name.ts'
import { BUILTIN_TYPES, EXTENDED_TYPES } from './tables.ts'

/** `<type>`. All but builtin types can be referred to later on. */
export const parseType = (c: Cursor): Node =>
  c.deeper(() => {
    const builtin = BUILTIN_TYPES[c.peek()]
    if (builtin !== undefined) {
      c.at++
      return named(builtin)
    }
    const remember = (node: Node): Node => {
      c.substitutions.push(node)
      return node
    }
    switch (c.peek()) {
      case 'r':
      case 'V':
      case 'K': {
        let after = 0
        while ('rVK'.includes(c.peek(after)) && c.peek(after) !== '') after++
        if (c.peek(after) === 'F' || /^D[oOwx]/.test(c.peek(after) + c.peek(after + 1)))
          return remember(parseFunction(c))
        const qualifiers = parseQualifiers(c)
        return remember({ kind: 'qualified', base: parseType(c), qualifiers })
      }
      case 'P':
        c.at++
        return remember({ kind: 'pointer', target: parseType(c), mark: '*' })
      case 'R':
        c.at++
        return remember({ kind: 'pointer', target: parseType(c), mark: '&' })
      case 'O':
        c.at++
        return remember({ kind: 'pointer', target: parseType(c), mark: '&&' })
      case 'C':
        c.at++
        return remember({ kind: 'qualified', base: parseType(c), qualifiers: ' _Complex' })
      case 'G':
        c.at++
        return remember({ kind: 'qualified', base: parseType(c), qualifiers: ' _Imaginary' })
      case 'F':
        return remember(parseFunction(c))
      case 'A':
        return remember(parseArray(c))
      case 'M': {
        c.at++
        const owner = parseType(c)
        return remember({ kind: 'memberPointer', owner, member: parseType(c) })
      }
      case 'T': {
        // Ts, Tu, Te: struct, union, enum in front of a name
        if (/[sue]/.test(c.peek(1))) {
          c.at += 2
          return remember(parseName(c))
        }
        const param = remember(parseTemplateParam(c))
        if (c.peek() !== 'I' || c.inConversion) return param
        return remember({ kind: 'template', base: param, args: parseTemplateArgs(c) })
      }
      case 'S': {
        if (c.peek(1) === 't') return remember(parseName(c))
        const found = parseSubstitution(c)
        return c.peek() === 'I'
          ? remember({ kind: 'template', base: found, args: parseTemplateArgs(c) })
          : found
      }
      case 'D':
        return parseExtended(c, remember)
      case 'U': {
        c.at++
        // a qualifier of one compiler; arguments of it are not shown
        const qualifiers = ` ${sourceText(c)}`
        if (c.peek() === 'I') parseTemplateArgs(c)
        return remember({ kind: 'qualified', base: parseType(c), qualifiers })
      }
      case 'u': {
        c.at++
        const name = parseSourceName(c)
        if (c.peek() !== 'I') return remember(name)
        return remember({ kind: 'template', base: name, args: parseTemplateArgs(c) })
      }
      default:
        return remember(parseName(c))
    }
  })

/** Types behind a `D`. */
function parseExtended(c: Cursor, remember: (node: Node) => Node): Node {
  const code = c.peek(1)
  const simple = EXTENDED_TYPES[code]
  if (simple !== undefined) {
    c.at += 2
    return named(simple)
  }
  switch (code) {
    case 't':
    case 'T':
      return remember(parseDecltype(c))
    case 'p':
      c.at += 2
      return remember({ kind: 'expansion', pattern: parseType(c) })
    case 'F': {
      c.at += 2
      const bits = c.number()
      if (c.take('x')) return named(`_Float${bits}x`)
      if (c.take('b')) return named('std::bfloat16_t')
      c.expect('_')
      return named(`_Float${bits}`)
    }
    case 'B':
    case 'U': {
      c.at += 2
      const bits = c.number()
      c.expect('_')
      return named(`${code === 'U' ? 'unsigned ' : ''}_BitInt(${bits})`)
    }
    case 'v': {
      c.at += 2
      const size = c.take('_') ? parseExpression(c) : named(String(c.number()))
      c.expect('_')
      const element = parseType(c)
      return remember({
        kind: 'nested',
        scope: element,
        member: { kind: 'wrapped', before: '__vector(', inner: size, after: ')' },
      })
    }
    case 'o':
    case 'O':
    case 'w':
    case 'x':
      return remember(parseFunction(c))
    default:
      return c.fail()
  }
}

/** `Dt expression E`, or `DT` for an id or member access. */
export function parseDecltype(c: Cursor): Node {
  c.at += 2
  const inner = parseExpression(c)
  c.expect('E')
  return { kind: 'wrapped', before: 'decltype (', inner, after: ')' }
}

/** `[qualifiers] [exception specification] F [Y] result params [R | O] E` */
function parseFunction(c: Cursor): Node {
  const qualifiers = parseQualifiers(c)
  const exceptions: { text: string } = { text: '' }
  if (c.take('Do')) exceptions.text = ' noexcept'
  else if (c.take('DO')) {
    parseExpression(c)
    c.expect('E')
    exceptions.text = ' noexcept'
  } else if (c.take('Dw')) {
    while (!c.take('E')) parseType(c)
    exceptions.text = ' throw'
  }
  const transactional = c.take('Dx') ? ' transaction_safe' : ''
  c.expect('F')
  c.take('Y')
  const result = parseType(c)
  const params: Node[] = []
  let reference = ''
  if (c.take('v') && c.peek() !== 'E' && !/^[RO]E/.test(c.code)) c.fail()
  while (!c.take('E')) {
    if (c.take('RE')) {
      reference = ' &'
      break
    }
    if (c.take('OE')) {
      reference = ' &&'
      break
    }
    params.push(parseType(c))
  }
  return {
    kind: 'function',
    result,
    params,
    qualifiers: qualifiers + reference + transactional + exceptions.text,
  }
}

/** `A 5 _ element`, `A expression _ element`, `A _ element` */
function parseArray(c: Cursor): Node {
  c.expect('A')
  let size: Node | undefined
  if (/\d/.test(c.peek())) size = named(String(c.number()))
  else if (c.peek() !== '_') size = parseExpression(c)
  c.expect('_')
  return { kind: 'array', element: parseType(c), size }
}
