// Values as JSON, in bpftrace's form: tuples and arrays as lists, records as objects, buffers as lists of numbers,
// words of numbers as the number. An integer that a double cannot hold is a string, so that no reader rounds it.

import type { Shown } from './shown.ts'
import { keyText } from './text.ts'

/** The JSON form of a value, as a byte string. */
export function jsonOf(value: Shown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return jsonString(value)
  if (typeof value === 'boolean') return value.toString()
  if (typeof value === 'bigint') return jsonInteger(value)
  switch (value.kind) {
    case 'symbol':
      return jsonInteger(value.number)
    case 'buffer':
      // bpftrace's bytes are C chars, which are signed here
      return `[${Array.from(value.bytes, byte => (byte << 24) >> 24).join(',')}]`
    case 'array':
    case 'tuple':
      return `[${value.items.map(jsonOf).join(',')}]`
    case 'record':
      return jsonObject(value.fields.map(([name, field]) => [name, jsonOf(field)] as const))
  }
}

/** Members whose values are JSON already. */
export function jsonObject(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([name, json]) => `${jsonString(name)}: ${json}`).join(', ')}}`
}

/** A map's key as a member name: without spaces, a tuple without its parentheses. */
export function jsonKey(key: Shown): string {
  return keyText(key).replaceAll(' ', '')
}

export function jsonInteger(value: bigint): string {
  const text = value.toString()
  return BigInt(Number(value)) === value ? text : `"${text}"`
}

/** Quotes a byte string; bytes above 0x7f pass as they are. */
export function jsonString(text: string): string {
  let quoted = '"'
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) quoted += '\\"'
    else if (code === 0x5c) quoted += '\\\\'
    else if (code === 0x0a) quoted += '\\n'
    else if (code === 0x0d) quoted += '\\r'
    else if (code === 0x09) quoted += '\\t'
    else if (code < 0x20) quoted += `\\u${code.toString(16).padStart(4, '0')}`
    else quoted += text[i]
  }
  return `${quoted}"`
}
