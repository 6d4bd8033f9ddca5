// The one family of typed errors. Structured fields first, the message made from them; `cause` always kept.
// Wording: lower case, no full stop, outermost first, the next step last.

/** Base of every error this package throws on purpose. `code` is stable and can be matched on. */
export class BeetraceError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}
