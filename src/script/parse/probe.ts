// An action block: its attach points as text, its predicate, its body.

import type { AttachPoint, Expression, Probe } from '../ast.ts'
import { isSpace } from './characters.ts'
import { parseExpression } from './expression.ts'
import type { Parser } from './parser.ts'
import { parseBlock } from './statement.ts'

/** `probe[, probe …] [/predicate/] { … }`; null after a failure. */
export function parseProbe(p: Parser): Probe | null {
  const { scanner } = p
  const start = scanner.at
  const attachPoints: AttachPoint[] = []
  let end = start
  do {
    scanner.skipLayout()
    // a comma may end the list
    if (attachPoints.length > 0 && (scanner.code === slash || scanner.code === openBrace)) break
    const attachPoint = takeAttachPoint(p)
    if (attachPoint === null) return null
    attachPoints.push(attachPoint)
    end = scanner.at
  } while (scanner.take(comma))
  const span = scanner.span(start, end)
  const predicate = parsePredicate(p)
  scanner.skipLayout()
  if (scanner.code !== openBrace) {
    p.fail("'{'", attachPoints[0]!.raw === ';' ? "no ';' stands between probes" : undefined)
    return null
  }
  const body = parseBlock(p, false)
  return { kind: 'probe', id: p.ids.count++, span, attachPoints, predicate, body }
}

/**
 * An attach point runs up to a space, a comma or a brace outside quotes. A `/` belongs to it once there has been a `:`
 * (`uprobe:/bin/bash:f`) and starts the predicate before that (`begin/1/`).
 */
function takeAttachPoint(p: Parser): AttachPoint | null {
  const { scanner } = p
  const start = scanner.at
  let colonSeen = false
  for (; !scanner.done; scanner.at++) {
    const code = scanner.code
    if (code === openBrace || code === comma || isSpace(code)) break
    if (code === slash && scanner.at > start && !colonSeen) {
      const next = scanner.peek(1)
      if (next !== slash && next !== star) break
    }
    if (code === 0x3a) colonSeen = true
    if (code === 0x22) {
      // a quoted part may cross lines
      for (scanner.at++; !scanner.done && scanner.code !== 0x22; scanner.at++) {
        if (scanner.code === 0x5c) scanner.at++
      }
      if (scanner.done) scanner.at = scanner.end - 1
    }
  }
  scanner.at = Math.min(scanner.at, scanner.end)
  if (scanner.at === start) {
    p.fail('attach point')
    return null
  }
  const raw = scanner.text.slice(start, scanner.at)
  return { kind: 'attach-point', id: p.ids.count++, span: scanner.span(start), raw }
}

function parsePredicate(p: Parser): Expression | null {
  const { scanner } = p
  scanner.skipLayout()
  if (scanner.code !== slash) return null
  scanner.at++
  const predicate = parseExpression(p)
  if (scanner.take(slash)) return predicate
  const isAssignment = scanner.text.charCodeAt(scanner.at) === equals
  p.fail("'/' to close predicate", isAssignment ? '== compares' : undefined)
  return predicate
}

const equals = 0x3d
const star = 0x2a
const comma = 0x2c
const slash = 0x2f
const openBrace = 0x7b
