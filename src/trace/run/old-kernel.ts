// What is said where the kernel is older than any that the tracer runs on: not which of many things it lacks first.

import { BeetraceError, NotSupportedError } from '../../errors/index.ts'
import { isAtLeast, type KernelRelease } from '../../kernel/index.ts'

/** The oldest kernel that the tests run on. */
const OLDEST = '5.10'

/** `error` itself, or where the kernel's age explains it a NotSupportedError that names both releases. */
export function explainOldKernel(error: unknown, release: KernelRelease): unknown {
  if (!(error instanceof BeetraceError) || isAtLeast(release, OLDEST)) return error
  const reason = `this is ${release.text}: ${error.message}`
  return new NotSupportedError('tracing system calls', { since: OLDEST, reason, cause: error })
}
