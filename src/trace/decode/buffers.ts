// Strings and buffers in the program's memory.
// Whatever could not be fetched, or would mean nothing because the call failed, is shown as its address.
import { CAPTURE_BYTES, CAPTURE_CSTR } from '../record.ts'
import type { Sink } from '../write/sink.ts'
import type { Argument } from './argument.ts'
import type { Call } from './call.ts'
import { printAddress, printBytes } from './fetched.ts'

/** PATH_MAX of the kernel */
const PATH_BYTES = 4096

function cstring(limit: number | 'string', whole: boolean): Argument {
  return {
    captures: arg => [{ op: CAPTURE_CSTR, arg, when: 'entry', limit }],
    printer: () => (w, call, arg) => {
      if (call.input(arg)) printBytes(w, call, call.length, whole)
      else printAddress(w, call, arg)
    },
  }
}

/** A file name: shown whole, whatever -s says. */
export const path = cstring(PATH_BYTES, true)
/** Any other string: cut at -s. */
export const string = cstring('string', false)

/** Bytes that the call reads; argument `lengthArg` says how many. */
export function bytesIn(lengthArg: number): Argument {
  return {
    captures: arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when: 'entry',
        length: { kind: 'argument', arg: lengthArg },
        limit: 'string',
      },
    ],
    printer: () => (w, call, arg) => {
      if (call.input(arg)) printBytes(w, call, call.length, false)
      else if (!call.isNull(arg) && call.lo[lengthArg] === 0 && call.hi[lengthArg] === 0)
        w.string(call.bytes, 0, 0, false)
      else printAddress(w, call, arg)
    },
  }
}

/** Bytes that the call fills; its result says how many. */
export const bytesOut = filledBuffer((w, call) => printBytes(w, call, call.length, false))

/** The same for bytes that are never text: `"\\x3f\\x05"`. */
export const bytesOutHex = filledBuffer((w, call) => {
  const shown = Math.min(call.length, call.stringLimit)
  w.hexString(call.bytes, call.at, shown, call.truncated || shown < call.length)
})

function filledBuffer(print: (w: Sink, call: Call) => void): Argument {
  return {
    late: true,
    captures: arg => [{ op: CAPTURE_BYTES, arg, when: 'exit', length: { kind: 'result' }, limit: 'string' }],
    printer: () => (w, call, arg) => {
      if (call.failed) printAddress(w, call, arg)
      else if (call.output(arg)) print(w, call)
      else if (call.retLo === 0) w.string(call.bytes, 0, 0, false)
      else printAddress(w, call, arg)
    },
  }
}

/** A name that the call fills, NUL-terminated: getcwd. */
export const stringOut: Argument = {
  late: true,
  captures: arg => [{ op: CAPTURE_CSTR, arg, when: 'exit', limit: PATH_BYTES }],
  printer: () => (w, call, arg) => {
    if (!call.failed && call.output(arg)) printBytes(w, call, call.length, true)
    else printAddress(w, call, arg)
  },
}
