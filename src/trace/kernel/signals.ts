// The programs that see signals: those a thread takes, and those that never come that far. A tracer by ptrace(2) is
// shown every signal before its disposition is asked; without it the kernel throws an ignored signal away where it
// is sent, and one that ends the process turns into a SIGKILL for each thread. Both are told where they are sent.

import type { Builder, Program, Value } from '../../ir/index.ts'
import { u32, u64 } from '../../ir/index.ts'
import {
  CALL_HAS_SEGMENTS,
  CAPTURE_BYTES,
  RECORD_FIXED_BYTES,
  RECORD_SIGNAL,
  SEGMENT_HEAD_BYTES,
  SIGNAL_DURING_CALL,
  SIGNAL_STOPS,
} from '../record.ts'
import {
  now,
  rawTracepointProgram,
  type TracedThread,
  type TracePlan,
  withCurrentThread,
  withThread,
} from './calls.ts'
import { isOn } from './config.ts'
import { emitReserved, writeFixed } from './emit.ts'
import { THREAD_AWAITS_EXEC, THREAD_FLAGS, THREAD_IN_CALL } from './layout.ts'
import { currentTask, idInOwnNamespace, readU32, readU64 } from './read.ts'

/** Bytes of siginfo that a RECORD_SIGNAL carries: up to and including the fields of every kind of sender. */
const SIGINFO_BYTES = 48
const SIGINFO_SIGNO = 0
const SIGINFO_CODE = 8
const SIGINFO_PID = 16
const SIGINFO_UID = 20

/** What stands for a pointer to siginfo (include/linux/sched/signal.h): sent by the current process, by the kernel. */
const SEND_SIG_NOINFO = 0
const SEND_SIG_PRIV = 1
const SI_KERNEL = 0x80

/** enum of include/trace/events/signal.h */
const TRACE_SIGNAL_DELIVERED = 0
const TRACE_SIGNAL_IGNORED = 1
/** include/linux/sched/signal.h */
const SIGNAL_GROUP_EXIT = 4
const SIGKILL = 9
/** SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU have numbers in a row */
const FIRST_STOP_SIGNAL = 19
const STOP_SIGNALS = 4

/** raw_tp/signal_deliver (int sig, struct kernel_siginfo *info, struct k_sigaction *ka), in the receiver */
export function signalDeliver(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'signal_deliver')
  p.main((b, ctx) => {
    withCurrentThread(b, traced => {
      const info = b.load(ctx, 8, u64)
      // no signal anybody sent, but the end of a process that is being killed: told where it was sent
      b.if(b.eq(info, SEND_SIG_NOINFO), () => b.return(0))
      const sig = b.load(ctx, 0, u64)
      const stops = b.variable(u32, 0)
      b.if(b.lt(b.sub(sig, FIRST_STOP_SIGNAL), STOP_SIGNALS), () => {
        // struct k_sigaction begins with the handler; SIG_DFL is 0
        const handler = b.slot(8, 'handler')
        b.store(handler, 0, 1, u64)
        b.call('probe_read_kernel', [handler, 8, b.load(ctx, 16, u64)])
        b.if(b.eq(b.load(handler, 0, u64), 0), () => stops.set(SIGNAL_STOPS))
      })
      emitSignal(b, traced, sig, info, stops.get())
    })
    b.return(0)
  })
  return p
}

/**
 * raw_tp/signal_generate (int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result), in
 * the sender, with the receiver's signals locked: what the receiver itself will not see.
 */
export function signalGenerate(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'signal_generate')
  p.main((b, ctx) => {
    const result = b.load(ctx, 32, u64)
    b.if(b.gt(result, TRACE_SIGNAL_IGNORED), () => b.return(0))
    const sig = b.load(ctx, 0, u64)
    // nobody who traces is shown this one
    b.if(b.eq(sig, SIGKILL), () => b.return(0))
    const task = b.load(ctx, 16, u64)
    withThread(b, readU32(b, task, 'taskPid'), traced => {
      const signal = readU64(b, task, 'taskSignal')
      const ending = b.test(readU32(b, signal, 'signalFlags'), SIGNAL_GROUP_EXIT)
      b.if(
        b.eq(result, TRACE_SIGNAL_DELIVERED),
        () => {
          b.if(b.not(ending), () => b.return(0))
          // the process is ending of this very signal, not of an earlier one
          const endedBy = readU32(b, signal, 'signalGroupExitCode')
          b.if(b.ne(endedBy, b.convert(sig, u32)), () => b.return(0))
        },
        () => b.if(ending, () => b.return(0)),
      )
      emitSignal(b, traced, sig, b.load(ctx, 8, u64), 0)
    })
    b.return(0)
  })
  return p
}

function emitSignal(
  b: Builder,
  { thread, tid, tgid }: TracedThread,
  sig: Value,
  info: Value,
  more: Value | number,
): void {
  const state = b.load(thread, THREAD_FLAGS, u32)
  b.if(b.test(state, THREAD_AWAITS_EXEC), () => b.return(0))
  const nr = b.convert(sig, u32)
  const flags = b.variable(u32, typeof more === 'number' ? CALL_HAS_SEGMENTS : b.or(more, CALL_HAS_SEGMENTS))
  // with a filter by result nobody knows whether the call will be shown
  b.if(b.not(b.logicalOr(isOn(b, 'onlySuccessful'), () => isOn(b, 'onlyFailed'))), () =>
    b.if(b.test(state, THREAD_IN_CALL), () => flags.set(b.or(flags.get(), SIGNAL_DURING_CALL))),
  )
  const time = now(b)
  emitReserved(b, RECORD_FIXED_BYTES + SEGMENT_HEAD_BYTES + SIGINFO_BYTES, record => {
    writeFixed(b, record, 0, { kind: RECORD_SIGNAL, flags: flags.get(), tid, tgid, nr, time })
    b.store(record, RECORD_FIXED_BYTES, CAPTURE_BYTES, u32)
    b.store(record, RECORD_FIXED_BYTES + 4, SIGINFO_BYTES, u32)
    const at = RECORD_FIXED_BYTES + SEGMENT_HEAD_BYTES
    b.if(
      b.gt(info, SEND_SIG_PRIV),
      () => b.call('probe_read_kernel', [b.offset(record, at), SIGINFO_BYTES, info]),
      () => {
        b.zero(record, at, SIGINFO_BYTES)
        b.store(record, at + SIGINFO_SIGNO, nr)
        b.if(
          b.eq(info, SEND_SIG_PRIV),
          () => b.store(record, at + SIGINFO_CODE, SI_KERNEL, u32),
          () => {
            b.store(record, at + SIGINFO_PID, currentTgid(b))
            b.store(record, at + SIGINFO_UID, b.convert(b.call('get_current_uid_gid', []), u32))
          },
        )
      },
    )
  })
}

function currentTgid(b: Builder): Value {
  const tgid = b.variable(u32, b.convert(b.shr(b.call('get_current_pid_tgid', []), 32), u32))
  b.if(isOn(b, 'ownPidNamespace'), () => {
    tgid.set(idInOwnNamespace(b, readU64(b, currentTask(b), 'taskGroupLeader')))
  })
  return tgid.get()
}
