// Just enough reading of TypeScript source for the architecture test: comments away, imports out.

/** The text with comments replaced by a space. Knows strings, templates and regular expressions, so that what looks like a comment in them stays. */
export const withoutComments = (text: string): string => {
  let out = ''
  let at = 0
  while (at < text.length) {
    const end = endOfToken(text, at, out)
    const token = text.slice(at, end)
    out += /^\/[/*]/.test(token) && end - at > 1 ? ' ' : token
    at = end
  }
  return out
}

/** Modules named in import and export declarations, import() included. Takes text without comments. */
export const importsOf = (code: string): string[] =>
  [
    ...code.matchAll(/^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"]+)\1/gm),
    ...code.matchAll(/^[ \t]*import\s*(['"])([^'"]+)\1/gm),
    ...code.matchAll(/\bimport\s*\(\s*(['"`])([^'"`]+)\1/g),
  ].map(([, , specifier = '']) => specifier)

const endOfToken = (text: string, at: number, before: string): number => {
  const two = text.slice(at, at + 2)
  if (two === '//') return indexOrEnd(text, '\n', at)
  if (two === '/*') return Math.min(text.length, indexOrEnd(text, '*/', at + 2) + 2)
  const first = text[at]
  if (first === "'" || first === '"' || first === '`') return endOfQuoted(text, at + 1, first)
  if (first === '/' && regexMayStart(before)) return endOfRegex(text, at + 1)
  return at + 1
}

/** A template's `${…}` counts as text: a comment in there is not found, an import() is. */
const endOfQuoted = (text: string, from: number, quote: string): number => {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at + 1
    else if (text[at] === '\n' && quote !== '`') return at // not a string after all
  }
  return text.length
}

const endOfRegex = (text: string, from: number): number => {
  let inClass = false
  for (let at = from; at < text.length; at++) {
    const c = text[at]
    if (c === '\\') at++
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '\n')
      return from // a division after all
    else if (c === '/' && !inClass) return at + 1
  }
  return from
}

/** After a value a slash divides, elsewhere it opens a regular expression. */
const regexMayStart = (before: string): boolean => {
  const last = before.trimEnd()
  return last === '' || /[(,=:[!&|?{};+\-*%<>~^]$|\b(return|case|typeof|of|in)$/.test(last)
}

const indexOrEnd = (text: string, what: string, from: number): number => {
  const index = text.indexOf(what, from)
  return index === -1 ? text.length : index
}
