// The nice level of this process: of all its threads, because Linux keeps one for each.

import { getPriority, setPriority } from 'node:os'
import { threadIds } from './process.ts'

/** The nice level of the thread that runs JavaScript: -20 (first) to 19 (last). */
export function niceLevel(): number {
  return getPriority()
}

/**
 * Gives all threads of this process a nice level, and those that they will make; children made before keep theirs.
 * False when that is not allowed: a lower level than now needs CAP_SYS_NICE. (setpriority(2))
 */
export function setNiceLevel(level: number): boolean {
  for (const tid of threadIds(process.pid)) {
    try {
      setPriority(tid, level)
    } catch (error) {
      const { errno } = (error as { info?: { errno?: number } }).info ?? {}
      if (errno !== -ESRCH) return false
    }
  }
  return true
}

/** the thread has ended since it was listed */
const ESRCH = 3
