// Where a piece of a script stands: a stretch of bytes in one of the files that make the script up.

/** Bytes `start` up to but not including `end` of the file with number `file` (its index in `Sources`). */
export interface Span {
  readonly file: number
  readonly start: number
  readonly end: number
  /** for what a macro brought in: the call that it replaced; that one may have come from a macro itself */
  readonly expandedFrom?: Span
}

/** The same place, reached through the macro call at `call`. */
export const spanExpandedFrom = (span: Span, call: Span): Span => ({
  file: span.file,
  start: span.start,
  end: span.end,
  expandedFrom: span.expandedFrom === undefined ? call : spanExpandedFrom(span.expandedFrom, call),
})
