// Diagnostics of a compiler, collected instead of thrown one at a time, each with the place it speaks of.

import { BeetraceError } from './errors.ts'

/** A stretch of source text: byte-free, in UTF-16 offsets as JavaScript strings have them; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Diagnostic {
  /** stable, for tests and look-up: "unknown-builtin" */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly text: string
  readonly span: Span
  /** a next step, shown under the source line */
  readonly hint?: string
}

/** The source could not be compiled. The message prints every diagnostic with its line underlined. */
export class CompileError extends BeetraceError {
  readonly diagnostics: readonly Diagnostic[]
  constructor(file: string, source: string, diagnostics: readonly Diagnostic[]) {
    super('COMPILE', diagnostics.map(d => printDiagnostic(file, source, d)).join('\n'))
    this.diagnostics = diagnostics
  }
}

/**
 * One diagnostic as text, bpftrace's way:
 *
 *     stdin:1:14-18: ERROR: unknown builtin "pidd"
 *     kprobe:f { print(pidd) }
 *                      ~~~~
 */
export const printDiagnostic = (file: string, source: string, diagnostic: Diagnostic): string => {
  const start = Math.max(0, Math.min(diagnostic.span.start, source.length))
  const lineStart = source.lastIndexOf('\n', start - 1) + 1
  const newline = source.indexOf('\n', start)
  const lineEnd = newline === -1 ? source.length : newline
  const line = source.slice(lineStart, lineEnd)
  const lineNumber = source.slice(0, lineStart).split('\n').length
  const column = start - lineStart
  // a span over several lines is underlined on its first
  const width = Math.max(1, Math.min(diagnostic.span.end, lineEnd) - start)
  const head = `${file}:${lineNumber}:${column + 1}-${column + 1 + width}: ${diagnostic.severity.toUpperCase()}: ${diagnostic.text}`
  // tabs are kept in the margin, so that the underline stands below its words at any tab width
  const margin = line.slice(0, column).replace(/[^\t]/g, ' ')
  const hint = diagnostic.hint === undefined ? '' : `\nHINT: ${diagnostic.hint}`
  return `${head}\n${line}\n${margin}${'~'.repeat(width)}${hint}`
}
