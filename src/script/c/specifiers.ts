// The part of a declaration before its names: storage classes, qualifiers, attributes and the type.

import type { CContext } from './declaration.ts'
import { c } from './messages.ts'
import { parseEnum, parseRecord } from './record.ts'
import { type CType, cIntegers } from './type.ts'

export interface Specifiers {
  readonly type: CType
  readonly isTypedef: boolean
}

export interface Attributes {
  packed: boolean
  /** in bytes */
  align: number | null
}

const ignoredWords = new Set(
  (
    'const volatile restrict inline static extern register auto _Noreturn _Thread_local _Atomic __extension__ ' +
    '__const __const__ __volatile __volatile__ __restrict __restrict__ __inline __inline__ __thread __always_inline'
  ).split(' '),
)

/** Null after a failure. */
export function parseSpecifiers(context: CContext): Specifiers | null {
  const { cursor } = context
  if (!cursor.enter()) {
    cursor.leave()
    return null
  }
  const specifiers = takeSpecifiers(context)
  cursor.leave()
  return specifiers
}

function takeSpecifiers(context: CContext): Specifiers | null {
  const { cursor } = context
  let type: CType | null = null
  let isTypedef = false
  const words: string[] = []
  for (;;) {
    const { token } = cursor
    if (token?.kind !== 'name') break
    const { text } = token
    if (text === 'typedef') {
      isTypedef = true
      cursor.at++
    } else if (ignoredWords.has(text)) {
      cursor.at++
    } else if (isAttributeWord(text)) {
      parseAttribute(context, { packed: false, align: null })
    } else if (text === 'struct' || text === 'union' || text === 'enum') {
      type = text === 'enum' ? parseEnum(context) : parseRecord(context, text)
      if (type === null) return null
    } else if (text === 'typeof' || text === '__typeof__' || text === '__typeof') {
      cursor.at++
      cursor.skipBalanced('(', ')')
      type = { kind: 'named', name: text }
    } else if (isTypeWord(text)) {
      words.push(text)
      cursor.at++
    } else if (type === null && words.length === 0) {
      type = { kind: 'named', name: text }
      cursor.at++
    } else {
      break
    }
  }
  if (words.length > 0) type = basicType(words)
  if (type === null) {
    cursor.fail(c.expected, { what: 'a type' })
    return null
  }
  return { type, isTypedef }
}

const typeWords = new Set(
  'void char short int long float double signed __signed__ __signed unsigned _Bool __int128 _Float16'.split(
    ' ',
  ),
)

const isTypeWord = (word: string): boolean => typeWords.has(word)

/** `unsigned long int` and its like, in any order. */
function basicType(words: readonly string[]): CType {
  const has = (word: string) => words.includes(word)
  if (has('void')) return { kind: 'void' }
  if (has('float')) return { kind: 'float', sizeBytes: 4 }
  if (has('double')) return { kind: 'float', sizeBytes: has('long') ? 16 : 8 }
  if (has('_Bool')) return cIntegers._Bool
  const unsigned = has('unsigned')
  if (has('char')) {
    if (unsigned) return cIntegers['unsigned char']
    return has('signed') || has('__signed__') || has('__signed') ? cIntegers['signed char'] : cIntegers.char
  }
  const longs = words.filter(w => w === 'long').length
  const name = has('short')
    ? 'short'
    : has('__int128')
      ? '__int128'
      : longs === 1
        ? 'long'
        : longs > 1
          ? 'long long'
          : 'int'
  return cIntegers[unsigned ? (`unsigned ${name}` as const) : name]
}

export function isAttributeWord(word: string): boolean {
  return (
    word === '__attribute__' ||
    word === '__attribute' ||
    word === '__declspec' ||
    word === '_Alignas' ||
    word === 'asm' ||
    word === '__asm__' ||
    word === '__packed'
  )
}

/** One attribute under the cursor; `packed` and `aligned(n)` are noted, the others read over. */
export function parseAttribute(context: CContext, attributes: Attributes): void {
  const { cursor } = context
  const word = cursor.text
  cursor.at++
  if (word === '__packed') attributes.packed = true
  if (cursor.text !== '(') return
  const from = cursor.at
  cursor.skipBalanced('(', ')')
  for (let i = from; i < cursor.at; i++) {
    const text = cursor.tokens[i]!.text
    if (text === 'packed' || text === '__packed__') attributes.packed = true
    if (text !== 'aligned' && text !== '__aligned__') continue
    const number = cursor.tokens[i + 1]?.text === '(' ? Number(cursor.tokens[i + 2]?.text) : 16
    if (Number.isInteger(number) && number > 0) attributes.align = Math.max(attributes.align ?? 1, number)
  }
}
