// How the programs hand records to the ring: reserved and written in place when the size is known, else sent from
// scratch. A full ring is counted, never waited for; the reader is woken only when it said that it sleeps.

import type { Builder, Operand, Value } from '../../ir/index.ts'
import { u8, u16, u32, u64 } from '../../ir/index.ts'
import { BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP } from '../../sys/index.ts'
import {
  OFFSET_ABI,
  OFFSET_ARGS,
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
import { CONTROL_LOST, CONTROL_WAITING, THREAD_ABI, THREAD_ARGS, THREAD_START } from './layout.ts'

/** What goes into the fixed part of a record; what is left out is 0. */
export interface RecordFields {
  readonly kind: number
  readonly flags?: Operand
  readonly tid: Value
  readonly tgid: Value
  readonly nr: Operand
  readonly time: Operand
  readonly ret?: Operand
  /** the thread's entry, for abi, start time and arguments */
  readonly thread?: Value
}

/** Writes the fixed part of a record at `at + offset`. Every byte of it: what is reserved is not zeroed. */
export function writeFixed(b: Builder, at: Value, offset: number, fields: RecordFields): void {
  const { thread } = fields
  b.store(at, offset + OFFSET_KIND, fields.kind, u8)
  b.store(at, offset + OFFSET_ABI, thread ? b.load(thread, THREAD_ABI, u8) : 0, u8)
  b.store(at, offset + OFFSET_FLAGS, fields.flags ?? 0, u16)
  b.store(at, offset + OFFSET_TID, fields.tid, u32)
  b.store(at, offset + OFFSET_TGID, fields.tgid, u32)
  b.store(at, offset + OFFSET_NR, fields.nr, u32)
  b.store(at, offset + OFFSET_TIME, fields.time, u64)
  b.store(at, offset + OFFSET_RET, fields.ret ?? 0, u64)
  if (thread) {
    b.store(at, offset + OFFSET_START, b.load(thread, THREAD_START, u64))
    b.copy(at, offset + OFFSET_ARGS, thread, THREAD_ARGS, 48)
  } else {
    b.zero(at, offset + OFFSET_START, 56)
  }
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
