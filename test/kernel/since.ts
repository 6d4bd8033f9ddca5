// The reason to skip a test on a kernel that is older than what it asks for.
import { isAtLeast, kernelRelease } from '../../src/kernel/index.ts'

/** For `skip:` of a test; false on a kernel that should have it. */
export const since = (version: string, what: string): string | false =>
  !isAtLeast(kernelRelease(), version) && `${what} is new in Linux ${version}`

/** As examples/calls.bpf.c has it. */
export const noFetchingAtomics: string | false = since(
  '5.12',
  'an atomic addition that gives the value before',
)
