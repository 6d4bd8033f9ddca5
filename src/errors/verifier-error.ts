// A program the verifier refused: a short message with what matters, and the whole log for whoever wants it.

import { errnoMessage, errnoName } from './errno.ts'
import { BeetraceError } from './errors.ts'
import { summarizeVerifierLog, type VerifierSummary } from './verifier-log.ts'

/** The kernel refused to load a program, and said why in its log. */
export class VerifierError extends BeetraceError {
  /** the program's name */
  readonly program: string
  /** positive */
  readonly errno: number
  readonly errnoName: string
  /** all the kernel said */
  readonly log: string
  readonly summary: VerifierSummary

  constructor(
    program: string,
    errnoNumber: number,
    log: string,
    options: {
      readonly hint?: string | undefined
      /** what is behind the kernel's words, where they would lead astray: in their place */
      readonly reason?: string
      readonly cause?: unknown
    } = {},
  ) {
    const errno = Math.abs(errnoNumber)
    const summary = summarizeVerifierLog(log)
    super('VERIFIER', message(program, errno, summary, options), { cause: options.cause })
    this.program = program
    this.errno = errno
    this.errnoName = errnoName(errno)
    this.log = log
    this.summary = summary
  }
}

const message = (
  program: string,
  errno: number,
  { reasons, insn, source, suggestion, omittedCount }: VerifierSummary,
  { hint, reason }: { readonly hint?: string | undefined; readonly reason?: string },
): string => {
  const why = reasons.length === 0 ? '' : `: ${reasons.join(': ')}`
  const lines = [
    `load program "${program}": ${reason ?? `${errnoMessage(errno)} (${errnoName(errno)})${why}`}`,
  ]
  if (insn !== undefined && reason === undefined) lines.push(`  at ${insn}`)
  if (source !== undefined) {
    const place = source.file === undefined ? '' : `${source.file}:${source.line}: `
    lines.push(`  from ${place}${source.text}`)
  }
  if (suggestion !== undefined) lines.push(`  ${suggestion}`)
  if (omittedCount > 0) {
    lines.push(`  (${omittedCount} ${omittedCount === 1 ? 'line' : 'lines'} of verifier log left out)`)
  }
  if (hint !== undefined) lines.push(`  ${hint}`)
  return lines.join('\n')
}
