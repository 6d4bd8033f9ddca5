// Process groups as job control sees them.

import { readFileSync } from 'node:fs'

/**
 * Whether a process is in an orphaned group, in which the terminal's stop signals (SIGTSTP, SIGTTIN, SIGTTOU) do nothing by
 * default: nobody outside of it, in the same session, could continue it. Told from the process and those it descends from;
 * true as well when its group lives by another branch only. Undefined when the process is gone.
 * (will_become_orphaned_pgrp in kernel/exit.c; setpgid(2))
 */
export function isInOrphanedGroup(pid: number): boolean | undefined {
  const own = membership(pid)
  if (own === undefined) return undefined
  for (let parent = membership(own.parentPid); ; parent = membership(parent.parentPid)) {
    if (parent === undefined || parent.session !== own.session) return true
    if (parent.group !== own.group) return false
  }
}

function membership(pid: number): { parentPid: number; group: number; session: number } | undefined {
  if (pid === 0) return undefined
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // behind the name: state, parent, group, session
    const [, parentPid, group, session] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { parentPid: parentPid!, group: group!, session: session! }
  } catch {
    return undefined
  }
}
