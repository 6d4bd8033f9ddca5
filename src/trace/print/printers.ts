// The printers of each call number, chosen when a call is first seen.
import type { ArgPrinter } from '../decode/argument.ts'
import type { Call } from '../decode/call.ts'
import { specOf } from '../decode/calls/index.ts'
import type { Families } from '../decode/families.ts'
import { printNewFd } from '../decode/scalars.ts'
import { syscallArguments } from '../tables/index.ts'
import type { Sink } from '../write/sink.ts'

export interface ArgumentPrinter {
  /** which of the six */
  readonly arg: number
  readonly label: string | undefined
  /** its name in JSON */
  readonly name: string
  readonly late: boolean
  readonly print: ArgPrinter
  readonly shown: ((call: Call) => boolean) | undefined
}

export interface SyscallPrinter {
  readonly name: string
  /** in the order they are shown */
  readonly args: readonly ArgumentPrinter[]
  /** how many of `args` can be shown before the call returns */
  readonly early: number
  readonly never: boolean
  /** how many of the six arguments mean something */
  readonly argCount: number
  readonly printResult: (w: Sink, call: Call) => void
}

/** Highest number with a place in the table; any other is made anew each time. */
const TABLE_NUMBERS = 1024

/** One machine's calls, by ABI and number. */
export class Printers {
  private readonly families: Families
  private readonly tables: (SyscallPrinter | undefined)[][] = [[], []]

  constructor(families: Families) {
    this.families = families
  }

  get(abi: number, nr: number): SyscallPrinter {
    return this.tables[abi]![nr] ?? this.make(abi, nr)
  }

  private make(abi: number, nr: number): SyscallPrinter {
    const { machine } = this.families
    const { name, spec } = specOf(machine, abi, nr)
    const declared = name === undefined ? undefined : syscallArguments(machine, abi, name)
    const compile = { families: this.families, compat: abi === 1 }
    const order = spec.order ?? spec.args.map((_, arg) => arg)
    const args = order.map((arg): ArgumentPrinter => {
      const argument = spec.args[arg]!
      return {
        arg,
        label: argument.label,
        name: argument.name ?? declared?.[arg]?.name ?? `arg${arg}`,
        late: argument.late === true,
        print: argument.printer(compile),
        shown: argument.shown,
      }
    })
    const firstLate = args.findIndex(({ late }) => late)
    const printer: SyscallPrinter = {
      name: name ?? `syscall_0x${nr.toString(16)}`,
      args,
      early: firstLate === -1 ? args.length : firstLate,
      never: spec.result === 'none',
      argCount: spec.args.length,
      printResult: typeof spec.result === 'function' ? spec.result : RESULTS[spec.result],
    }
    if (nr < TABLE_NUMBERS) {
      const table = this.tables[abi]!
      while (table.length <= nr) table.push(undefined)
      table[nr] = printer
    }
    return printer
  }
}

const RESULTS = {
  int: (w: Sink, call: Call) => {
    if (call.compat || call.retHi === 0) w.i64(call.retLo, call.compat ? (call.retLo | 0) >> 31 : 0)
    else w.i64(call.retLo, call.retHi)
  },
  uint: (w: Sink, call: Call) => w.u64(call.retLo, call.compat ? 0 : call.retHi),
  hex: (w: Sink, call: Call) => w.resultAddress(call.retLo, call.compat ? 0 : call.retHi),
  octal: (w: Sink, call: Call) => w.octal(call.retLo),
  fd: printNewFd,
  /** JSON's null; the text has its own sign for it */
  none: (w: Sink) => w.pointer(0, 0),
} as const
