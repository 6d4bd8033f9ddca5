// C's own names of integers, in every order C lets them be written.

import { bool, type IntegerType, intOf, type ScriptType } from '../type.ts'

/** `unsigned long int`, `char`, `_Bool`, `int32_t`, `__u8`, `size_t` …; undefined for what is not built in. */
export function builtinCType(name: string): ScriptType | undefined {
  const fixed = FIXED[name]
  if (fixed !== undefined) return fixed
  const words = name.split(' ')
  if (!words.every(word => WORDS.has(word))) return undefined
  const signed = !words.includes('unsigned')
  if (words.includes('char')) return intOf(8, signed)
  if (words.includes('short')) return intOf(16, signed)
  if (words.includes('long')) return intOf(64, signed)
  return intOf(32, signed)
}

const WORDS: ReadonlySet<string> = new Set(['unsigned', 'signed', 'char', 'short', 'int', 'long'])

const FIXED: Readonly<Record<string, ScriptType>> = {
  bool,
  _Bool: bool,
  ...integers('int$_t', true),
  ...integers('uint$_t', false),
  ...integers('s$', true),
  ...integers('u$', false),
  ...integers('__s$', true),
  ...integers('__u$', false),
  ...integers('__be$', false),
  ...integers('__le$', false),
  size_t: intOf(64, false),
  ssize_t: intOf(64, true),
  uintptr_t: intOf(64, false),
  intptr_t: intOf(64, true),
}

function integers(pattern: string, signed: boolean): Record<string, IntegerType> {
  const sizes = [8, 16, 32, 64] as const
  return Object.fromEntries(sizes.map(bits => [pattern.replace('$', String(bits)), intOf(bits, signed)]))
}
