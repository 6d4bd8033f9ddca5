// The programs that follow threads through their life: made, replaced by exec, ended. fork is seen in
// the parent before the child can run, so nothing a child does is missed.

import type { Builder, Program, Value } from '../../ir/index.ts'
import { u8, u32, u64 } from '../../ir/index.ts'
import {
  CALL_HAS_ENTER,
  CALL_HAS_SEGMENTS,
  CALL_NO_RETURN,
  CAPTURE_ARGV,
  CAPTURE_CSTR,
  OFFSET_TGID,
  OFFSET_TID,
  RECORD_EXEC,
  RECORD_EXIT,
  RECORD_FIXED_BYTES,
  RECORD_FORK,
} from '../record.ts'
import {
  emitScratch,
  now,
  rawTracepointProgram,
  shownIds,
  type TracePlan,
  withCurrentThread,
} from './calls.ts'
import { execSubprograms, withScratch } from './capture.ts'
import { configured, isOn } from './config.ts'
import { completeCall, emitCall, emitFixed, writeFixed } from './emit.ts'
import {
  CONTROL_SPAWNER,
  CONTROL_UNFOLLOWED,
  SCRATCH_POSITION,
  SCRATCH_RECORD,
  THREAD_AWAITS_EXEC,
  THREAD_BYTES,
  THREAD_ENTER_SENT,
  THREAD_FAULTED,
  THREAD_FLAGS,
  THREAD_IN_CALL,
  THREAD_RECORD,
} from './layout.ts'
import { currentTask, idInOwnNamespace, readU32, readU64 } from './read.ts'

/** Strings of a new program's argv that are fetched when they could not be read at the entry of execve. */
const EXEC_STRINGS = 32

/** PF_USER_WORKER of include/linux/sched.h since Linux 6.4 */
const PF_USER_WORKER = 0x4000

/**
 * raw_tp/sched_process_fork (struct task_struct *parent, struct task_struct *child), in the parent; or a moment later
 * raw_tp/sched_wakeup_new (struct task_struct *child), in the parent as well, with its run queue locked
 */
export function processFork(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'process_fork')
  p.main((b, ctx) => {
    const ids = b.call('get_current_pid_tgid', [])
    const tid = b.convert(ids, u32)
    const tgid = b.convert(b.shr(ids, 32), u32)
    const key = b.slot(4, 'tid', 4)
    b.store(key, 0, tid)
    const flags = b.variable(u32, 0)
    const shownTid = b.variable(u32, tid)
    const shownTgid = b.variable(u32, tgid)
    b.ifNotNull(
      b.call('map_lookup_elem', [b.mapFd('threads'), key]),
      parent => {
        flags.set(b.and(b.load(parent, THREAD_FLAGS, u32), THREAD_AWAITS_EXEC))
        const shown = shownIds(b, parent)
        shownTid.set(shown.tid)
        shownTgid.set(shown.tgid)
      },
      () => {
        // not traced: ours only if it is the thread that is about to spawn the command, and only once
        const control = b.mapValue('control')
        b.if(b.ne(b.load(control, CONTROL_SPAWNER, u32), tid), () => b.return(0))
        b.store(control, CONTROL_SPAWNER, 0, u32)
        flags.set(THREAD_AWAITS_EXEC)
      },
    )
    const child = b.variable(u64, 0)
    b.if(
      isOn(b, 'forksAtWakeUp'),
      () => {
        child.set(b.load(ctx, 0, u64))
        // what the kernel makes for io_uring and vhost is woken too, and never in user space
        b.if(b.test(readU32(b, child.get(), 'taskFlags'), PF_USER_WORKER), () => b.return(0))
      },
      () => child.set(b.load(ctx, 8, u64)),
    )
    const childTid = readU32(b, child.get(), 'taskPid')
    const childTgid = readU32(b, child.get(), 'taskTgid')
    b.if(b.not(isOn(b, 'follow')), () => {
      b.if(
        b.logicalAnd(b.eq(flags.get(), 0), () => b.ne(childTgid, tgid)),
        () => b.return(0),
      )
    })
    const entry = b.slot(THREAD_BYTES, 'thread')
    b.zero(entry, 0, THREAD_BYTES)
    b.store(entry, THREAD_FLAGS, flags.get())
    const shownChildTid = b.variable(u32, childTid)
    const shownChildTgid = b.variable(u32, childTgid)
    b.if(isOn(b, 'ownPidNamespace'), () => {
      shownChildTid.set(idInOwnNamespace(b, child.get()))
      shownChildTgid.set(idInOwnNamespace(b, readU64(b, child.get(), 'taskGroupLeader')))
    })
    b.store(entry, THREAD_RECORD + OFFSET_TID, shownChildTid.get())
    b.store(entry, THREAD_RECORD + OFFSET_TGID, shownChildTgid.get())
    b.store(key, 0, childTid)
    const full = b.ne(b.call('map_update_elem', [b.mapFd('threads'), key, entry, 0]), 0)
    b.if(full, () => {
      b.atomicAdd(b.mapValue('control'), CONTROL_UNFOLLOWED, 1)
      b.return(0)
    })
    b.if(isOn(b, 'summary'), () => b.return(0))
    b.if(b.eq(flags.get(), 0), () =>
      emitFixed(b, {
        kind: RECORD_FORK,
        tid: shownTid.get(),
        tgid: shownTgid.get(),
        nr: shownChildTid.get(),
        time: now(b),
        ret: b.convert(shownChildTgid.get(), u64),
      }),
    )
    b.return(0)
  })
  return p
}

/**
 * raw_tp/sched_process_exec (struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm), or the perf event
 * sched:sched_process_exec, whose record has old_pid behind a u32 for the path and the pid
 */
export function processExec(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'process_exec')
  execSubprograms(p, plan.size)
  p.main((b, ctx) => {
    const tid = b.convert(b.call('get_current_pid_tgid', []), u32)
    const oldTid = b.variable(u32, 0)
    b.if(
      isOn(b, 'onPerfEvents'),
      () => oldTid.set(b.load(ctx, 16, u32)),
      () => oldTid.set(b.convert(b.load(ctx, 8, u64), u32)),
    )
    const key = b.slot(4, 'tid', 4)
    b.store(key, 0, oldTid.get())
    b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('threads'), key]), thread => {
      const state = b.load(thread, THREAD_FLAGS, u32)
      const before = shownIds(b, thread)
      // a thread that is not the first takes over the process' id: its entry moves along
      const renamed = b.ne(oldTid.get(), tid)
      b.if(renamed, () => {
        const copy = b.slot(THREAD_BYTES, 'thread')
        b.copy(copy, 0, thread, 0, THREAD_BYTES)
        b.store(copy, THREAD_RECORD + OFFSET_TID, before.tgid)
        const newKey = b.slot(4, 'new tid', 4)
        b.store(newKey, 0, tid)
        b.call('map_update_elem', [b.mapFd('threads'), newKey, copy, 0])
        b.call('map_delete_elem', [b.mapFd('threads'), key])
      })
      b.if(isOn(b, 'summary'), () => b.return(0))
      const { tgid: newTid } = before
      const fields = { kind: RECORD_EXEC, tid: newTid, tgid: newTid, nr: before.tid, time: now(b) }
      b.if(isOn(b, 'entryCaptures'), () => {
        b.if(b.test(state, THREAD_FAULTED), () =>
          withScratch(b, 'exec', scratch => {
            writeFixed(b, scratch, SCRATCH_RECORD, { ...fields, flags: CALL_HAS_SEGMENTS })
            b.store(scratch, SCRATCH_POSITION, RECORD_FIXED_BYTES, u64)
            fetchProgram(b, scratch)
            emitScratch(b, plan, scratch)
            b.return(0)
          }),
        )
      })
      b.if(renamed, () => emitFixed(b, fields))
    })
    b.return(0)
  })
  return p
}

/**
 * argv and the path from where the kernel put them in the new program's memory: the path was the first thing to go there
 * (bprm_execve, fs/exec.c), downwards, so it lies behind the environment.
 */
function fetchProgram(b: Builder, scratch: Value): void {
  const mm = readU64(b, currentTask(b), 'taskMm')
  b.callSubprogram('fetch_user_string', [scratch, CAPTURE_CSTR, readU64(b, mm, 'mmEnvEnd'), 4096])
  const at = b.variable(u64, readU64(b, mm, 'mmArgStart'))
  const end = readU64(b, mm, 'mmArgEnd')
  const arg = 1 << 8
  b.forRange(0, EXEC_STRINGS, (_, loop) => {
    b.if(b.ge(at.get(), end), () => loop.break())
    const got = b.callSubprogram('fetch_user_string', [
      scratch,
      CAPTURE_CSTR | arg,
      at.get(),
      configured(b, 'stringLimit'),
    ])
    b.if(b.test(got, 1n << 63n), () => loop.break())
    at.set(b.add(at.get(), got))
  })
  b.callSubprogram('fetch_bytes', [scratch, CAPTURE_ARGV | arg, 0, 0, 0])
}

/** raw_tp/sched_process_exit (struct task_struct *p), in the thread that ends, or the perf event of that name */
export function processExit(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'process_exit')
  p.main(b => {
    withCurrentThread(b, ({ thread, tid, tgid }) => {
      const state = b.load(thread, THREAD_FLAGS, u32)
      const key = b.slot(4, 'ended tid', 4)
      b.store(key, 0, b.convert(b.call('get_current_pid_tgid', []), u32))
      b.if(b.not(isOn(b, 'summary')), () => {
        b.if(b.not(b.test(state, THREAD_AWAITS_EXEC)), () => {
          const time = now(b)
          b.if(b.test(state, THREAD_IN_CALL), () => {
            const enter = b.select(
              b.test(state, THREAD_ENTER_SENT),
              b.const(u32, CALL_HAS_ENTER),
              b.const(u32, 0),
            )
            completeCall(b, thread, b.convert(b.or(enter, CALL_NO_RETURN), u8), time, 0)
            emitCall(b, thread)
          })
          const task = currentTask(b)
          const code = readU32(b, task, 'taskExitCode')
          const signal = readU64(b, task, 'taskSignal')
          const live = readU32(b, signal, 'signalLive')
          const last = b.convert(b.eq(live, 0), u32)
          emitFixed(b, { kind: RECORD_EXIT, tid, tgid, nr: last, time, ret: b.convert(code, u64) })
        })
      })
      b.call('map_delete_elem', [b.mapFd('threads'), key])
    })
    b.return(0)
  })
  return p
}
