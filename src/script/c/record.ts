// Struct, union and enum specifiers, with or without their bodies.

import { type CContext, parseConstant } from './declaration.ts'
import { parseDeclarator, skipAttributes } from './declarator.ts'
import { c } from './messages.ts'
import { type Attributes, parseSpecifiers } from './specifiers.ts'
import type { CEnum, CMember, CRecord, CType } from './type.ts'

/** `struct tag`, `struct tag { … } attributes`; the cursor stands on the keyword. Null after a failure. */
export function parseRecord(context: CContext, tag: 'struct' | 'union'): CType | null {
  const { cursor, unit } = context
  const { span } = cursor
  cursor.at++
  const attributes: Attributes = { packed: false, align: null }
  skipAttributes(context, attributes)
  const isNamed = cursor.token?.kind === 'name'
  const name = isNamed ? cursor.text : ''
  const nameSpan = isNamed ? cursor.span : span
  if (isNamed) cursor.at++
  if (!cursor.take('{')) {
    if (isNamed) return { kind: 'record', tag, name, anonymous: null }
    cursor.fail(c.expected, { what: 'identifier or {' })
    return null
  }
  const members: CMember[] = []
  while (!cursor.take('}')) {
    if (cursor.token === undefined) {
      cursor.fail(c.expected, { what: "'}'" })
      return null
    }
    const before = cursor.at
    parseMembers(context, members)
    if (cursor.failed) recoverMember(context)
    if (cursor.at === before) cursor.at++
  }
  skipAttributes(context, attributes)
  const { packed, align: alignBytes } = attributes
  const record: CRecord = { tag, name, members, packed, alignBytes, span: nameSpan }
  if (name === '') return { kind: 'record', tag, name, anonymous: record }
  const key = `${tag} ${name}`
  if (unit.records.has(key)) cursor.report(c.redefinition, { name }, nameSpan)
  unit.records.set(key, record)
  return { kind: 'record', tag, name, anonymous: null }
}

/** One declaration of members: `int a, *b : 3;`. */
function parseMembers(context: CContext, members: CMember[]): void {
  const { cursor } = context
  if (cursor.take(';') || cursor.take('__extension__')) return
  if (cursor.text === '_Static_assert') {
    cursor.at++
    cursor.skipBalanced('(', ')')
    return
  }
  const specifiers = parseSpecifiers(context)
  if (specifiers === null) return
  const { type } = specifiers
  if (cursor.text === ';' || (cursor.text === '}' && type.kind === 'record')) {
    const span = cursor.tokens[cursor.at - 1]!.span
    if (type.kind === 'record') {
      members.push({ name: '', type, bits: null, packed: false, alignBytes: null, span })
    }
    cursor.take(';')
    return
  }
  do {
    const { span } = cursor
    const attributes: Attributes = { packed: false, align: null }
    const declarator = cursor.text === ':' ? { name: '', type } : parseDeclarator(context, type)
    if (declarator === null) return
    let bits: number | null = null
    if (cursor.take(':')) {
      const width = parseConstant(context)
      if (width === null) return
      if (width < 0n || width > 64n) cursor.report(c.bitFieldWidth, { name: declarator.name }, span)
      bits = Number(width < 0n || width > 64n ? 1n : width)
    } else if (declarator.name === '') {
      cursor.fail(c.expected, { what: 'member name' })
      return
    }
    skipAttributes(context, attributes)
    const { packed, align: alignBytes } = attributes
    members.push({ name: declarator.name, type: declarator.type, bits, packed, alignBytes, span })
  } while (cursor.take(','))
  // C compilers let the last semicolon go with a warning
  if (cursor.text !== '}') cursor.expect(';')
}

/** Behind the next semicolon of this body, or before its end. */
function recoverMember({ cursor }: CContext): void {
  cursor.failed = false
  while (cursor.token !== undefined && cursor.text !== '}') {
    if (cursor.text === '{') cursor.skipBalanced('{', '}')
    else if (cursor.take(';')) return
    else cursor.at++
  }
}

/** `enum tag`, `enum tag { A, B = 3 }`; the cursor stands on the keyword. Null after a failure. */
export function parseEnum(context: CContext): CType | null {
  const { cursor, unit } = context
  const { span } = cursor
  cursor.at++
  skipAttributes(context)
  const isNamed = cursor.token?.kind === 'name'
  const name = isNamed ? cursor.text : ''
  const nameSpan = isNamed ? cursor.span : span
  if (isNamed) cursor.at++
  // "enum e : unsigned char"
  if (cursor.text === ':' && cursor.tokens[cursor.at + 1]?.kind === 'name') {
    cursor.at++
    parseSpecifiers(context)
  }
  if (!cursor.take('{')) {
    if (isNamed) return { kind: 'enum', name, anonymous: null }
    cursor.fail(c.expected, { what: 'identifier or {' })
    return null
  }
  const values: { name: string; value: bigint; span: typeof span }[] = []
  const definition: CEnum = { name, values, span: nameSpan }
  let next = 0n
  while (!cursor.take('}')) {
    const valueSpan = cursor.span
    const valueName = cursor.expectName()
    if (valueName === '') return null
    skipAttributes(context)
    if (cursor.take('=')) {
      const value = parseConstant(context)
      if (value === null) return null
      next = value
    }
    values.push({ name: valueName, value: next, span: valueSpan })
    if (unit.enumerators.has(valueName)) cursor.report(c.redefinition, { name: valueName }, valueSpan)
    unit.enumerators.set(valueName, { value: next, of: definition })
    next = BigInt.asIntN(64, next + 1n)
    if (!cursor.take(',') && cursor.text !== '}') {
      cursor.fail(c.expected, { what: "'}'" })
      return null
    }
  }
  skipAttributes(context)
  if (name === '') return { kind: 'enum', name, anonymous: definition }
  if (unit.enums.has(name)) cursor.report(c.redefinition, { name }, nameSpan)
  unit.enums.set(name, definition)
  return { kind: 'enum', name, anonymous: null }
}
