// A command line that cannot be understood.

import { BeetraceError } from './errors.ts'

/** Wrong arguments: the message names the argument and what it takes. Commands exit with status 2 on it. */
export class UsageError extends BeetraceError {
  constructor(message: string) {
    super('USAGE', message)
  }
}
