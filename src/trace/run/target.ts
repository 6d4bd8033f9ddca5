// What is traced: a command started by us, so that it finds what it would find without us, or running processes.

import { ProcessError } from '../../errors/index.ts'
import {
  blockedCall,
  isProcOfOwnNamespace,
  memlockBefore,
  requireTraceable,
  threadIds,
} from '../../kernel/index.ts'
import { type SpawnOptions, spawnProcess } from '../../sys/index.ts'
import type { TraceSession } from './session.ts'

/**
 * Starts the command with the session watching for it: its first system call shown is its own execve. Gives its pid,
 * or -errno when it could not be executed.
 */
export function spawnTraced(session: TraceSession, options: SpawnOptions): number {
  session.adoptNextChild()
  try {
    const memlock = memlockBefore()
    return spawnProcess(memlock === undefined ? options : { ...options, memlock })
  } finally {
    session.adoptNoChild()
  }
}

/** Says what would be in the way before anything is loaded; the id of the process. Throws ProcessError. */
export function checkTraceable(pid: number): number {
  if (!isProcOfOwnNamespace())
    throw new ProcessError(
      'PROCESS_ID',
      pid,
      `cannot trace process ${pid}: /proc shows another pid namespace than ours; mount this one's: mount -t proc proc /proc`,
    )
  return requireTraceable(pid).tgid
}

/**
 * Attaches to every thread of a process. New ones made meanwhile by a thread that is followed are seen by the kernel
 * half; those of a thread not yet followed by looking again until nothing is new. Throws ProcessError.
 */
export function followProcess(session: TraceSession, pid: number): number {
  const tgid = checkTraceable(pid)
  let count = 0
  for (let fresh = -1; fresh !== 0; ) {
    fresh = 0
    for (const tid of threadIds(tgid)) {
      if (session.follows(tid, tgid)) continue
      session.follow(tid, tgid, blockedCall(tgid, tid))
      fresh++
    }
    count += fresh
  }
  if (count === 0) throw new ProcessError('PROCESS_GONE', pid, `cannot trace process ${pid}: it has ended`)
  return count
}
