// Rust names of the legacy scheme: shaped as C++ names are, with a hash as the last component.

/** The end of `_ZN4core3fmt9Formatter3pad17h0123456789abcdefE`, with what LLVM may add. */
const END = /17h[0-9a-f]{16}E(?:\.[\w.@$]+)?$/

/**
 * The path that a legacy Rust symbol stands for, without its hash: `core::fmt::Formatter::pad`; undefined for any
 * other symbol. Source: rustc's legacy symbol mangling (rustc_symbol_mangling/src/legacy.rs).
 */
export function demangleRustLegacy(symbol: string): string | undefined {
  const start = symbol.startsWith('_ZN') ? 3 : symbol.startsWith('__ZN') ? 4 : 0
  const end = start === 0 ? null : END.exec(symbol)
  if (end === null || end.index <= start) return undefined
  const body = symbol.slice(start, end.index)
  const parts: string[] = []
  for (let at = 0; at < body.length; ) {
    const digits = /^\d{1,6}/.exec(body.slice(at, at + 6))?.[0]
    if (digits === undefined) return undefined
    const partEnd = at + digits.length + Number(digits)
    if (partEnd > body.length) return undefined
    const part = unescapePart(body.slice(at + digits.length, partEnd))
    if (part === undefined) return undefined
    parts.push(part)
    at = partEnd
  }
  return parts.join('::')
}

const ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
}

/** `$LT$` is `<`, `$u7b$` is `{`, `..` is `::`; undefined for a `$` that begins none of these. */
function unescapePart(part: string): string | undefined {
  // an underscore stands before a `$` that would be the first character
  const text = part.startsWith('_$') ? part.slice(1) : part
  let known = true
  const plain = text.replace(
    /\$([^$]*)(\$?)|\.\.|\./g,
    (match, name: string | undefined, end: string | undefined) => {
      if (match === '..') return '::'
      if (match === '.') return '.'
      const hex = /^u([0-9a-f]{1,6})$/.exec(name ?? '')?.[1]
      const code = hex === undefined ? 0 : Number.parseInt(hex, 16)
      const character =
        hex !== undefined && code <= 0x10ffff ? String.fromCodePoint(code) : ESCAPES[name ?? '']
      if (character === undefined || end !== '$') known = false
      return character ?? ''
    },
  )
  return known ? plain : undefined
}
