// The C part of a script as far as this grammar sees it: where a preprocessor line or a definition ends. What it means
// is read by ../c.

import type { CStatement } from '../ast.ts'
import { endOfText, isIdentifierStart } from './characters.ts'
import { syntax } from './messages.ts'
import type { Parser } from './parser.ts'

/** One preprocessor line; a backslash at its end carries it on. */
export function takeCDirective(p: Parser): CStatement {
  const { scanner } = p
  const { text } = scanner
  const start = scanner.at
  let end = start
  for (;;) {
    const newline = text.indexOf('\n', end)
    end = newline === -1 || newline > scanner.end ? scanner.end : newline
    const last = text[end - 1] === '\r' ? end - 2 : end - 1
    if (end === scanner.end || text[last] !== '\\') break
    end++
  }
  scanner.at = end
  const line = text.slice(start, end).trimEnd()
  return {
    kind: 'c-statement',
    id: p.ids.count++,
    span: scanner.span(start, start + line.length),
    text: line,
  }
}

/**
 * Whether `struct`, `union`, `enum` or `typedef` under the cursor starts a definition, and not a probe of that name:
 * words and bracketed groups follow, then a brace, or the semicolon of a declaration.
 */
export function startsCDefinition(p: Parser): boolean {
  const { scanner } = p
  const isTypedef = scanner.word === 'typedef'
  let at = scanner.afterLayout(scanner.afterIdentifier(scanner.at))
  if (isTypedef) return isIdentifierStart(scanner.codeAt(at))
  let words = 0
  for (;;) {
    const code = scanner.codeAt(at)
    if (code === openBrace) return true
    if (code === semicolon) return words === 1
    if (isIdentifierStart(code)) {
      at = scanner.afterLayout(scanner.afterIdentifier(at))
      words++
    } else if (code === 0x28 || code === 0x5b) {
      at = scanner.afterBalanced(at, code, code === 0x28 ? 0x29 : 0x5d)
      if (at === -1) return false
      at = scanner.afterLayout(at)
    } else {
      return false
    }
  }
}

/** A definition with the attributes behind its brace and its semicolon, which may be left out after a brace. */
export function takeCDefinition(p: Parser): CStatement {
  const { scanner } = p
  const start = scanner.at
  const isTypedef = scanner.word === 'typedef'
  let at = start
  while (scanner.codeAt(at) !== openBrace && scanner.codeAt(at) !== semicolon && at < scanner.end) {
    const next = scanner.afterLayout(at)
    at = next === at ? at + 1 : next
  }
  if (scanner.codeAt(at) === openBrace) {
    const end = scanner.afterBalanced(at, openBrace, closeBrace)
    if (end === -1) {
      scanner.at = scanner.end
      p.report(syntax.expected, scanner.span(scanner.end), { what: "'}'" })
      return definition(p, start)
    }
    scanner.at = end
    if (isTypedef) {
      while (scanner.code !== semicolon && scanner.code !== endOfText) scanner.at++
    }
  } else {
    scanner.at = at
  }
  let closed = scanner.at
  for (;;) {
    scanner.skipLayout()
    if (!scanner.takeWord('__attribute__')) break
    scanner.skipLayout()
    if (scanner.code !== 0x28 || scanner.peek(1) !== 0x28) {
      p.report(syntax.badAttributes, p.tokenSpan(), { problem: "expected '(('" })
      continue
    }
    const end = scanner.afterBalanced(scanner.at, 0x28, 0x29)
    if (end === -1) {
      p.report(syntax.badAttributes, p.tokenSpan(), { problem: "mismatched '(' and ')'" })
      scanner.at = scanner.end
      break
    }
    scanner.at = end
    closed = end
  }
  if (scanner.code === semicolon) scanner.at++
  else scanner.at = closed
  return definition(p, start)
}

function definition(p: Parser, start: number): CStatement {
  const text = p.scanner.text.slice(start, p.scanner.at)
  return { kind: 'c-statement', id: p.ids.count++, span: p.scanner.span(start), text }
}

const semicolon = 0x3b
const openBrace = 0x7b
const closeBrace = 0x7d
