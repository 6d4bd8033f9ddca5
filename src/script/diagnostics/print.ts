// Diagnostics as text, in bpftrace's form (its src/ast/diagnostic.cpp, location.cpp and log.cpp):
//
//     stdin:1:9-13: ERROR: Undefined or undeclared variable: $x
//     begin { $x }
//             ~~
//     HINT: …
//
// Columns count bytes from 1, and the second is the one after the last. A tab is shown as four spaces, in the line and
// below it. A span over several lines is named `file:1-3` and shows its lines without an underline.

import { lineOf, positionOf, readable, type Sources } from '../source.ts'
import type { Span } from '../span.ts'
import type { Diagnostic, Diagnostics } from './diagnostics.ts'

export interface PrintOptions {
  /** errors red, warnings yellow */
  readonly color?: boolean
  /** false leaves warnings out */
  readonly warnings?: boolean
}

/** All diagnostics, errors before warnings, each line ended; '' when there are none. */
export function printDiagnostics(
  sources: Sources,
  diagnostics: Diagnostics,
  options: PrintOptions = {},
): string {
  let text = ''
  for (const d of diagnostics.list) if (d.severity === 'error') text += printDiagnostic(sources, d, options)
  if (options.warnings !== false) {
    for (const d of diagnostics.list)
      if (d.severity === 'warning') text += printDiagnostic(sources, d, options)
  }
  if (diagnostics.droppedCount > 0) text += `${diagnostics.droppedCount} more messages are not shown\n`
  return text
}

/** One diagnostic: its own place, then its notes, its hints, and the macro calls that it was reached through. */
export function printDiagnostic(
  sources: Sources,
  diagnostic: Diagnostic,
  options: PrintOptions = {},
): string {
  const { severity, span } = diagnostic
  const entry = (text: string, at: Span | undefined): string => {
    const label = `${severity.toUpperCase()}: ${text}`
    const head = at === undefined ? label : `${rangeOf(sources, at)}: ${label}`
    const shown = options.color ? `${severity === 'error' ? red : yellow}${head}${plain}` : head
    return `${shown}\n${at === undefined ? '' : excerptOf(sources, at)}`
  }
  let text = entry(diagnostic.text, span)
  for (const note of diagnostic.notes) text += entry(note.text, note.span)
  for (const hint of diagnostic.hints) text += `HINT: ${hint}\n`
  let calls = 0
  for (let call = span?.expandedFrom; call !== undefined; call = call.expandedFrom) {
    if (++calls > maxCalls) return `${text}...\n`
    text += entry('expanded from', call)
  }
  return text
}

const red = '\u001b[31m'
const yellow = '\u001b[33m'
const plain = '\u001b[0m'

/** Calls that a message was reached through, the innermost first. */
const maxCalls = 10

/** A longer excerpt says no more than its beginning. */
const maxExcerptLines = 50

/** `name:line:first-last`, or `name:first-last` in lines when the span crosses lines. */
export function rangeOf(sources: Sources, span: Span): string {
  const file = sources.files[span.file]!
  const start = positionOf(file, span.start)
  const end = positionOf(file, span.end)
  return start.line === end.line
    ? `${file.name}:${start.line}:${start.column}-${end.column}`
    : `${file.name}:${start.line}-${end.line}`
}

/** The lines of a span, underlined when it is one; each line ended. */
export function excerptOf(sources: Sources, span: Span): string {
  const file = sources.files[span.file]!
  const start = positionOf(file, span.start)
  const end = positionOf(file, span.end)
  if (start.line !== end.line) {
    let lines = ''
    const last = Math.min(end.line, start.line + maxExcerptLines - 1)
    for (let line = start.line; line <= last; line++) lines += `${readable(lineOf(file, line))}\n`
    return last < end.line ? `${lines}...\n` : lines
  }
  const { line, before } = shownPart(lineOf(file, start.line), start.column - 1)
  const [from, to] = [start.column - 1 - before, end.column - 1 - before]
  let under = ''
  for (let i = 0; i < line.length && i < to; i++) {
    const code = line.charCodeAt(i)
    // a byte that continues a UTF-8 character takes no column on the screen
    if ((code & 0xc0) === 0x80) continue
    under += (i < from ? ' ' : '~').repeat(code === 9 ? 4 : 1)
  }
  return `${readable(line).replaceAll('\t', '    ')}\n${under}\n`
}

/** A longer line is cut to what is around the place. */
const maxLineBytes = 1000
const contextBytes = 80

/** What of a line is shown, and how many bytes of it stand before: a binary is no text, and must not reach a terminal. */
function shownPart(line: string, at: number): { readonly line: string; readonly before: number } {
  const binary = CONTROL.test(line)
  if (!binary && line.length <= maxLineBytes) return { line, before: 0 }
  const before = Math.max(0, at - contextBytes)
  const part = line.slice(before, at + contextBytes)
  return { line: binary ? part.replace(/[^\x20-\x7e]/g, '.') : part, before }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/
