// Type information that is malformed, or does not have what was asked of it.

import { BeetraceError } from './errors.ts'

/** Malformed BTF, a type or member that does not exist, or a value that does not fit its type. */
export class BtfError extends BeetraceError {
  constructor(message: string, options?: ErrorOptions) {
    super('BTF', message, options)
  }
}
