// Arguments that point into the program's memory: strings, buffers, structs, arrays, argv, iovec.
// Whatever could not be fetched, or would mean nothing because the call failed, is shown as its address.
import {
  CAPTURE_ARGV,
  CAPTURE_BYTES,
  CAPTURE_CSTR,
  CAPTURE_IOVEC,
  type Capture,
  type CaptureLength,
} from '../record.ts'
import type { Sink } from '../write/sink.ts'
import type { ArgPrinter, Argument, Compile } from './argument.ts'
import type { Call } from './call.ts'

/** PATH_MAX of the kernel */
const PATH_BYTES = 4096
/** most bytes of an array of structs that are fetched */
const ARRAY_BYTES = 4096

/** A struct that a call takes or fills. */
export interface Struct {
  readonly size: number
  /** its size for 32-bit programs; absent where its layout there is not known here: shown as an address */
  readonly compatSize?: number
  readonly print: (w: Sink, view: DataView, at: number, call: Call) => void
  readonly printCompat?: (w: Sink, view: DataView, at: number, call: Call) => void
}

export function printAddress(w: Sink, call: Call, arg: number): void {
  w.pointer(call.lo[arg]!, call.hi[arg]!)
}

// strings

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

/** The current segment's bytes as a string; cut where the capture or -s cuts. */
function printBytes(w: Sink, call: Call, length: number, whole: boolean): void {
  const limit = whole ? length : Math.min(length, call.stringLimit)
  w.string(call.bytes, call.at, limit, call.truncated || limit < length)
}

// buffers

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

// structs

/** A struct that the call reads. */
export function structIn(struct: Struct): Argument {
  return {
    captures: (arg, c) => bytesOf(struct, arg, 'entry', c),
    printer: c => {
      const print = structPrinter(struct, c)
      return (w, call, arg) => {
        if (print === undefined || !call.input(arg) || call.length < sizeOf(struct, c))
          printAddress(w, call, arg)
        else print(w, call.view, call.at, call)
      }
    },
  }
}

/** A struct that the call fills. `also` says when it does so although it fails. */
export function structOut(struct: Struct, also?: (call: Call) => boolean): Argument {
  return {
    late: true,
    captures: (arg, c) => bytesOf(struct, arg, 'exit', c),
    printer: c => {
      const print = structPrinter(struct, c)
      return (w, call, arg) => {
        const filled = call.returned && (!call.failed || also?.(call) === true)
        if (print === undefined || !filled || !call.output(arg) || call.length < sizeOf(struct, c)) {
          printAddress(w, call, arg)
        } else print(w, call.view, call.at, call)
      }
    },
  }
}

/** A struct that the call reads and changes: `[0] => [10]` when it did, shown once. */
export function structChanged(struct: Struct): Argument {
  const [before, after] = [structIn(struct), structOut(struct)]
  return {
    late: true,
    captures: (arg, c) => [...bytesOf(struct, arg, 'entry', c), ...bytesOf(struct, arg, 'exit', c)],
    printer: c => {
      const printBefore = before.printer(c)
      const printAfter = after.printer(c)
      const size = sizeOf(struct, c)
      return (w, call, arg) => {
        if (call.failed || !differ(call, arg, size)) {
          printBefore(w, call, arg)
          return
        }
        w.change()
        printBefore(w, call, arg)
        w.to()
        printAfter(w, call, arg)
        w.endChange()
      }
    },
  }
}

/** What was fetched before and after the call are not the same `size` bytes. */
function differ(call: Call, arg: number, size: number): boolean {
  if (!call.input(arg) || call.length < size) return false
  const { bytes, at } = call
  if (!call.output(arg) || call.length < size) return false
  for (let i = 0; i < size; i++) if (bytes[at + i] !== call.bytes[call.at + i]) return true
  return false
}

/** A struct that the call reads; what it leaves there is shown with the result. */
export function structAndRest(struct: Struct): Argument {
  return {
    ...structIn(struct),
    captures: (arg, c) => [...bytesOf(struct, arg, 'entry', c), ...bytesOf(struct, arg, 'exit', c)],
  }
}

/** `count` structs that the call reads, in brackets. */
export function structsIn(struct: Struct, count: CaptureLength): Argument {
  return arrayOf(struct, count, 'entry')
}

/** Structs that the call fills, in brackets: pipe's two, epoll_wait's result. */
export function structsOut(struct: Struct, count: CaptureLength): Argument {
  return arrayOf(struct, count, 'exit')
}

function arrayOf(struct: Struct, count: CaptureLength, when: 'entry' | 'exit'): Argument {
  return {
    late: when === 'exit',
    captures: (arg, c) =>
      structPrinter(struct, c) === undefined
        ? []
        : [
            {
              op: CAPTURE_BYTES,
              arg,
              when,
              length: count,
              elementBytes: sizeOf(struct, c),
              limit: ARRAY_BYTES,
            },
          ],
    printer: c => {
      const print = structPrinter(struct, c)
      const size = sizeOf(struct, c)
      return (w, call, arg) => {
        const wanted = countOf(call, count)
        if (call.isNull(arg) || print === undefined || (when === 'exit' && call.failed))
          printAddress(w, call, arg)
        else if (wanted === 0) printEmpty(w)
        else if (when === 'entry' ? call.input(arg) : call.output(arg)) printArray(w, call, print, size)
        else printAddress(w, call, arg)
      }
    },
  }
}

function printEmpty(w: Sink): void {
  w.array()
  w.endArray()
}

/** The elements of the current segment, at most as many as -s says. */
function printArray(w: Sink, call: Call, print: Struct['print'], size: number): void {
  const { view, at, truncated } = call
  const total = Math.floor(call.length / size)
  const shown = Math.min(total, call.stringLimit)
  w.array()
  for (let i = 0; i < shown; i++) {
    w.item()
    print(w, view, at + i * size, call)
  }
  if (shown < total || truncated) w.more()
  w.endArray()
}

/** -1 when only the call's memory says it */
function countOf(call: Call, count: CaptureLength): number {
  if (count.kind === 'constant') return count.count
  if (count.kind === 'argument') return call.lo[count.arg]!
  return count.kind === 'result' ? call.retLo | 0 : -1
}

export function sizeOf(struct: Struct, c: Compile): number {
  return c.compat ? (struct.compatSize ?? struct.size) : struct.size
}

export function structPrinter(struct: Struct, c: Compile): Struct['print'] | undefined {
  if (!c.compat) return struct.print
  return struct.compatSize === undefined ? undefined : (struct.printCompat ?? struct.print)
}

function bytesOf(struct: Struct, arg: number, when: 'entry' | 'exit', c: Compile): Capture[] {
  if (structPrinter(struct, c) === undefined) return []
  const count = sizeOf(struct, c)
  return [{ op: CAPTURE_BYTES, arg, when, length: { kind: 'constant', count }, limit: count }]
}

/** A number that the call reads before and leaves after: `[128 => 16]`, `[16]`. */
export const lengthInOut: Argument = {
  late: true,
  captures: arg =>
    (['entry', 'exit'] as const).map(when => ({
      op: CAPTURE_BYTES,
      arg,
      when,
      length: { kind: 'constant', count: 4 } as const,
      limit: 4,
    })),
  printer: () => (w, call, arg) => {
    const before = call.input(arg) && call.length >= 4 ? call.view.getInt32(call.at, true) : undefined
    const after =
      !call.failed && call.output(arg) && call.length >= 4 ? call.view.getInt32(call.at, true) : undefined
    if (before === undefined && after === undefined) {
      printAddress(w, call, arg)
      return
    }
    w.array()
    w.item()
    if (before !== undefined && after !== undefined && before !== after) {
      w.change()
      w.i32(before)
      w.to()
      w.i32(after)
      w.endChange()
    } else w.i32((after ?? before)!)
    w.endArray()
  },
}

// argv and environment

/** `["ls", "-l"]`. 32-bit programs' arrays have 4-byte pointers: the kernel half knows from the ABI. */
export const argv: Argument = {
  captures: arg => [{ op: CAPTURE_ARGV, arg, when: 'entry', limit: 'string' }],
  printer: () => (w, call, arg) => {
    if (!call.input(arg)) {
      printAddress(w, call, arg)
      return
    }
    w.array()
    let shown = 0
    do {
      if (call.op !== CAPTURE_CSTR) {
        if (call.truncated) w.more()
        break
      }
      if (shown === call.stringLimit) {
        w.more()
        break
      }
      w.item()
      if (call.fault) w.symbol('???')
      else printBytes(w, call, call.length, false)
      shown++
    } while (call.next())
    w.endArray()
  },
}

/** `0x7ffe… /* 23 vars *\/`: the strings are fetched one byte each, only to be counted. */
export const envp: Argument = {
  captures: arg => [{ op: CAPTURE_ARGV, arg, when: 'entry', limit: 1 }],
  printer: () => (w, call, arg) => {
    printAddress(w, call, arg)
    if (!call.input(arg)) return
    let count = 0
    do {
      if (call.op !== CAPTURE_CSTR) break
      count++
    } while (call.next())
    w.commentCount(count, count === 1 ? 'var' : 'vars')
  },
}

// iovec

/** `[{iov_base="ab", iov_len=2}, …]`, argument `countArg` long; filled by the call when `when` is 'exit'. */
export function iovec(countArg: number, direction: 'entry' | 'exit'): Argument {
  return {
    late: direction === 'exit',
    captures: (arg, c) =>
      c.compat
        ? []
        : [
            {
              op: CAPTURE_IOVEC,
              arg,
              when: direction,
              length: { kind: 'argument', arg: countArg },
              limit: 'string',
            },
          ],
    printer: () => (w, call, arg) => {
      const found = direction === 'entry' ? call.input(arg) : call.output(arg)
      if (!found || call.op !== CAPTURE_IOVEC) {
        if (!call.isNull(arg) && call.lo[countArg] === 0) printEmpty(w)
        else printAddress(w, call, arg)
        return
      }
      const { view, at, truncated } = call
      const total = Math.floor(call.length / 16)
      let left = direction === 'entry' || call.failed ? 0 : call.retHi * 0x100000000 + call.retLo
      let data = call.next()
      w.array()
      const shown = Math.min(total, call.stringLimit)
      for (let i = 0; i < shown; i++) {
        const entry = at + i * 16
        const lenLo = view.getUint32(entry + 8, true)
        const lenHi = view.getUint32(entry + 12, true)
        w.item()
        w.struct()
        w.field('iov_base')
        if (!data || call.fault || (direction === 'exit' && call.failed)) {
          w.pointer(view.getUint32(entry, true), view.getUint32(entry + 4, true))
        } else if (direction === 'entry') printBytes(w, call, call.length, false)
        else {
          const filled = Math.min(left, lenHi * 0x100000000 + lenLo)
          left -= filled
          const length = Math.min(call.length, filled, call.stringLimit)
          w.string(call.bytes, call.at, length, length < filled)
        }
        w.field('iov_len')
        w.u64(lenLo, lenHi)
        w.endStruct()
        if (data) data = call.next()
      }
      if (shown < total || truncated) w.more()
      w.endArray()
    },
  }
}

/** An argument printed by hand over `bytes` fetched after the call: for what a command decides (ioctl, fcntl, prctl). */
export function late(captures: NonNullable<Argument['captures']>, printer: ArgPrinter): Argument {
  return { late: true, captures, printer: () => printer }
}
