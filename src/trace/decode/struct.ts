// Structs in the program's memory, alone and in arrays, that a call reads, fills or changes.
// Whatever could not be fetched, or would mean nothing because the call failed, is shown as its address.
import { CAPTURE_BYTES, type Capture, type CaptureLength } from '../record.ts'
import type { Sink } from '../write/sink.ts'
import type { ArgPrinter, Argument, Compile } from './argument.ts'
import type { Call } from './call.ts'
import { printAddress, printEmpty } from './fetched.ts'

/** most bytes of an array of structs that are fetched */
const ARRAY_BYTES = 4096

/** A struct that a call takes or fills. */
export interface Struct {
  readonly size: number
  /** its layout on arm64, where that is another than x86-64's */
  readonly arm64?: Struct
  /** its size for 32-bit programs; absent where its layout there is not known here: shown as an address */
  readonly compatSize?: number
  readonly print: (w: Sink, view: DataView, at: number, call: Call) => void
  readonly printCompat?: (w: Sink, view: DataView, at: number, call: Call) => void
}

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

/**
 * A struct that the call fills: when it succeeds, or by `filled` where that is not all there is to say.
 * `onError` when `filled` can hold for a call that failed.
 */
export function structOut(
  struct: Struct,
  filled: (call: Call) => boolean = succeeded,
  onError = false,
): Argument {
  return {
    late: true,
    captures: (arg, c) => {
      const captures = bytesOf(struct, arg, 'exit', c)
      return onError ? captures.map(evenOnError) : captures
    },
    printer: c => {
      const print = structPrinter(struct, c)
      return (w, call, arg) => {
        const known = print !== undefined && call.returned && filled(call)
        if (known && call.output(arg) && call.length >= sizeOf(struct, c)) print(w, call.view, call.at, call)
        else printAddress(w, call, arg)
      }
    },
  }
}

const succeeded = (call: Call) => !call.failed

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

function sizeOf(struct: Struct, c: Compile): number {
  const own = onMachine(struct, c)
  return c.compat ? (own.compatSize ?? own.size) : own.size
}

function structPrinter(struct: Struct, c: Compile): Struct['print'] | undefined {
  const own = onMachine(struct, c)
  if (!c.compat) return own.print
  return own.compatSize === undefined ? undefined : (own.printCompat ?? own.print)
}

function onMachine(struct: Struct, c: Compile): Struct {
  return c.families.machine === 'aarch64' ? (struct.arm64 ?? struct) : struct
}

function bytesOf(struct: Struct, arg: number, when: 'entry' | 'exit', c: Compile): Capture[] {
  if (structPrinter(struct, c) === undefined) return []
  const count = sizeOf(struct, c)
  return [{ op: CAPTURE_BYTES, arg, when, length: { kind: 'constant', count }, limit: count }]
}

export function evenOnError(capture: Capture): Capture {
  return { ...capture, evenOnError: true }
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

/** An argument printed by hand over `bytes` fetched after the call: for what a command decides (ioctl, fcntl, prctl). */
export function late(captures: NonNullable<Argument['captures']>, printer: ArgPrinter): Argument {
  return { late: true, captures: (arg, c) => captures(arg, c).map(evenOnError), printer: () => printer }
}
