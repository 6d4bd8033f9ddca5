// The process lacks a privilege, known before or after the kernel said so.
import { BeetraceError } from './errors.ts'

/** Code `PRIVILEGE`. The message says what was wanted, what is missing and how to run instead. */
export class PrivilegeError extends BeetraceError {
  /** what was to be done, in the user's words: "trace system calls" */
  readonly action: string
  /** the capabilities that are missing: `CAP_BPF` … */
  readonly missing: readonly string[]

  constructor(action: string, missing: readonly string[], advice: string, options?: ErrorOptions) {
    super('PRIVILEGE', `cannot ${action}: ${missing.join(' and ')} missing: ${advice}`, options)
    this.action = action
    this.missing = missing
  }
}
