// Values as text, in bpftrace's form: `[1,2]`, `(1, a)`, `{ .x = 1 }`, `ab\x01`.

import type { Shown } from './shown.ts'

/** The text form of a value, as a byte string. */
export function textOf(value: Shown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return value.toString()
  switch (value.kind) {
    case 'symbol':
      return value.text
    case 'buffer':
      return bufferText(value.bytes, 'escaped')
    case 'array':
      return `[${value.items.map(textOf).join(',')}]`
    case 'tuple':
      return `(${value.items.map(textOf).join(', ')})`
    case 'record':
      if (value.fields.length === 0) return '{}'
      return `{ ${value.fields.map(([name, field]) => `.${name} = ${textOf(field)}`).join(', ')} }`
  }
}

/** A key of a map as it stands between brackets: a tuple loses its parentheses. */
export function keyText(key: Shown): string {
  const text = textOf(key)
  return text.startsWith('(') && text.endsWith(')') && text.length >= 2 ? text.slice(1, -1) : text
}

/**
 * The bytes of `buf()`: `escaped` leaves printable ASCII and writes the rest as `\x01` (`%r`), `hex-escaped` writes
 * every byte so (`%rx`), `hex` writes `61 62` (`%rh`).
 */
export function bufferText(bytes: Uint8Array, form: 'escaped' | 'hex-escaped' | 'hex'): string {
  const parts = Array.from(bytes, byte => {
    if (form === 'escaped' && byte >= 0x20 && byte <= 0x7e) return String.fromCharCode(byte)
    const hex = byte.toString(16).padStart(2, '0')
    return form === 'hex' ? hex : `\\x${hex}`
  })
  return parts.join(form === 'hex' ? ' ' : '')
}
