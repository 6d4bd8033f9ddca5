// Fetching program memory into a record, as a call's descriptor says: strings, bytes, argv, iovecs. The same code
// serves every call; which arguments, how long and when is data.
//
// For the verifier, whose time is the tracer's start: what is carried from one capture to the next lives in memory,
// where it knows nothing of it (in registers every value would be a state of its own to walk on from), and each kind
// of fetch is a global subprogram, which it walks once and not at every call. Linux before 5.12 takes them for static
// ones, for their pointers, and walks a few times as much.

import type { Builder, Operand, Program, Value } from '../../ir/index.ts'
import { memoryOf, type Type, u8, u16, u32, u64 } from '../../ir/index.ts'
import {
  ABI_NATIVE,
  CAPTURE_ARGV,
  CAPTURE_BYTES,
  CAPTURE_COUNT,
  CAPTURE_CSTR,
  CAPTURE_FD,
  CAPTURE_IOVEC,
  MAX_ARGS,
  OFFSET_ABI,
  OFFSET_ARGS,
  SEGMENT_FAULT,
  SEGMENT_HEAD_BYTES,
  SEGMENT_NO_ARG,
  SEGMENT_TRUNCATED,
} from '../record.ts'
import { writeDescriptor } from './capture-fd.ts'
import { isOn } from './config.ts'
import {
  CALL_DESCRIPTOR_CAPTURES,
  CAPTURE_SLOT_BYTES,
  CAPTURE_SLOTS,
  LENGTH_ARGUMENT,
  LENGTH_POINTEE,
  LENGTH_RESULT,
  SCRATCH_FAULTED,
  SCRATCH_POSITION,
  SCRATCH_RECORD,
  SCRATCH_WHEN,
  type ScratchSize,
  SLOT_ARG,
  SLOT_COUNT,
  SLOT_ELEMENT_BYTES,
  SLOT_LENGTH_ARG,
  SLOT_LENGTH_KIND,
  SLOT_LIMIT,
  SLOT_OP,
  SLOT_WHEN,
  THREAD_RECORD,
} from './layout.ts'
import { SCRATCH_USERS } from './maps.ts'

/** Pointers read at a time, and so many times, to count them; where that reads too far, one at a time. */
const COUNT_POINTERS = 16
const COUNT_READS = 10
const COUNT_SINGLE_READS = 16
/** Strings of an argv, and entries of an iovec, that are fetched. */
const ARGV_STRINGS = 32
const IOVEC_ENTRIES = 8
const IOVEC_BYTES = 16

/** Hands `use` this CPU's scratch entry, where its fixed part and SCRATCH_POSITION are to be set first. */
export function withScratch(
  b: Builder,
  user: keyof typeof SCRATCH_USERS,
  use: (scratch: Value) => void,
): void {
  const users = Object.keys(SCRATCH_USERS).length
  const cpu = b.convert(b.call('get_smp_processor_id', []), u32)
  const key = b.slot(4, 'scratch key', 4)
  b.store(key, 0, b.add(b.mul(cpu, users), SCRATCH_USERS[user]))
  b.ifNotNull(b.call('map_lookup_elem', [b.mapFd('scratch'), key]), use)
}

/** The subprograms that captures call. To be built once in each program that captures. */
export function captureSubprograms(p: Program, size: ScratchSize): void {
  stringSubprogram(p, 'fetch_user_string', 'probe_read_user_str', size)
  bytesSubprogram(p, size)
  argvSubprogram(p, size)
  iovecSubprogram(p, size)
  countSubprogram(p, size)
  descriptorSubprogram(p, size)
}

/** What a program needs that sends path and argv from where the kernel has put them. */
export function execSubprograms(p: Program, size: ScratchSize): void {
  stringSubprogram(p, 'fetch_user_string', 'probe_read_user_str', size)
  bytesSubprogram(p, size)
}

/** A global subprogram `name(scratch, …)` of numbers. */
function scratchSubprogram(
  p: Program,
  name: string,
  size: ScratchSize,
  params: readonly Type[],
  build: (b: Builder, scratch: Value, ...params: Value[]) => void,
): void {
  const scratchBytes = SCRATCH_RECORD + size.recordBytes
  p.globalSubprogram(name, [memoryOf(scratchBytes), ...params], (b, scratch, ...rest) => {
    b.ifNotNull(scratch, present => build(b, present, ...rest))
    b.return(0)
  })
}

/**
 * `name(scratch, op | arg << 8, address, limit)`: appends a string segment of at most `limit` bytes. Gives the
 * string's length with its NUL (as far as a fetch reaches), or a negative number when it could not be read.
 */
function stringSubprogram(p: Program, name: string, helper: string, size: ScratchSize): void {
  scratchSubprogram(p, name, size, [u64, u64, u64], (b, scratch, head, address, limit) => {
    const { at, position } = segmentAt(b, scratch, size)
    const result = b.call(helper, [b.offset(at, SEGMENT_HEAD_BYTES), size.fetchBytes, address])
    b.if(b.lt(result, 0), () => {
      closeSegment(b, scratch, position, at, head, b.const(u64, 0), SEGMENT_FAULT)
      b.return(b.convert(result, u64))
    })
    // kernels before 2024 give 0 for an empty string, and not 1 (strncpy_from_user_nofault)
    const got = b.select(b.eq(result, 0), b.const(u64, 1), b.convert(result, u64))
    const length = b.sub(got, 1)
    b.if(
      b.gt(length, limit),
      () => closeSegment(b, scratch, position, at, head, limit, SEGMENT_TRUNCATED),
      () => closeSegment(b, scratch, position, at, head, length, 0),
    )
    b.return(got)
  })
}

/** `fetch_bytes(scratch, op | arg << 8, address, byteLength, limit)`: gives 0, or a negative number on a fault. */
function bytesSubprogram(p: Program, size: ScratchSize): void {
  scratchSubprogram(
    p,
    'fetch_bytes',
    size,
    [u64, u64, u64, u64],
    (b, scratch, head, address, length, limit) => {
      const { at, position } = segmentAt(b, scratch, size)
      const wanted = b.select(b.gt(length, limit), limit, length)
      const flags = b.select(b.gt(length, limit), b.const(u64, SEGMENT_TRUNCATED), b.const(u64, 0))
      const bounded = b.clamp(wanted, size.fetchBytes)
      const result = b.call('probe_read_user', [b.offset(at, SEGMENT_HEAD_BYTES), bounded, address])
      b.if(b.ne(result, 0), () => {
        closeSegment(b, scratch, position, at, head, b.const(u64, 0), SEGMENT_FAULT)
        b.return(b.convert(result, u64))
      })
      closeSegment(b, scratch, position, at, head, bounded, flags)
    },
  )
}

/**
 * `fetch_argv(scratch, arg << 8, address, limit, pointerBytes)`: string segments of a NULL-terminated array of
 * pointers, closed by an empty one.
 */
function argvSubprogram(p: Program, size: ScratchSize): void {
  scratchSubprogram(
    p,
    'fetch_argv',
    size,
    [u64, u64, u64, u64],
    (b, scratch, head, address, limit, pointerBytes) => {
      const at = b.variable(u64, address)
      const pointee = b.slot(8, 'argv entry')
      b.forRange(0, ARGV_STRINGS, (_, loop) => {
        b.store(pointee, 0, 0, u64)
        const missing = b.call('probe_read_user', [pointee, b.clamp(pointerBytes, 8), at.get()])
        b.if(b.ne(missing, 0), () => {
          b.store(scratch, SCRATCH_FAULTED, 1, u64)
          loop.break()
        })
        const string = b.load(pointee, 0, u64)
        b.if(b.eq(string, 0), () => loop.break())
        const got = b.callSubprogram('fetch_user_string', [scratch, b.or(head, CAPTURE_CSTR), string, limit])
        noteFault(b, scratch, got)
        at.set(b.add(at.get(), pointerBytes))
      })
      b.callSubprogram('fetch_bytes', [scratch, b.or(head, CAPTURE_ARGV), 0, 0, 0])
    },
  )
}

/** `fetch_count(scratch, op | arg << 8, address, pointerBytes)`: counts the pointers of a NULL-terminated array. */
function countSubprogram(p: Program, size: ScratchSize): void {
  scratchSubprogram(p, 'fetch_count', size, [u64, u64, u64], (b, scratch, head, address, pointerBytes) => {
    const { at, position } = segmentAt(b, scratch, size)
    const count = b.offset(at, SEGMENT_HEAD_BYTES)
    const end = (flags: number) => {
      closeSegment(b, scratch, position, at, head, b.const(u64, 8), flags)
      b.return(0)
    }
    b.store(count, 0, 0, u64)
    const from = b.variable(u64, address)
    const pointers = b.slot(8 * COUNT_POINTERS, 'pointers')
    b.if(b.eq(pointerBytes, 8), () => {
      b.forRange(0, COUNT_READS, (_, loop) => {
        const missing = b.call('probe_read_user', [pointers, 8 * COUNT_POINTERS, from.get()])
        b.if(b.ne(missing, 0), () => loop.break())
        // without a branch a pointer, each of which would be two ways for the verifier to walk on
        let before: Value = b.const(u64, 1)
        let found: Value = b.const(u64, 0)
        for (let i = 0; i < COUNT_POINTERS; i++) {
          const pointer = b.load(pointers, 8 * i, u64)
          before = b.and(before, b.shr(b.or(pointer, b.sub(0, pointer)), 63))
          found = b.add(found, before)
        }
        b.store(count, 0, b.add(b.load(count, 0, u64), found))
        b.if(b.eq(before, 0), () => end(0))
        from.set(b.add(from.get(), 8 * COUNT_POINTERS))
      })
    })
    b.forRange(0, COUNT_SINGLE_READS, () => {
      b.store(pointers, 0, 0, u64)
      const missing = b.call('probe_read_user', [pointers, b.clamp(pointerBytes, 8), from.get()])
      b.if(b.ne(missing, 0), () => {
        closeSegment(b, scratch, position, at, head, b.const(u64, 0), SEGMENT_FAULT)
        b.return(b.const(u64, 1n << 63n))
      })
      b.if(b.eq(b.load(pointers, 0, u64), 0), () => end(0))
      b.store(count, 0, b.add(b.load(count, 0, u64), 1))
      from.set(b.add(from.get(), pointerBytes))
    })
    end(SEGMENT_TRUNCATED)
  })
}

/** `fetch_iovec(scratch, arg << 8, address, entries, limit)`: the iovec array itself, then what each entry points to. */
function iovecSubprogram(p: Program, size: ScratchSize): void {
  scratchSubprogram(
    p,
    'fetch_iovec',
    size,
    [u64, u64, u64, u64],
    (b, scratch, head, address, entries, limit) => {
      const arrayBytes = b.shl(entries, 4)
      const whole = IOVEC_ENTRIES * IOVEC_BYTES
      noteFault(
        b,
        scratch,
        b.callSubprogram('fetch_bytes', [scratch, b.or(head, CAPTURE_IOVEC), address, arrayBytes, whole]),
      )
      const entry = b.slot(IOVEC_BYTES, 'iovec entry')
      b.forRange(0, IOVEC_ENTRIES, (i, loop) => {
        b.if(b.ge(b.convert(i, u64), entries), () => loop.break())
        const from = b.add(address, b.shl(b.convert(i, u64), 4))
        b.if(b.ne(b.call('probe_read_user', [entry, IOVEC_BYTES, from]), 0), () => loop.break())
        const read = b.callSubprogram('fetch_bytes', [
          scratch,
          b.or(head, CAPTURE_BYTES),
          b.load(entry, 0, u64),
          b.load(entry, 8, u64),
          limit,
        ])
        noteFault(b, scratch, read)
      })
    },
  )
}

/** `fetch_fd(scratch, descriptor)`: what a descriptor refers to. Nothing without -y. */
function descriptorSubprogram(p: Program, size: ScratchSize): void {
  scratchSubprogram(p, 'fetch_fd', size, [u64], (b, scratch, descriptor) => {
    b.if(b.not(isOn(b, 'decodeFds')), () => b.return(0))
    const { at, position } = segmentAt(b, scratch, size)
    writeDescriptor(b, at, descriptor, length => {
      closeSegment(b, scratch, position, at, b.const(u64, CAPTURE_FD | (SEGMENT_NO_ARG << 8)), length, 0)
      b.return(0)
    })
  })
}

/** Where the next segment starts; a record that is full ends the subprogram with 0 and nothing appended. */
function segmentAt(b: Builder, scratch: Value, size: ScratchSize): { at: Value; position: Value } {
  const last = size.recordBytes - size.fetchBytes - SEGMENT_HEAD_BYTES
  const position = b.load(scratch, SCRATCH_POSITION, u64)
  b.if(b.gt(position, last), () => b.return(0))
  return { at: b.offset(scratch, b.add(b.clamp(position, last), SCRATCH_RECORD)), position }
}

function closeSegment(
  b: Builder,
  scratch: Value,
  position: Value,
  at: Value,
  head: Value,
  length: Value,
  flags: Value | number,
): void {
  b.store(at, 0, b.convert(head, u16))
  b.store(at, 2, typeof flags === 'number' ? flags : b.convert(flags, u16), u16)
  b.store(at, 4, b.convert(length, u32))
  const padded = b.and(b.add(length, 7), 0xfffffffffffffff8n)
  b.store(scratch, SCRATCH_POSITION, b.add(position, b.add(padded, SEGMENT_HEAD_BYTES)))
}

/**
 * Fetches what the call's descriptor lists for `when` (one of WHEN_*). Gives a bool: whether anything could not be
 * read. `result` is the call's, for lengths given by it; at the entry there is none.
 */
export function capture(
  b: Builder,
  scratch: Value,
  thread: Value,
  descriptor: Value,
  when: Operand,
  result?: Value,
): Value {
  const scalar = b.slot(8, 'pointee')
  b.store(scratch, SCRATCH_WHEN, when, u64)
  b.store(scratch, SCRATCH_FAULTED, 0, u64)
  b.forRange(0, CAPTURE_SLOTS, (i, loop) => {
    const slot = slotAt(b, descriptor, i)
    const op = b.load(slot, SLOT_OP, u8)
    b.if(b.eq(op, 0), () => loop.break())
    b.if(b.not(b.test(b.convert(b.load(slot, SLOT_WHEN, u8), u64), b.load(scratch, SCRATCH_WHEN, u64))), () =>
      loop.continue(),
    )
    const address = argument(b, thread, b.load(slot, SLOT_ARG, u8))
    b.if(b.eq(op, CAPTURE_FD), () => {
      const isResult = b.eq(b.load(slot, SLOT_LENGTH_KIND, u8), LENGTH_RESULT)
      const made = result === undefined ? b.const(u64, 0) : b.convert(result, u64)
      b.callSubprogram('fetch_fd', [scratch, b.select(isResult, made, address)])
      loop.continue()
    })
    b.if(b.eq(address, 0), () => loop.continue())
    const arg = b.shl(b.convert(b.load(slot, SLOT_ARG, u8), u64), 8)
    const limit = b.convert(b.load(slot, SLOT_LIMIT, u32), u64)
    b.switch(op, [
      {
        values: [CAPTURE_CSTR],
        body: () => {
          const head = b.or(arg, CAPTURE_CSTR)
          noteFault(b, scratch, b.callSubprogram('fetch_user_string', [scratch, head, address, limit]))
        },
      },
      {
        values: [CAPTURE_BYTES],
        body: () => {
          const head = b.or(arg, CAPTURE_BYTES)
          const elements = lengthOf(b, thread, slot, scalar, result)
          const byteLength = b.mul(elements, b.convert(b.load(slot, SLOT_ELEMENT_BYTES, u16), u64))
          noteFault(b, scratch, b.callSubprogram('fetch_bytes', [scratch, head, address, byteLength, limit]))
        },
      },
      {
        values: [CAPTURE_ARGV],
        body: () => b.callSubprogram('fetch_argv', [scratch, arg, address, limit, pointerSize(b, thread)]),
      },
      {
        values: [CAPTURE_COUNT],
        body: () => {
          const head = b.or(arg, CAPTURE_COUNT)
          const counted = b.callSubprogram('fetch_count', [scratch, head, address, pointerSize(b, thread)])
          noteFault(b, scratch, counted)
        },
      },
      {
        values: [CAPTURE_IOVEC],
        body: () => {
          const entries = lengthOf(b, thread, slot, scalar, result)
          b.callSubprogram('fetch_iovec', [scratch, arg, address, entries, limit])
        },
      },
    ])
  })
  return b.ne(b.load(scratch, SCRATCH_FAULTED, u64), 0)
}

/** The descriptor's slot `index` (bounded). */
function slotAt(b: Builder, descriptor: Value, index: Value): Value {
  const bounded = b.clamp(index, CAPTURE_SLOTS - 1)
  return b.offset(descriptor, b.add(b.mul(bounded, CAPTURE_SLOT_BYTES), CALL_DESCRIPTOR_CAPTURES))
}

/** Remembers that a fetch failed: its result is negative. */
function noteFault(b: Builder, scratch: Value, fetched: Value): void {
  const before = b.load(scratch, SCRATCH_FAULTED, u64)
  b.store(scratch, SCRATCH_FAULTED, b.or(before, b.shr(fetched, 63)))
}

/** The value of the call's argument `index` (bounded). */
function argument(b: Builder, thread: Value, index: Value): Value {
  return b.load(b.offset(thread, b.shl(b.clamp(index, MAX_ARGS - 1), 3)), THREAD_RECORD + OFFSET_ARGS, u64)
}

/** Bytes of a pointer in the program that makes the call. */
function pointerSize(b: Builder, thread: Value): Value {
  const isNative = b.eq(b.load(thread, THREAD_RECORD + OFFSET_ABI, u8), ABI_NATIVE)
  return b.select(isNative, b.const(u64, 8), b.const(u64, 4))
}

function lengthOf(b: Builder, thread: Value, slot: Value, scalar: Value, result: Value | undefined): Value {
  const length = b.variable(u64, b.convert(b.load(slot, SLOT_COUNT, u32), u64))
  const kind = b.load(slot, SLOT_LENGTH_KIND, u8)
  const other = () => argument(b, thread, b.convert(b.load(slot, SLOT_LENGTH_ARG, u16), u8))
  b.switch(kind, [
    { values: [LENGTH_ARGUMENT], body: () => length.set(other()) },
    { values: [LENGTH_RESULT], body: () => length.set(result ? b.convert(result, u64) : 0) },
    {
      values: [LENGTH_POINTEE],
      body: () => {
        b.store(scalar, 0, 0, u64)
        b.call('probe_read_user', [scalar, 4, other()])
        length.set(b.convert(b.load(scalar, 0, u32), u64))
      },
    },
  ])
  return length.get()
}
