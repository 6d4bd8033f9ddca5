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

  /** Puts what was being done in front of the message, unless it begins so; the error itself, for who throws it on. */
  within(what: string): this {
    const { message } = this
    if (message.startsWith(what)) return this
    this.message = `${what}: ${message}`
    // which has the message of its making
    if (this.stack !== undefined) this.stack = this.stack.replace(message, () => this.message)
    return this
  }
}

/** The kernel, or the way it was built or started, lacks something. */
export class NotSupportedError extends BeetraceError {
  /** what is missing, in the kernel's words: "BPF_MAP_TYPE_RINGBUF", "/sys/kernel/btf/vmlinux" */
  readonly feature: string
  /** first kernel release that has it ("5.8"), when one does */
  readonly since: string | undefined
  constructor(feature: string, options: { since?: string; reason?: string; cause?: unknown } = {}) {
    const needs = options.since === undefined ? '' : ` (needs Linux >= ${options.since})`
    const why = options.reason === undefined ? '' : `: ${options.reason}`
    super('NOT_SUPPORTED', `${feature} is not supported by this kernel${needs}${why}`, {
      cause: options.cause,
    })
    this.feature = feature
    this.since = options.since
  }
}

/** An ELF file that cannot be understood. */
export class ElfError extends BeetraceError {
  /** file or object the bytes came from, as the user named it */
  readonly file: string
  /** name (or `section 12`) of the section to blame, where one is */
  readonly section: string | undefined
  /** byte of the file where it stands, where that is known */
  readonly offset: number | undefined
  constructor(file: string, what: string, options: ElfErrorOptions = {}) {
    super('ELF', `${file}: ${what}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.file = file
    this.section = options.section
    this.offset = options.offset
  }
}

export interface ElfErrorOptions {
  readonly section?: string
  readonly offset?: number
  readonly cause?: unknown
}
