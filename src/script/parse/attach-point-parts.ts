// The lexical side of an attach point: its parts between colons, quotes and escapes resolved, positional parameters
// put in.

import type { Reporter } from './attach-point.ts'
import { attach } from './attach-point-messages.ts'
import { isDigit } from './characters.ts'
import { parseInteger } from './integer.ts'

/** What stands for the `@` before a source file, `uprobe:/bin/x@file.c:12`, as a part of its own. */
export const sourceMark = '@'

/** `*` anywhere, or a bracketed set. */
export const hasWildcard = (text: string): boolean =>
  text.includes('*') || (text.includes('[') && text.includes(']'))

/** Parameters can hold `$` in turn; this many replacements are enough for everybody. */
const maxReplacements = 1000

/** The parts, of which there is at least one; null after an error. */
export function splitAttachPoint(text: string, reporter: Reporter): string[] | null {
  const parts: string[] = []
  let raw = text
  let part = ''
  let quoted = false
  let replacements = 0
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i]!
    if (c === '"') {
      quoted = !quoted
    } else if (quoted) {
      if (c === '\\' && i + 1 < raw.length) i++
      part += raw[i]!
    } else if (c === ':' || c === '@') {
      parts.push(part)
      if (c === '@') parts.push(sourceMark)
      part = ''
    } else if (c === '$') {
      let end = i + 1
      if (raw[end] !== '0') while (end < raw.length && isDigit(raw.charCodeAt(end))) end++
      if (end === i + 1 && end < raw.length) {
        const text = raw[end]!
        reporter.report(attach.positionalTrailing, { text, parameter: `$${text}` })
        return null
      }
      const index = parseInteger(raw.slice(i + 1, end), 10)
      if (!index.ok || ++replacements > maxReplacements) {
        reporter.report(attach.positionalInvalid, { problem: index.ok ? 'it never ends' : index.problem })
        return null
      }
      // the replacement is read like the rest: it may bring colons
      const value = reporter.context.parameters[Number(index.value) - 1] ?? ''
      raw = raw.slice(0, i) + value + raw.slice(end)
      i--
    } else {
      part += c
    }
  }
  parts.push(part)
  return parts
}
