// Diagnostics collected over all stages of one script, instead of thrown one at a time.

import type { Span } from '../span.ts'
import { fill, type Message, type Severity } from './message.ts'

/** A second place that the message speaks of, with its own words. */
export interface Note {
  readonly text: string
  readonly span: Span
}

export interface Diagnostic {
  readonly code: string
  readonly severity: Severity
  readonly text: string
  /** undefined when the message is about no place in the script */
  readonly span: Span | undefined
  /** further places, printed after the first with the same severity */
  readonly notes: Note[]
  /** next steps, printed as `HINT: …` */
  readonly hints: string[]
}

export interface Extras {
  readonly notes?: readonly Note[]
  readonly hints?: readonly string[]
}

type GapValues<Gaps extends string> = Readonly<Record<Gaps, string | number | bigint>>
type ReportArguments<Gaps extends string> = [Gaps] extends [never]
  ? [gaps?: Readonly<Record<string, never>>, extras?: Extras]
  : [gaps: GapValues<Gaps>, extras?: Extras]

/** Above this many errors the rest is only counted: a binary fed in as a script is not worth a book. */
const maxKept = 100

export class Diagnostics {
  readonly list: Diagnostic[] = []
  /** errors, those not kept included */
  errorCount = 0
  /** errors and warnings that were counted but not kept */
  droppedCount = 0
  private readonly seen = new Set<string>()

  /**
   * Adds a diagnostic and returns it, so that notes and hints can be pushed onto it. The same message at the same place
   * is kept once: a body that is checked for several probes says a thing once.
   */
  report<Gaps extends string>(
    message: Message<Gaps>,
    span: Span | undefined,
    ...[gaps, extras]: ReportArguments<Gaps>
  ): Diagnostic {
    const diagnostic: Diagnostic = {
      code: message.code,
      severity: message.severity,
      text: fill(message, gaps ?? {}),
      span,
      notes: [...(extras?.notes ?? [])],
      hints: [...(extras?.hints ?? [])],
    }
    const key = `${span?.file}:${span?.start}:${span?.end}:${span?.expandedFrom?.start}:${diagnostic.text}`
    if (this.seen.has(key)) return diagnostic
    this.seen.add(key)
    if (message.severity === 'error') this.errorCount++
    if (this.list.length < maxKept) this.list.push(diagnostic)
    else this.droppedCount++
    return diagnostic
  }

  get ok(): boolean {
    return this.errorCount === 0
  }
}
