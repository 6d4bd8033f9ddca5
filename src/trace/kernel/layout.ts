// Layouts of the tracer's maps, shared by the programs that use them and the user half that fills them.

import { CAPTURE_FD, type Capture, type CaptureLength, MAX_ARGS, RECORD_FIXED_BYTES } from '../record.ts'

// --- threads: HASH, key u32 tid -------------------------------------------------------------------------
//
//     offset  size  field
//          0     4  flags    THREAD_*
//          4     4  –
//          8    88  record   as in record.ts, with room for six arguments
//
// The record has the thread's ids as they are shown (in our pid namespace; the key is the initial namespace's), and
// from a call's entry on what is known of the call: at the exit the rest is filled in, and it goes to the ring as it is.
export const THREAD_FLAGS = 0
export const THREAD_RECORD = 8
export const MAX_CALL_BYTES = RECORD_FIXED_BYTES + 8 * MAX_ARGS
export const THREAD_BYTES = THREAD_RECORD + MAX_CALL_BYTES

/** With -c, where no arguments are kept: the processor time of the thread, as cpu-time.ts counts it. u64 each. */
export const THREAD_CPU_NS = THREAD_RECORD + RECORD_FIXED_BYTES
export const THREAD_CPU_COUNTED_AT = THREAD_CPU_NS + 8
export const THREAD_CPU_SWITCHES = THREAD_CPU_NS + 16

/** between a call's entry and its exit */
export const THREAD_IN_CALL = 1
/** made by our own spawn and not yet at its execve: nothing it does is shown */
export const THREAD_AWAITS_EXEC = 2
/** a RECORD_ENTER of the current call is in the ring */
export const THREAD_ENTER_SENT = 4
/** some input of the current call could not be read at its entry */
export const THREAD_FAULTED = 8
/** the current call has something to fetch at its exit */
export const THREAD_EXIT_CAPTURES = 16

// --- calls: ARRAY, index nr, compat numbers behind the native ones ------------------------------------------
//
//     offset  size  field
//          0     4  flags    CALL_DESC_*
//          4     4  argCount
//          8  8×16  captures, each:
//                      0  1  op          CAPTURE_*; 0 ends the list
//                      1  1  arg
//                      2  1  when        WHEN_*
//                      3  1  lengthKind  LENGTH_*
//                      4  2  lengthArg
//                      6  2  elementBytes
//                      8  4  count       for LENGTH_CONSTANT
//                     12  4  limit       bytes at most
export const CALL_NUMBERS = 512
/** the descriptor of every number that no table has: the last one */
export const CALL_UNKNOWN = 2 * CALL_NUMBERS
export const CALL_DESCRIPTORS = CALL_UNKNOWN + 1
export const CALL_DESCRIPTOR_FLAGS = 0
export const CALL_DESCRIPTOR_ARG_COUNT = 4
export const CALL_DESCRIPTOR_CAPTURES = 8
export const CAPTURE_SLOTS = 8
export const CAPTURE_SLOT_BYTES = 16
export const CALL_DESCRIPTOR_BYTES = CALL_DESCRIPTOR_CAPTURES + CAPTURE_SLOTS * CAPTURE_SLOT_BYTES

export const SLOT_OP = 0
export const SLOT_ARG = 1
export const SLOT_WHEN = 2
export const SLOT_LENGTH_KIND = 3
export const SLOT_LENGTH_ARG = 4
export const SLOT_ELEMENT_BYTES = 6
export const SLOT_COUNT = 8
export const SLOT_LIMIT = 12

export const CALL_DESC_WANTED = 1
export const CALL_DESC_ENTRY = 2
export const CALL_DESC_EXIT = 4
/** execve and execveat: what a thread that awaits its exec is waiting for */
export const CALL_DESC_EXEC = 8

/** bits of SLOT_WHEN */
export const WHEN_ENTRY = 1
/** at the exit of a call that succeeded */
export const WHEN_EXIT = 2
/** at the exit of a call that failed */
export const WHEN_FAILED = 4

export const LENGTH_CONSTANT = 0
export const LENGTH_ARGUMENT = 1
export const LENGTH_RESULT = 2
export const LENGTH_POINTEE = 3

// --- control: ARRAY of one mmapped entry ----------------------------------------------------------------------
/** u32: the consumer is about to sleep; the kernel half clears it and wakes it */
export const CONTROL_WAITING = 0
/** u32: tid of our thread that is about to spawn the command; its next child is adopted, and this cleared */
export const CONTROL_SPAWNER = 4
/** u64: records that found the ring full */
export const CONTROL_LOST = 8
/** u64: new threads that found no room in `threads` */
export const CONTROL_UNFOLLOWED = 16
export const CONTROL_BYTES = 24

// --- counts: PERCPU_ARRAY, index as `calls` --------------------------------------------------------------------
export const COUNT_CALLS = 0
export const COUNT_ERRORS = 8
export const COUNT_NS = 16
export const COUNT_BYTES = 24

/** The bytes of one entry of `calls`. Throws RangeError when a call has more captures than slots. */
export function encodeCallDescriptor(
  flags: number,
  argCount: number,
  captures: readonly Capture[],
  stringLimit: number,
): Uint8Array {
  if (captures.length > CAPTURE_SLOTS)
    throw new RangeError(`a call has ${captures.length} captures, at most ${CAPTURE_SLOTS} fit`)
  const bytes = new Uint8Array(CALL_DESCRIPTOR_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(CALL_DESCRIPTOR_FLAGS, flags | whenFlags(captures), true)
  view.setUint32(CALL_DESCRIPTOR_ARG_COUNT, argCount, true)
  captures.forEach((capture, i) => {
    const at = CALL_DESCRIPTOR_CAPTURES + i * CAPTURE_SLOT_BYTES
    const length = encodeLength(capture.length)
    bytes[at + SLOT_OP] = capture.op
    bytes[at + SLOT_ARG] = capture.arg
    bytes[at + SLOT_WHEN] =
      capture.when === 'entry' ? WHEN_ENTRY : WHEN_EXIT | (capture.evenOnError ? WHEN_FAILED : 0)
    bytes[at + SLOT_LENGTH_KIND] = length.kind
    view.setUint16(at + SLOT_LENGTH_ARG, length.arg, true)
    view.setUint16(at + SLOT_ELEMENT_BYTES, capture.elementBytes ?? 1, true)
    view.setUint32(at + SLOT_COUNT, length.count, true)
    view.setUint32(at + SLOT_LIMIT, capture.limit === 'string' ? stringLimit : capture.limit, true)
  })
  return bytes
}

function whenFlags(captures: readonly Capture[]): number {
  let flags = 0
  for (const { op, when } of captures) {
    // these are wanted with -y only: chooseCalls decides
    if (op !== CAPTURE_FD) flags |= when === 'entry' ? CALL_DESC_ENTRY : CALL_DESC_EXIT
  }
  return flags
}

function encodeLength(length: CaptureLength | undefined): { kind: number; arg: number; count: number } {
  switch (length?.kind) {
    case undefined:
      return { kind: LENGTH_CONSTANT, arg: 0, count: 1 }
    case 'constant':
      return { kind: LENGTH_CONSTANT, arg: 0, count: length.count }
    case 'argument':
      return { kind: LENGTH_ARGUMENT, arg: length.arg, count: 0 }
    case 'result':
      return { kind: LENGTH_RESULT, arg: 0, count: 0 }
    case 'pointee':
      return { kind: LENGTH_POINTEE, arg: length.arg, count: 0 }
  }
}

// --- scratch: ARRAY, one entry per CPU and program that fetches memory ----------------------------------------------
//
//     offset  size  field
//          0     8  position   bytes of the record so far
//          8     8  faulted    not 0: something could not be read
//         16     8  when       WHEN_* of what to fetch now
//         24     …  record     as in record.ts
//
// A program is never entered twice on one CPU (the kernel counts a miss instead), so no two runs share an entry.
export const SCRATCH_POSITION = 0
export const SCRATCH_FAULTED = 8
export const SCRATCH_WHEN = 16
export const SCRATCH_RECORD = 24

/** How much one fetch, and one whole record, can take: powers of two. */
export interface ScratchSize {
  readonly fetchBytes: number
  readonly recordBytes: number
}

/** Room for paths (4096) and for strings as long as -s asks, a few of them a record. */
export function scratchSize(stringLimit: number): ScratchSize {
  const fetchBytes = Math.max(8192, 2 ** Math.ceil(Math.log2(stringLimit + 2)))
  return { fetchBytes, recordBytes: 4 * fetchBytes }
}
