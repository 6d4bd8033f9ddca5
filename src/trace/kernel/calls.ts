// The two programs that see every system call of the machine: entry and exit. What costs all other processes is
// the first look-up; everything behind it runs for traced threads only.

import type { Builder, Value } from '../../ir/index.ts'
import { type Program, program, s64, u8, u32, u64 } from '../../ir/index.ts'
import { BPF_PROG_TYPE_RAW_TRACEPOINT } from '../../sys/index.ts'
import {
  ABI_COMPAT,
  ABI_NATIVE,
  CALL_HAS_ENTER,
  CALL_HAS_SEGMENTS,
  CALL_REFETCHED,
  OFFSET_ABI,
  OFFSET_ARG_COUNT,
  OFFSET_ARGS,
  OFFSET_FLAGS,
  OFFSET_KIND,
  OFFSET_NR,
  OFFSET_START,
  OFFSET_TGID,
  OFFSET_TID,
  OFFSET_TIME,
  RECORD_CALL,
  RECORD_ENTER,
} from '../record.ts'
import { capture, captureSubprograms, withScratch } from './capture.ts'
import { configured, isOn } from './config.ts'
import { cpuTime } from './cpu-time.ts'
import { callBytes, completeCall, emitBytes, emitCall } from './emit.ts'
import {
  CALL_DESC_ENTRY,
  CALL_DESC_EXEC,
  CALL_DESC_EXIT,
  CALL_DESC_WANTED,
  CALL_DESCRIPTOR_ARG_COUNT,
  CALL_DESCRIPTOR_FLAGS,
  CALL_NUMBERS,
  CALL_UNKNOWN,
  COUNT_CALLS,
  COUNT_ERRORS,
  COUNT_NS,
  MAX_CALL_BYTES,
  SCRATCH_POSITION,
  SCRATCH_RECORD,
  type ScratchSize,
  THREAD_AWAITS_EXEC,
  THREAD_ENTER_SENT,
  THREAD_EXIT_CAPTURES,
  THREAD_FAULTED,
  THREAD_FLAGS,
  THREAD_IN_CALL,
  THREAD_RECORD,
  WHEN_ENTRY,
  WHEN_EXIT,
  WHEN_FAILED,
} from './layout.ts'
import type { TraceMaps } from './maps.ts'
import { readCurrentTask } from './read.ts'
import type { Registers } from './registers.ts'

/** What each program of a trace is built from. */
export interface TracePlan {
  readonly maps: TraceMaps
  readonly size: ScratchSize
  readonly registers: Registers
}

/** A raw tracepoint program over the maps of the plan. */
export function rawTracepointProgram(plan: TracePlan, name: string): Program {
  return program({ name, progType: BPF_PROG_TYPE_RAW_TRACEPOINT, maps: Object.values(plan.maps) })
}

/**
 * raw_tp/sys_enter (struct pt_regs *regs, long id), or the perf event raw_syscalls:sys_enter, whose record has the
 * number in the same place
 */
export function sysEnter(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'sys_enter')
  captureSubprograms(p, plan.size)
  p.main((b, ctx) => {
    withCurrentThread(b, ({ thread }) => {
      const abi = currentAbi(b)
      const nr = b.convert(b.load(ctx, 8, u64), u32)
      withDescriptor(b, nr, abi, descriptor => {
        const wants = b.load(descriptor, CALL_DESCRIPTOR_FLAGS, u32)
        const state = b.load(thread, THREAD_FLAGS, u32)
        b.if(b.test(state, THREAD_AWAITS_EXEC), () => {
          b.if(b.not(b.test(wants, CALL_DESC_EXEC)), () => b.return(0))
        })
        b.if(b.not(b.test(wants, CALL_DESC_WANTED)), () => {
          b.store(thread, THREAD_FLAGS, 0, u32)
          b.return(0)
        })
        const start = callClock(b, thread)
        beginCall(b, thread, descriptor, nr, abi, start)
        b.if(b.not(isOn(b, 'summary')), () => copyArguments(b, plan.registers, ctx, abi, thread))
        const flags = b.variable(u32, THREAD_IN_CALL)
        b.if(b.test(wants, CALL_DESC_EXIT), () => flags.set(b.or(flags.get(), THREAD_EXIT_CAPTURES)))
        b.if(isOn(b, 'entryCaptures'), () => {
          b.if(b.test(wants, CALL_DESC_ENTRY), () =>
            withScratch(b, 'enter', scratch => {
              copyCall(b, thread, scratch)
              b.store(scratch, SCRATCH_RECORD + OFFSET_KIND, RECORD_ENTER, u8)
              b.store(scratch, SCRATCH_RECORD + OFFSET_FLAGS, CALL_HAS_SEGMENTS, u8)
              b.store(scratch, SCRATCH_RECORD + OFFSET_TIME, start)
              const faulted = capture(b, scratch, thread, descriptor, WHEN_ENTRY)
              b.if(faulted, () => flags.set(b.or(flags.get(), THREAD_FAULTED)))
              const sent = emitScratch(b, plan, scratch)
              b.if(sent, () => flags.set(b.or(flags.get(), THREAD_ENTER_SENT)))
            }),
          )
        })
        b.store(thread, THREAD_FLAGS, flags.get())
      })
    })
    b.return(0)
  })
  return p
}

/** raw_tp/sys_exit (struct pt_regs *regs, long ret), or the perf event raw_syscalls:sys_exit */
export function sysExit(plan: TracePlan): Program {
  const p = rawTracepointProgram(plan, 'sys_exit')
  captureSubprograms(p, plan.size)
  p.main((b, ctx) => {
    withCurrentThread(b, ({ thread }) => {
      const state = b.load(thread, THREAD_FLAGS, u32)
      b.if(b.not(b.test(state, THREAD_IN_CALL)), () => b.return(0))
      b.store(thread, THREAD_FLAGS, 0, u32)
      const result = syscallResult(b, ctx)
      const failed = b.logicalAnd(b.lt(result, 0), () => b.ge(result, -4095))
      const end = callClock(b, thread)
      b.if(isOn(b, 'summary'), () => {
        countCall(b, thread, failed, end)
        b.return(0)
      })
      b.if(isOn(b, 'onlySuccessful'), () => b.if(failed, () => b.return(0)))
      b.if(isOn(b, 'onlyFailed'), () => b.if(b.not(failed), () => b.return(0)))
      const enter = b.select(b.test(state, THREAD_ENTER_SENT), b.const(u32, CALL_HAS_ENTER), b.const(u32, 0))
      b.if(
        b.logicalOr(isOn(b, 'entryCaptures'), () => isOn(b, 'exitCaptures')),
        () => {
          b.if(b.test(state, THREAD_EXIT_CAPTURES | THREAD_FAULTED), () =>
            withDescriptor(b, numberOf(b, thread), abiOf(b, thread), descriptor =>
              withScratch(b, 'exit', scratch => {
                // one walk for both: input that faulted at the entry, and what the call gave back
                const again = b.test(state, THREAD_FAULTED)
                const refetch = b.select(again, b.const(u32, WHEN_ENTRY), b.const(u32, 0))
                const output = b.select(failed, b.const(u32, WHEN_FAILED), b.const(u32, WHEN_EXIT))
                const refetched = b.select(again, b.const(u32, CALL_REFETCHED), b.const(u32, 0))
                const flags = b.or(b.or(enter, refetched), CALL_HAS_SEGMENTS)
                completeCall(b, thread, b.convert(flags, u8), end, result)
                copyCall(b, thread, scratch)
                capture(b, scratch, thread, descriptor, b.or(refetch, output), result)
                emitScratch(b, plan, scratch)
                b.return(0)
              }),
            ),
          )
        },
      )
      completeCall(b, thread, b.convert(enter, u8), end, result)
      emitCall(b, thread)
    })
    b.return(0)
  })
  return p
}

/** What the call gave back: the second argument of the raw tracepoint, or in the perf event's record behind the number. */
function syscallResult(b: Builder, ctx: Value): Value {
  const result = b.variable(s64, 0)
  b.if(
    isOn(b, 'onPerfEvents'),
    () => result.set(b.load(ctx, 16, s64)),
    () => result.set(b.load(ctx, 8, s64)),
  )
  return result.get()
}

/** A traced thread: its entry of `threads`, and its ids as they are shown. */
export interface TracedThread extends ThreadIds {
  readonly thread: Value
}

export interface ThreadIds {
  readonly tid: Value
  readonly tgid: Value
}

/** Runs `use` when the current thread is traced. */
export function withCurrentThread(b: Builder, use: (traced: TracedThread) => void): void {
  withThread(b, b.convert(b.call('get_current_pid_tgid', []), u32), use)
}

/** Runs `use` when the thread with this id in the initial pid namespace is traced. */
export function withThread(b: Builder, tid: Value, use: (traced: TracedThread) => void): void {
  const key = b.slot(4, 'tid', 4)
  b.store(key, 0, tid)
  b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('threads'), key]), thread =>
    use({ thread, ...shownIds(b, thread) }),
  )
}

/** The ids of a traced thread as its tracer numbers them. */
export function shownIds(b: Builder, thread: Value): ThreadIds {
  return {
    tid: b.load(thread, THREAD_RECORD + OFFSET_TID, u32),
    tgid: b.load(thread, THREAD_RECORD + OFFSET_TGID, u32),
  }
}

/** What is known of a call at its entry, into the thread's record; its arguments apart. */
function beginCall(b: Builder, thread: Value, descriptor: Value, nr: Value, abi: Value, start: Value): void {
  const argCount = b.load(descriptor, CALL_DESCRIPTOR_ARG_COUNT, u32)
  b.store(thread, THREAD_RECORD + OFFSET_KIND, RECORD_CALL, u8)
  b.store(thread, THREAD_RECORD + OFFSET_ABI, b.convert(abi, u8))
  b.store(thread, THREAD_RECORD + OFFSET_ARG_COUNT, b.convert(argCount, u8))
  b.store(thread, THREAD_RECORD + OFFSET_NR, nr)
  b.store(thread, THREAD_RECORD + OFFSET_START, start)
}

/** The thread's record of its call as the beginning of the one in scratch. */
function copyCall(b: Builder, thread: Value, scratch: Value): void {
  b.copy(scratch, SCRATCH_RECORD, thread, THREAD_RECORD, MAX_CALL_BYTES)
  b.store(scratch, SCRATCH_POSITION, callBytes(b, thread))
}

function numberOf(b: Builder, thread: Value): Value {
  return b.load(thread, THREAD_RECORD + OFFSET_NR, u32)
}

function abiOf(b: Builder, thread: Value): Value {
  return b.convert(b.load(thread, THREAD_RECORD + OFFSET_ABI, u8), u64)
}

/** Sends the record in scratch; true when there was room. */
export function emitScratch(b: Builder, plan: TracePlan, scratch: Value): Value {
  const size = b.clamp(b.load(scratch, SCRATCH_POSITION, u64), plan.size.recordBytes)
  return emitBytes(b, b.offset(scratch, SCRATCH_RECORD), size)
}

/** The clock, where some output needs it, else 0: reading it is not free. */
export function now(b: Builder): Value {
  const time = b.variable(u64, 0)
  b.if(isOn(b, 'times'), () => time.set(b.call('ktime_get_ns', [])))
  return time.get()
}

/** What the time of a call is counted by: the clock, or with -c the processor time of its thread. */
function callClock(b: Builder, thread: Value): Value {
  const time = b.variable(u64, now(b))
  b.if(
    b.logicalAnd(isOn(b, 'summary'), () => b.not(isOn(b, 'wallClock'))),
    () => time.set(cpuTime(b, thread, time.get())),
  )
  return time.get()
}

/** ABI_NATIVE or ABI_COMPAT of the call that the current thread is in. */
function currentAbi(b: Builder): Value {
  const status = readCurrentTask(b, 'compatFlagOffset', u32)
  const compat = b.test(status, b.convert(configured(b, 'compatFlagMask'), u32))
  return b.select(compat, b.const(u64, ABI_COMPAT), b.const(u64, ABI_NATIVE))
}

function withDescriptor(b: Builder, nr: Value, abi: Value, use: (descriptor: Value) => void): void {
  b.ifNotNull(lookupCall(b, 'calls', nr, abi), use)
}

/** The entry of a call in one of the maps that have one for each: `calls`, `counts`. */
function lookupCall(b: Builder, map: string, nr: Value, abi: Value): Value {
  const wide = b.convert(nr, u64)
  const known = b.add(wide, b.mul(abi, CALL_NUMBERS))
  const key = b.slot(4, 'call', 4)
  b.store(key, 0, b.convert(b.select(b.lt(wide, CALL_NUMBERS), known, b.const(u64, CALL_UNKNOWN)), u32))
  return b.call('map_lookup_elem', [b.mapFd(map), key])
}

/** Copies the six arguments out of struct pt_regs, in the ABI's order. */
function copyArguments(b: Builder, registers: Registers, ctx: Value, abi: Value, thread: Value): void {
  const { nativeArgs, compatArgs } = registers
  const copyFrom = (from: Value, base: number) => {
    const store = (offsets: readonly number[], mask: bigint) =>
      offsets.forEach((offset, i) => {
        b.store(thread, THREAD_RECORD + OFFSET_ARGS + 8 * i, b.and(b.load(from, offset - base, u64), mask))
      })
    b.if(
      b.eq(abi, ABI_NATIVE),
      () => store(nativeArgs, 0xffffffffffffffffn),
      () => store(compatArgs, 0xffffffffn),
    )
  }
  b.if(
    isOn(b, 'hasTaskPtRegs'),
    () => copyFrom(b.call('task_pt_regs', [b.call('get_current_task_btf', [])]), 0),
    () => {
      const offsets = [...nativeArgs, ...compatArgs]
      const first = Math.min(...offsets)
      const span = Math.max(...offsets) + 8 - first
      const copy = b.slot(span, 'pt_regs')
      b.call('probe_read_kernel', [copy, span, b.add(b.load(ctx, 0, u64), first)])
      copyFrom(copy, first)
    },
  )
}

/** -c: one more call, error and so much time, in this CPU's counters. */
function countCall(b: Builder, thread: Value, failed: Value, end: Value): void {
  b.ifNotNull(lookupCall(b, 'counts', numberOf(b, thread), abiOf(b, thread)), count => {
    const bump = (offset: number, by: Value | number) =>
      b.store(count, offset, b.add(b.load(count, offset, u64), by))
    bump(COUNT_CALLS, 1)
    bump(COUNT_ERRORS, b.convert(failed, u64))
    bump(COUNT_NS, b.sub(end, b.load(thread, THREAD_RECORD + OFFSET_START, u64)))
  })
}
