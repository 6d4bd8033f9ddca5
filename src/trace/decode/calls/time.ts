// Calls that read and set clocks and timers, and that sleep.
import { type Argument, call } from '../argument.ts'
import type { Call } from '../call.ts'
import { flags, int, oneOf, pointer, uint } from '../scalars.ts'
import { structIn, structOut } from '../struct.ts'
import { INT_CELL } from '../structs/cells.ts'
import { SIGEVENT } from '../structs/signal.ts'
import {
  ITIMERSPEC,
  ITIMERSPEC64,
  ITIMERVAL,
  TIMESPEC,
  TIMESPEC64,
  TIMEVAL,
  TIMEZONE,
} from '../structs/time.ts'

const clock = oneOf('CLOCKS')
const EINTR = 4
const ERESTART_RESTARTBLOCK = 516

/** What is left of a sleep, which the call only says when a signal ended it. */
function remainder(struct: typeof TIMESPEC): Argument {
  const left = structOut(struct, interrupted, true)
  return {
    ...left,
    printer: c => {
      const filled = left.printer(c)
      const address = pointer.printer(c)
      return (w, call, arg) => (interrupted(call) ? filled : address)(w, call, arg)
    },
  }
}
const interrupted = (c: Call) => c.errno === EINTR || c.errno === ERESTART_RESTARTBLOCK

export const TIME_CALLS = {
  nanosleep: call('', [structIn(TIMESPEC), remainder(TIMESPEC)]),
  clock_nanosleep: call('', [clock, flags('TIMER_FLAGS'), structIn(TIMESPEC), remainder(TIMESPEC)]),
  clock_nanosleep_time64: call('', [
    clock,
    flags('TIMER_FLAGS'),
    structIn(TIMESPEC64),
    remainder(TIMESPEC64),
  ]),
  clock_gettime: call('clock', [clock, structOut(TIMESPEC)]),
  clock_gettime64: call('clock', [clock, structOut(TIMESPEC64)]),
  clock_getres: call('clock', [clock, structOut(TIMESPEC)]),
  clock_getres_time64: call('clock', [clock, structOut(TIMESPEC64)]),
  clock_settime: call('clock', [clock, structIn(TIMESPEC)]),
  clock_settime64: call('clock', [clock, structIn(TIMESPEC64)]),
  clock_adjtime: call('clock', [clock, pointer]),
  clock_adjtime64: call('clock', [clock, pointer]),
  adjtimex: call('clock', [pointer]),
  gettimeofday: call('clock', [structOut(TIMEVAL), structOut(TIMEZONE)]),
  settimeofday: call('clock', [structIn(TIMEVAL), structIn(TIMEZONE)]),
  time: call('clock', [pointer], 'uint'),
  stime: call('clock', [pointer]),
  alarm: call('', [uint]),
  getitimer: call('', [oneOf('ITIMERS'), structOut(ITIMERVAL)]),
  setitimer: call('', [oneOf('ITIMERS'), structIn(ITIMERVAL), structOut(ITIMERVAL)]),
  timer_create: call('', [clock, structIn(SIGEVENT), structOut(INT_CELL)]),
  timer_delete: call('', [int]),
  timer_getoverrun: call('', [int]),
  timer_gettime: call('', [int, structOut(ITIMERSPEC)]),
  timer_gettime64: call('', [int, structOut(ITIMERSPEC64)]),
  timer_settime: call('', [int, flags('TIMER_FLAGS'), structIn(ITIMERSPEC), structOut(ITIMERSPEC)]),
  timer_settime64: call('', [int, flags('TIMER_FLAGS'), structIn(ITIMERSPEC64), structOut(ITIMERSPEC64)]),
} as const
