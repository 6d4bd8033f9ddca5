// Names: of functions and variables, nested in classes and namespaces, local to functions, special.

import { bindParams } from './bind-params.ts'
import type { Cursor } from './cursor.ts'
import { type Node, named } from './node.ts'
import { parseExpression, parseTemplateArg } from './parse-expression.ts'
import { parseDecltype, parseType } from './parse-type.ts'
import { ABBREVIATIONS, OPERATORS, SPECIAL_NAMES } from './tables.ts'

/** What a name says about the function type behind it. */
interface NameFacts {
  /** constructors, destructors and conversion operators have no return type in front */
  noResult: boolean
  endsWithTemplate: boolean
  qualifiers: string
  /** of the innermost template: what `T_`, `T0_` … in the function's types stand for */
  args: readonly Node[]
}

/** `<encoding>`: a name, with the types of a function's parameters behind it. */
export const parseEncoding = (c: Cursor, showResult: boolean): Node => parseBound(c, showResult).node

/** The same with the template arguments that its types refer to. */
const parseBound = (c: Cursor, showResult: boolean): { node: Node; args: readonly Node[] } =>
  c.deeper(() => {
    if (c.peek() === 'G' || c.peek() === 'T') return { node: parseSpecial(c), args: [] }
    const facts: NameFacts = { noResult: false, endsWithTemplate: false, qualifiers: '', args: [] }
    const name = parseName(c, facts)
    const bound = (node: Node) => {
      const closed = bindParams(node, index => facts.args[index])
      return closed === undefined ? c.fail() : { node: closed, args: facts.args }
    }
    if (isEncodingEnd(c)) return bound(name)
    const type = facts.endsWithTemplate && !facts.noResult ? parseType(c) : undefined
    // the result of a function around a name would read as if it were that of the name
    const result = showResult ? type : undefined
    const params: Node[] = []
    if (!c.take('v')) {
      do params.push(parseType(c))
      while (!isEncodingEnd(c))
    }
    if (c.take('Q')) parseExpression(c) // a trailing requires clause is not shown
    return bound({ kind: 'encoding', name, result, params, qualifiers: facts.qualifiers })
  })

const isEncodingEnd = (c: Cursor) => ['', 'E', '.', 'Q'].includes(c.peek()) || (c.peek() === '@' && c.at > 0)

/** Names of what compilers make for a class or function. */
function parseSpecial(c: Cursor): Node {
  const code = c.code
  c.at += 2
  const wrapped = (before: string, inner: Node): Node => ({ kind: 'wrapped', before, inner, after: '' })
  switch (code) {
    case 'TV':
    case 'TT':
    case 'TI':
    case 'TS':
    case 'TF':
    case 'TJ':
      return wrapped(SPECIAL_NAMES[code]!, parseType(c))
    case 'TA':
      return wrapped(SPECIAL_NAMES[code]!, parseTemplateArg(c))
    case 'GV':
    case 'TW':
    case 'TH':
      return wrapped(SPECIAL_NAMES[code]!, parseName(c))
    case 'GA':
      return wrapped(SPECIAL_NAMES[code]!, parseEncoding(c, true))
    case 'Th':
      c.at--
      parseCallOffset(c)
      return wrapped('non-virtual thunk to ', parseEncoding(c, true))
    case 'Tv':
      c.at--
      parseCallOffset(c)
      return wrapped('virtual thunk to ', parseEncoding(c, true))
    case 'Tc':
      parseCallOffset(c)
      parseCallOffset(c)
      return wrapped('covariant return thunk to ', parseEncoding(c, true))
    case 'TC': {
      const type = parseType(c)
      c.signedDigits()
      c.expect('_')
      return { kind: 'construction', type: parseType(c), within: type }
    }
    case 'GR': {
      const name = parseName(c)
      const index = /[0-9A-Z_]/.test(c.peek()) ? c.sequence(36) : 0
      return wrapped(`reference temporary #${index} for `, name)
    }
    case 'GT':
      return c.take('t')
        ? wrapped('transaction clone for ', parseEncoding(c, true))
        : c.take('n')
          ? wrapped('non-transaction clone for ', parseEncoding(c, true))
          : c.fail()
    default:
      return c.fail()
  }
}

function parseCallOffset(c: Cursor): void {
  if (c.take('h')) c.signedDigits()
  else if (c.take('v')) {
    c.signedDigits()
    c.expect('_')
    c.signedDigits()
  } else c.fail()
  c.expect('_')
}

/** `<name>` */
export function parseName(c: Cursor, facts?: NameFacts): Node {
  if (c.peek() === 'N') return parseNested(c, facts)
  if (c.peek() === 'Z') return parseLocal(c, facts)
  let name: Node
  if (c.peek() === 'S' && c.peek(1) !== 't') {
    name = parseSubstitution(c)
    if (c.peek() !== 'I') c.fail()
  } else {
    const inStd = c.take('St')
    name = parseUnqualified(c, facts, undefined)
    if (inStd) name = { kind: 'nested', scope: named('std'), member: name }
    if (c.peek() === 'I') c.substitutions.push(name)
  }
  if (c.peek() !== 'I') return name
  if (facts !== undefined) facts.endsWithTemplate = true
  return { kind: 'template', base: name, args: ownArgs(c, facts) }
}

/** `N [qualifiers] prefix… E` */
function parseNested(c: Cursor, facts: NameFacts | undefined): Node {
  c.expect('N')
  c.take('H') // explicit object parameter
  const qualifiers = parseQualifiers(c) + (c.take('O') ? ' &&' : c.take('R') ? ' &' : '')
  if (facts !== undefined) facts.qualifiers = qualifiers
  let scope: Node | undefined
  const push = (node: Node): void => {
    scope = node
    c.substitutions.push(node)
  }
  const member = (node: Node): Node => (scope === undefined ? node : { kind: 'nested', scope, member: node })
  while (!c.take('E')) {
    if (facts !== undefined) facts.endsWithTemplate = false
    const [first, second] = [c.peek(), c.peek(1)]
    if (first === 'I') {
      if (scope === undefined) c.fail()
      push({ kind: 'template', base: scope, args: ownArgs(c, facts) })
      if (facts !== undefined) facts.endsWithTemplate = true
    } else if (first === 'T') push(member(parseTemplateParam(c)))
    else if (first === 'D' && (second === 't' || second === 'T')) push(member(parseDecltype(c)))
    else if (first === 'S' && second === 't') {
      c.at += 2
      if (scope !== undefined) c.fail()
      scope = named('std')
    } else if (first === 'S') {
      const found = parseSubstitution(c)
      if (scope !== undefined) c.fail()
      scope = found
    } else if (c.take('M')) {
      // the initialiser of the member before it: a scope of its own, without a name
      if (scope === undefined) c.fail()
    } else push(member(parseUnqualified(c, facts, scope)))
  }
  if (scope === undefined || c.substitutions.length === 0) return c.fail()
  // the whole is a substitution only as a type, and parseType adds it then
  if (c.substitutions.at(-1) === scope) c.substitutions.pop()
  return scope
}

/** `Z function E (name | s)` */
function parseLocal(c: Cursor, facts: NameFacts | undefined): Node {
  c.expect('Z')
  const { node: scope, args } = parseBound(c, false)
  if (facts !== undefined) facts.args = args
  c.expect('E')
  if (c.take('s')) {
    parseDiscriminator(c)
    return { kind: 'local', scope, entity: named('string literal') }
  }
  if (c.take('d')) {
    const index = /[0-9n_]/.test(c.peek()) ? c.sequence(10) : 0
    const entity: Node = {
      kind: 'local',
      scope: named(`{default arg#${index + 1}}`),
      entity: parseName(c, facts),
    }
    return { kind: 'local', scope, entity }
  }
  const entity = parseName(c, facts)
  parseDiscriminator(c)
  return { kind: 'local', scope, entity }
}

/** `_5` or `__12_`: tells entities of one name apart, and is not shown. */
function parseDiscriminator(c: Cursor): void {
  const match = /^(?:_\d|__\d+_)/.exec(c.text.slice(c.at, c.at + 16))
  if (match !== null) c.at += match[0].length
}

/** One component: source name, operator, constructor, lambda; with its ABI tags. */
function parseUnqualified(c: Cursor, facts: NameFacts | undefined, scope: Node | undefined): Node {
  c.take('L') // internal linkage
  const first = c.peek()
  let node: Node
  if (first >= '0' && first <= '9') node = parseSourceName(c)
  else if (first === 'C' || (first === 'D' && /[0-5]/.test(c.peek(1)))) {
    if (scope === undefined) c.fail()
    if (facts !== undefined) facts.noResult = true
    c.at++
    const inherited = first === 'C' && c.take('I')
    if (!/[0-5]/.test(c.peek())) c.fail()
    c.at++
    if (inherited) parseType(c)
    node = { kind: 'structor', of: scope, destructor: first === 'D' }
  } else if (c.take('DC')) {
    const names: Node[] = []
    while (!c.take('E')) names.push(parseSourceName(c))
    node = { kind: 'wrapped', before: '[', inner: { kind: 'pack', items: names }, after: ']' }
  } else if (c.take('Ut')) node = named(`{unnamed type#${c.sequence(10) + 1}}`)
  else if (c.take('Ul')) node = parseLambda(c)
  else node = parseOperatorName(c, facts)
  while (c.take('B')) node = { kind: 'tagged', base: node, tag: sourceText(c) }
  return node
}

function parseLambda(c: Cursor): Node {
  const params: Node[] = []
  // explicit template parameters: type, value, template, pack
  while (c.peek() === 'T' && /[yntp]/.test(c.peek(1))) {
    const code = c.code
    c.at += 2
    if (code === 'Tn') parseType(c)
    else if (code !== 'Ty') c.fail()
  }
  if (!c.take('v')) while (c.peek() !== 'E') params.push(parseType(c))
  c.expect('E')
  const index = c.sequence(10) + 1
  // its template parameters are the `auto`s of its own parameters, whatever template it stands in
  return bindParams({ kind: 'lambda', params, index }, n => named(`auto:${n + 1}`)) ?? c.fail()
}

/** `5hello` */
export const sourceText = (c: Cursor): string => {
  const length = c.number()
  if (length === 0 || c.at + length > c.text.length) c.fail()
  c.at += length
  return c.text.slice(c.at - length, c.at)
}

export function parseSourceName(c: Cursor): Node {
  const text = sourceText(c)
  return named(/^_GLOBAL_[._$]N/.test(text) ? '(anonymous namespace)' : text)
}

/** `operator+`, `operator int`, `operator"" _km` */
export function parseOperatorName(c: Cursor, facts?: NameFacts): Node {
  if (c.take('cv')) {
    if (facts !== undefined) facts.noResult = true
    const outer = c.inConversion
    c.inConversion = facts !== undefined
    const type = parseType(c)
    c.inConversion = outer
    return { kind: 'conversion', type }
  }
  if (c.take('li')) return named(`operator"" ${sourceText(c)}`)
  if (c.peek() === 'v' && /\d/.test(c.peek(1))) {
    c.at += 2
    return named(`operator ${sourceText(c)}`)
  }
  const operator = OPERATORS[c.code]
  if (operator === undefined) return c.fail()
  c.at += 2
  return named(`operator${/^[a-z]/.test(operator[0]) ? ' ' : ''}${operator[0]}`)
}

function ownArgs(c: Cursor, facts: NameFacts | undefined): readonly Node[] {
  const args = parseTemplateArgs(c)
  if (facts !== undefined) facts.args = args
  return args
}

/** `I args E` */
export function parseTemplateArgs(c: Cursor): Node[] {
  c.expect('I')
  return c.deeper(() => {
    const outer = c.inConversion
    c.inConversion = false
    const args: Node[] = []
    while (!c.take('E')) {
      if (c.take('Q'))
        parseExpression(c) // constraints are not shown
      else args.push(parseTemplateArg(c))
    }
    c.inConversion = outer
    return args
  })
}

/** `T_`, `T0_`, `TL0__` */
export function parseTemplateParam(c: Cursor): Node {
  c.expect('T')
  if (c.take('L')) c.sequence(10)
  return { kind: 'param', index: c.sequence(10) }
}

/** `S_`, `S1A_`, `Ss`; not `St`. */
export function parseSubstitution(c: Cursor): Node {
  c.expect('S')
  const abbreviation = ABBREVIATIONS[c.peek()]
  if (abbreviation !== undefined) {
    c.at++
    const [text, full, bare] = abbreviation
    let node: Node = { kind: 'abbreviation', text, full, bare }
    while (c.take('B')) node = { kind: 'tagged', base: node, tag: sourceText(c) }
    if (node.kind === 'tagged') c.substitutions.push(node)
    return node
  }
  return c.substitutions[c.sequence(36)] ?? c.fail()
}

/** `rVK` in the order that they are written. */
export function parseQualifiers(c: Cursor): string {
  const [restrict, volatile, constant] = [c.take('r'), c.take('V'), c.take('K')]
  return (constant ? ' const' : '') + (volatile ? ' volatile' : '') + (restrict ? ' restrict' : '')
}
