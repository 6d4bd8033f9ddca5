// What the build leaves beside the code.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The tracer's compiled kernel half for this machine; undefined in a tree that was not built so. */
export function builtKernelHalf(): string | undefined {
  // from dist/cli and from dist/chunks alike
  const file = new URL(`../kernel-half/${process.arch}.json`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** The folder of the C headers for BPF that come with the package: `bpf/bpf_helpers.h` … */
export function builtHeaders(): string {
  return fileURLToPath(new URL('../../headers', import.meta.url))
}
