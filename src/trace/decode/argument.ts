// What an argument of a call is: how its bytes are fetched, and how it is written. The kinds stand in scalars.ts,
// memory.ts, network.ts …; the calls themselves, one entry each, in calls/.
import type { Capture } from '../record.ts'
import type { Sink } from '../write/sink.ts'
import type { Call } from './call.ts'
import type { Families } from './families.ts'

/** Writes one argument. */
export type ArgPrinter = (w: Sink, call: Call, arg: number) => void

/** What is known when a call's printers are chosen, once per call number. */
export interface Compile {
  readonly families: Families
  /** 32-bit program on a 64-bit kernel: words and pointers are 4 bytes */
  readonly compat: boolean
}

export interface Argument {
  readonly printer: (c: Compile) => ArgPrinter
  /** what to fetch for argument number `arg` */
  readonly captures?: (arg: number, c: Compile) => readonly Capture[]
  /** can only be shown once the call has returned */
  readonly late?: boolean
  /** its name in JSON, where the declared one does not say it */
  readonly name?: string
  /** shown as `label=value` */
  readonly label?: string
  /** left out of the line when false: open's mode without O_CREAT */
  readonly shown?: (call: Call) => boolean
}

export type ResultKind =
  | 'int'
  | 'uint'
  | 'hex'
  | 'octal'
  | 'fd'
  /** the call never comes back */
  | 'none'
  /** as `int`, with what it means behind: `0x1 (flags FD_CLOEXEC)` */
  | ((w: Sink, call: Call) => void)

/** One call's whole story. */
export interface CallSpec {
  /** words of `-e trace=%class`, without the percent sign, blank-separated */
  readonly classes: string
  readonly args: readonly Argument[]
  readonly result: ResultKind
  /** arguments in the order they are shown, where that is not their own */
  readonly order?: readonly number[]
}

export function call(
  classes: string,
  args: readonly Argument[] = [],
  result: ResultKind = 'int',
  order?: readonly number[],
): CallSpec {
  return order === undefined ? { classes, args, result } : { classes, args, result, order }
}

/** An argument that needs nothing but its number. */
export function scalar(printer: ArgPrinter): Argument {
  return { printer: () => printer }
}

/** The same argument, shown only when `shown` holds. */
export function when(shown: (call: Call) => boolean, argument: Argument): Argument {
  return { ...argument, shown }
}

export function labelled(label: string, argument: Argument): Argument {
  return { ...argument, label }
}
