// What scripts/build.mjs runs to have the kernel half compiled before anybody waits for it.

import { DEFAULT_TRACE_OPTIONS } from '../options.ts'
import { buildKernelHalf } from './kernel-half.ts'
import { printKernelHalf } from './kernel-half-file.ts'
import { scratchSize } from './layout.ts'

/** The text of each file of dist/kernel-half, by name. */
export function kernelHalfFiles(): Record<string, string> {
  const size = scratchSize(DEFAULT_TRACE_OPTIONS.stringLimit)
  return Object.fromEntries(
    (['x64', 'arm64'] as const).map(arch => [`${arch}.json`, printKernelHalf(buildKernelHalf(arch, size))]),
  )
}
