// Writing to the end, and not going on before.

import { writeSync } from 'node:fs'

const AGAIN_MS = 1
const nothing = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes all bytes, as soon as they are taken: somebody may have made a pipe or terminal that we share non-blocking.
 * Throws as writeSync, EAGAIN apart.
 */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(nothing, 0, 0, AGAIN_MS)
    }
  }
}
