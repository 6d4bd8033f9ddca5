// Whether somebody may be looking.

import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'

/** /dev/null */
const NULL_DEVICE = 0x103

/**
 * Whether a descriptor is a terminal. Node needs 4 ms before it can tell, which files, pipes and /dev/null are spared. (And
 * `process.stderr` would make a pipe non-blocking, also for those we share it with: `(bee -l | grep x) 2>&1 | less`.)
 */
export function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd)
    return stat.isCharacterDevice() && stat.rdev !== NULL_DEVICE && isatty(fd)
  } catch {
    // closed
    return false
  }
}
