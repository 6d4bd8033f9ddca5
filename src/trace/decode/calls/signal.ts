// Calls that send, block, wait for and handle signals.
import type { Sink } from '../../write/sink.ts'
import { call } from '../argument.ts'
import type { Call } from '../call.ts'
import { fd, hex, int, oneOf, pointer, signal, signalName, size } from '../scalars.ts'
import { structIn, structOut } from '../struct.ts'
import { SIGACTION, SIGALTSTACK, SIGINFO, SIGSET } from '../structs/signal.ts'
import { TIMESPEC, TIMESPEC64 } from '../structs/time.ts'

const how = oneOf('SIGPROCMASK_HOW')

export const SIGNAL_CALLS = {
  kill: call('signal process', [int, signal]),
  tkill: call('signal process', [int, signal]),
  tgkill: call('signal process', [int, int, signal]),
  pidfd_send_signal: call('desc signal process', [fd, signal, structIn(SIGINFO), hex]),
  rt_sigqueueinfo: call('signal process', [int, signal, structIn(SIGINFO)]),
  rt_tgsigqueueinfo: call('signal process', [int, int, signal, structIn(SIGINFO)]),
  rt_sigaction: call('signal', [signal, structIn(SIGACTION), structOut(SIGACTION), size]),
  rt_sigprocmask: call('signal', [how, structIn(SIGSET), structOut(SIGSET), size]),
  rt_sigpending: call('signal', [structOut(SIGSET), size]),
  rt_sigsuspend: call('signal', [structIn(SIGSET), size]),
  rt_sigtimedwait: call(
    'signal',
    [structIn(SIGSET), structOut(SIGINFO), structIn(TIMESPEC), size],
    signalResult,
  ),
  rt_sigtimedwait_time64: call(
    'signal',
    [structIn(SIGSET), structOut(SIGINFO), structIn(TIMESPEC64), size],
    signalResult,
  ),
  rt_sigreturn: call('signal'),
  sigreturn: call('signal'),
  sigaltstack: call('signal', [structIn(SIGALTSTACK), structOut(SIGALTSTACK)]),
  pause: call('signal'),
  sigaction: call('signal', [signal, pointer, pointer]),
  signal: call('signal', [signal, pointer], 'hex'),
  sigpending: call('signal', [pointer]),
  sigprocmask: call('signal', [how, pointer, pointer]),
  sigsuspend: call('signal', [int, int, hex]),
  sgetmask: call('signal', [], 'hex'),
  ssetmask: call('signal', [hex], 'hex'),
  restart_syscall: call(''),
} as const

/** `10 (SIGUSR1)` */
function signalResult(w: Sink, c: Call): void {
  w.i32(c.retLo | 0)
  const name = signalName(c, c.retLo | 0)
  if (name !== undefined) w.meaning(name)
}
