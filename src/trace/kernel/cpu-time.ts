// How long a thread has had a processor, to the nanosecond, for -c. The kernel's own count stands still between two
// switches (it is brought up to date at each switch and each tick), which is most of the calls. So: without a switch
// since we last looked, the thread has run all the time; with one, the kernel's count is good but for what the thread
// has run since it came back, which in a call that waited is next to nothing.

import type { Builder, Value } from '../../ir/index.ts'
import { u64 } from '../../ir/index.ts'
import { THREAD_CPU_COUNTED_AT, THREAD_CPU_NS, THREAD_CPU_SWITCHES } from './layout.ts'
import { readCurrentTask } from './read.ts'

/** Nanoseconds of processor time of the current thread, whose entry of `threads` is given; `now` by the clock. */
export function cpuTime(b: Builder, thread: Value, now: Value): Value {
  const switches = b.add(
    readCurrentTask(b, 'taskVoluntarySwitches', u64),
    readCurrentTask(b, 'taskForcedSwitches', u64),
  )
  const countedAt = b.load(thread, THREAD_CPU_COUNTED_AT, u64)
  const ran = b.variable(u64, 0)
  b.if(
    b.logicalAnd(b.ne(countedAt, 0), () => b.eq(switches, b.load(thread, THREAD_CPU_SWITCHES, u64))),
    () => ran.set(b.add(b.load(thread, THREAD_CPU_NS, u64), b.sub(now, countedAt))),
    () => ran.set(readCurrentTask(b, 'taskExecRuntime', u64)),
  )
  b.store(thread, THREAD_CPU_NS, ran.get())
  b.store(thread, THREAD_CPU_COUNTED_AT, now)
  b.store(thread, THREAD_CPU_SWITCHES, switches)
  return ran.get()
}
