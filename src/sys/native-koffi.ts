// koffi without its own search for its binary, which takes Node 12 ms: where npm has put the binary is known.

import { createRequire } from 'node:module'

export type Koffi = typeof import('koffi')

/** The version package.json asks for (a test compares them); the binary of another may speak differently. */
export const KOFFI_VERSION = '3.3.4'

/** Throws what koffi throws where it has no binary for this machine. */
export const loadKoffi = (): Koffi => {
  const require = createRequire(import.meta.url)
  const { arch } = process
  try {
    const native = require(`@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`) as Koffi
    if (native.version === KOFFI_VERSION) return native
  } catch {
    // another C library, another layout: koffi finds out
  }
  return require('koffi') as Koffi
}
