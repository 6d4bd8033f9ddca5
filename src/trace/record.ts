// The one layout both halves of the tracer agree on: what the kernel half writes into the ring, and what the
// user half reads. All numbers are in the machine's byte order; every record is a multiple of 8 bytes.
//
//     offset  size  field
//          0     1  kind          RECORD_*
//          1     1  abi           ABI_*
//          2     1  flags         CALL_*, SIGNAL_*
//          3     1  argCount      RECORD_CALL and RECORD_ENTER: how many arguments follow, 0 to 6
//          4     4  tid           thread id (pid namespace of the tracer, as all ids)
//          8     4  tgid          process id
//         12     4  nr            system call number, signal number, or the new thread's id
//         16     8  timeNs        CLOCK_MONOTONIC ns: end of the call for RECORD_CALL, else of the event
//         24     8  ret           RECORD_CALL: result as the kernel returns it (-4095..-1 is an errno)
//         32     8  startNs       RECORD_CALL and RECORD_ENTER: start of the call
//         40     …  args          argCount arguments of 8 bytes
//          …     …  segments      bytes fetched from the program's memory, as below
//
// timeNs and startNs are 0 when no option asked for times: reading the clock twice a call is not free.
//
// A call with nothing to fetch at its entry makes one record, RECORD_CALL, when it returns. A call whose input
// must be read before it runs (a path, a written buffer, argv) makes RECORD_ENTER first; the RECORD_CALL of the
// same thread that follows has CALL_HAS_ENTER set and completes it. Both carry the arguments.
//
// A segment is 8 bytes of head and its bytes, padded to a multiple of 8:
//          0     1  op            CAPTURE_*: how the bytes were fetched
//          1     1  arg           index of the argument they belong to
//          2     2  flags         SEGMENT_*
//          4     4  byteLength    of what follows, without padding
// CAPTURE_ARGV gives one CAPTURE_CSTR segment per string, closed by an empty CAPTURE_ARGV segment.
// CAPTURE_COUNT gives a u64: how many pointers come before the NULL; with SEGMENT_TRUNCATED there are more.
// CAPTURE_IOVEC gives the iovec array itself as CAPTURE_IOVEC, then one CAPTURE_BYTES segment per entry.
// CAPTURE_FD says what a descriptor refers to; its arg is SEGMENT_NO_ARG, and it is found by the descriptor:
//          0     4  fd            as in the call: AT_FDCWD for the working directory
//          4     4  flags         FD_*
//          8     8  inode         its number
//         16     8  magic         of the file system (s_magic)
//         24     …  names         of the path's parts, the last one first, each with its NUL
// Of a descriptor that is not open there are the first 8 bytes only.

export const RECORD_CALL = 1
export const RECORD_ENTER = 2
/** a thread ended: `ret` is its wait status (task->exit_code), `nr` is 1 when it was the last of its process */
export const RECORD_EXIT = 3
/**
 * a signal was delivered, or ignored, or ended the process: `nr` is the signal, one CAPTURE_BYTES segment holds the
 * siginfo's first 48 bytes
 */
export const RECORD_SIGNAL = 4
/** a traced thread made a thread or process: `nr` is the new tid, `ret` the new tgid */
export const RECORD_FORK = 5
/**
 * a program was replaced: `nr` is the tid that called execve (its tid is the tgid from here on). With
 * CALL_HAS_SEGMENTS it carries the path and argv as the kernel took them, because they could not be read at the
 * entry; they then take the place of the captures of the pending RECORD_ENTER.
 */
export const RECORD_EXEC = 6

export const ABI_NATIVE = 0
/** 32-bit call on a 64-bit kernel: i386 numbers on x86-64, arm numbers on arm64 */
export const ABI_COMPAT = 1

/** RECORD_CALL: a RECORD_ENTER of this thread came before and holds the input */
export const CALL_HAS_ENTER = 1
/** segments follow the fixed part */
export const CALL_HAS_SEGMENTS = 2
/** RECORD_CALL made when the thread ended inside the call: `ret` means nothing, strace prints `= ?` */
export const CALL_NO_RETURN = 4
/**
 * RECORD_CALL: some input could not be read at the entry (a page not yet touched) and was fetched again at the
 * exit: entry captures found here take the place of the faulted ones of the RECORD_ENTER
 */
export const CALL_REFETCHED = 8
/** RECORD_SIGNAL: the thread is in a call that will make a record; the signal is shown behind it */
export const SIGNAL_DURING_CALL = 16
/** RECORD_SIGNAL: it stops the process by default, and nobody handles it */
export const SIGNAL_STOPS = 32

/** the memory could not be read (bad pointer, or a page not present) */
export const SEGMENT_FAULT = 1
/** there was more than the limit allowed */
export const SEGMENT_TRUNCATED = 2

export const OFFSET_KIND = 0
export const OFFSET_ABI = 1
export const OFFSET_FLAGS = 2
export const OFFSET_ARG_COUNT = 3
export const OFFSET_TID = 4
export const OFFSET_TGID = 8
export const OFFSET_NR = 12
export const OFFSET_TIME = 16
export const OFFSET_RET = 24
export const OFFSET_START = 32
export const OFFSET_ARGS = 40
/** of a record without arguments and segments */
export const RECORD_FIXED_BYTES = 40
export const MAX_ARGS = 6
export const SEGMENT_HEAD_BYTES = 8

/** NUL-terminated string; byteLength excludes the NUL */
export const CAPTURE_CSTR = 1
/** plain bytes of a length given by `length` */
export const CAPTURE_BYTES = 2
/** NULL-terminated array of string pointers */
export const CAPTURE_ARGV = 3
/** array of struct iovec with what the entries point to */
export const CAPTURE_IOVEC = 4
/** NULL-terminated array of pointers, only counted */
export const CAPTURE_COUNT = 5
/** the file behind a descriptor: the argument's value, or with the length `result` what the call gave back */
export const CAPTURE_FD = 6

/** the arg of a segment that belongs to none */
export const SEGMENT_NO_ARG = 255

export const FD_NUMBER = 0
export const FD_FLAGS = 4
export const FD_INODE = 8
export const FD_MAGIC = 16
export const FD_NAMES = 24
/** the file has been deleted: nothing is called so any more */
export const FD_DELETED = 1
/** the names do not lead to a root: a file without a place, such as a socket */
export const FD_PLACELESS = 2

/** How long a CAPTURE_BYTES (in elements of `elementBytes`) or CAPTURE_IOVEC (in entries) is. */
export type CaptureLength =
  | { readonly kind: 'constant'; readonly count: number }
  /** the value of another argument */
  | { readonly kind: 'argument'; readonly arg: number }
  /** the call's result, when it is not an error */
  | { readonly kind: 'result' }
  /** the u32 that another argument points to (value-result lengths of accept, getsockname …) */
  | { readonly kind: 'pointee'; readonly arg: number }

/**
 * One fetch of program memory for one call. `limit` caps the bytes: 'string' means the -s option (and the cut is
 * shown as `...`), a number is a fixed cap (paths: 4096; structs: their size).
 */
export interface Capture {
  readonly op:
    | typeof CAPTURE_CSTR
    | typeof CAPTURE_BYTES
    | typeof CAPTURE_ARGV
    | typeof CAPTURE_IOVEC
    | typeof CAPTURE_COUNT
    | typeof CAPTURE_FD
  readonly arg: number
  readonly when: 'entry' | 'exit'
  readonly length?: CaptureLength
  /** bytes an element of CAPTURE_BYTES takes; 1 unless told */
  readonly elementBytes?: number
  readonly limit: 'string' | number
  /** an exit fetch that is wanted although the call failed; any other would only be thrown away then */
  readonly evenOnError?: true
}
