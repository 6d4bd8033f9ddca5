// How the programs hand records to the ring: reserved and written in place when the size is known, else copied from
// where they were put together: a thread's entry, scratch. A full ring is counted, never waited for; the reader is woken only when it said that it sleeps.

import type { Builder, Operand, Value } from '../../ir/index.ts'
import { u8, u32, u64 } from '../../ir/index.ts'
import { BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP } from '../../sys/index.ts'
import {
  MAX_ARGS,
  OFFSET_ABI,
  OFFSET_ARG_COUNT,
  OFFSET_FLAGS,
  OFFSET_KIND,
  OFFSET_NR,
  OFFSET_RET,
  OFFSET_START,
  OFFSET_TGID,
  OFFSET_TID,
  OFFSET_TIME,
  RECORD_FIXED_BYTES,
} from '../record.ts'
import { CONTROL_LOST, CONTROL_WAITING, THREAD_RECORD } from './layout.ts'

/** What goes into the fixed part of a record that is not a call's; what is left out is 0. */
export interface RecordFields {
  readonly kind: number
  readonly flags?: Operand
  readonly tid: Value
  readonly tgid: Value
  readonly nr: Operand
  readonly time: Operand
  readonly ret?: Operand
}

/** Writes the fixed part of a record at `at + offset`. Every byte of it: what is reserved is not zeroed. */
export function writeFixed(b: Builder, at: Value, offset: number, fields: RecordFields): void {
  b.store(at, offset + OFFSET_KIND, fields.kind, u8)
  b.store(at, offset + OFFSET_ABI, 0, u8)
  b.store(at, offset + OFFSET_FLAGS, fields.flags ?? 0, u8)
  b.store(at, offset + OFFSET_ARG_COUNT, 0, u8)
  b.store(at, offset + OFFSET_TID, fields.tid, u32)
  b.store(at, offset + OFFSET_TGID, fields.tgid, u32)
  b.store(at, offset + OFFSET_NR, fields.nr, u32)
  b.store(at, offset + OFFSET_TIME, fields.time, u64)
  b.store(at, offset + OFFSET_RET, fields.ret ?? 0, u64)
  b.store(at, offset + OFFSET_START, 0, u64)
}

/** Fills in what a call's record lacks until the call ends. */
export function completeCall(b: Builder, thread: Value, flags: Operand, time: Operand, ret: Operand): void {
  b.store(thread, THREAD_RECORD + OFFSET_FLAGS, flags, u8)
  b.store(thread, THREAD_RECORD + OFFSET_TIME, time, u64)
  b.store(thread, THREAD_RECORD + OFFSET_RET, ret, u64)
}

/** Sends the record of the call that a thread is in. */
export function emitCall(b: Builder, thread: Value): void {
  emitBytes(b, b.offset(thread, THREAD_RECORD), callBytes(b, thread))
}

/** Bytes of that record. */
export function callBytes(b: Builder, thread: Value): Value {
  const argCount = b.convert(b.load(thread, THREAD_RECORD + OFFSET_ARG_COUNT, u8), u64)
  return b.add(b.shl(b.clamp(argCount, MAX_ARGS), 3), RECORD_FIXED_BYTES)
}

/** Reserves a record of a fixed size, has it written, and submits it. */
export function emitReserved(b: Builder, sizeBytes: number, write: (record: Value) => void): void {
  const record = b.call('ringbuf_reserve', [b.mapFd('ring'), sizeBytes, 0])
  b.ifNotNull(
    record,
    at => {
      write(at)
      b.call('ringbuf_submit', [at, wakeFlags(b)])
    },
    () => countLost(b),
  )
}

/** A record with a fixed part only. */
export function emitFixed(b: Builder, fields: RecordFields): void {
  emitReserved(b, RECORD_FIXED_BYTES, record => writeFixed(b, record, 0, fields))
}

/** Copies `sizeBytes` (bounded for the verifier) from `bytes` into the ring; true when there was room. */
export function emitBytes(b: Builder, bytes: Value, sizeBytes: Value): Value {
  const result = b.call('ringbuf_output', [b.mapFd('ring'), bytes, sizeBytes, wakeFlags(b)])
  b.if(b.ne(result, 0), () => countLost(b))
  return b.eq(result, 0)
}

function countLost(b: Builder): void {
  b.atomicAdd(b.mapValue('control'), CONTROL_LOST, 1)
}

/**
 * The reader sets `waiting` before it sleeps and looks at the ring once more after that, so one forced wake-up is
 * enough; while it is awake it comes by itself every few milliseconds.
 */
function wakeFlags(b: Builder): Value {
  const control = b.mapValue('control')
  const flags = b.variable(u64, BPF_RB_NO_WAKEUP)
  b.if(b.ne(b.load(control, CONTROL_WAITING, u32), 0), () => {
    b.store(control, CONTROL_WAITING, 0, u32)
    flags.set(BPF_RB_FORCE_WAKEUP)
  })
  return flags.get()
}
