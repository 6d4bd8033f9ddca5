// A call as a line of text or of JSON. The text is strace's: `name(args) = result`, the result at a column.

import type { ByteWriter } from '../../text/byte-writer.ts'
import { Call, type FdPath } from '../decode/call.ts'
import { Families } from '../decode/families.ts'
import type { RecordReader } from '../decode/record-reader.ts'
import { errnoOf, isRestart, type Machine } from '../tables/index.ts'
import { JsonSink } from '../write/json-sink.ts'
import { TextSink } from '../write/text-sink.ts'
import { LinePrefix, type PrefixOptions, writeDuration, writeSeconds } from './line-prefix.ts'
import { Printers, type SyscallPrinter } from './printers.ts'

export interface PrinterOptions extends PrefixOptions {
  readonly machine: Machine
  /** -s: most bytes of a string, and elements of an array, that are shown; 32 unless told */
  readonly stringLimit?: number
  /** -a: column of the result; 40 unless told */
  readonly column?: number
  /** -T: how long each call took, behind its result */
  readonly duration?: boolean
  /** JSON: the six words of each call as hexadecimal strings too, as `raw` */
  readonly raw?: boolean
  /** -y: what a descriptor refers to; asked once per descriptor shown */
  readonly fdPath?: FdPath
}

const DEFAULT_STRING_LIMIT = 32
const DEFAULT_COLUMN = 40
const NEWLINE = 0x0a
const BEGIN = 0x28
const END = 0x29

/**
 * Writes calls to a ByteWriter, one line each, newline included. `record` is a reader that has just read a record
 * well; `entry` is the RECORD_ENTER that Pending kept for it.
 */
export class CallPrinter {
  readonly prefix: LinePrefix
  readonly call: Call
  private readonly printers: Printers
  private readonly column: number
  private readonly duration: boolean
  private readonly raw: boolean
  private readonly text: TextSink
  private readonly jsonSink: JsonSink

  constructor(options: PrinterOptions, out: ByteWriter) {
    const families = new Families(options.machine)
    this.prefix = new LinePrefix(options)
    this.call = new Call(families, options.stringLimit ?? DEFAULT_STRING_LIMIT, options.fdPath)
    this.printers = new Printers(families)
    this.column = options.column ?? DEFAULT_COLUMN
    this.duration = options.duration === true
    this.raw = options.raw === true
    this.text = new TextSink(out)
    this.jsonSink = new JsonSink(out)
  }

  /** The name of a call: `openat`, `syscall_0x1f4`. */
  nameOf(abi: number, nr: number): string {
    return this.printers.get(abi, nr).name
  }

  /** A call that returned: `getppid() = 1`. */
  finished(out: ByteWriter, record: RecordReader, entry: RecordReader | undefined): void {
    const printer = this.begin(out, record, entry, true)
    const start = out.length
    this.prefix.write(out, record.tid, record.startNs)
    out.ascii(printer.name)
    out.byte(BEGIN)
    this.args(printer, 0, printer.args.length)
    this.end(out, printer, start, record)
  }

  /** What is known of a call while it runs, without the end of the line: `read(3, `. Gives the bytes it took. */
  begun(out: ByteWriter, record: RecordReader): number {
    const start = out.length
    this.open(out, record)
    return out.length - start
  }

  /** Ends the line of a call that has begun, because another line comes before its end. */
  unfinished(out: ByteWriter): void {
    out.ascii(' <unfinished ...>\n')
  }

  /** The rest of such a call: `<... read resumed>"abc", 3) = 3`. */
  resumed(out: ByteWriter, record: RecordReader, entry: RecordReader | undefined): void {
    const printer = this.begin(out, record, entry, true)
    const start = out.length
    this.resume(out, printer, record)
    this.args(printer, printer.early, printer.args.length)
    this.end(out, printer, start, record)
  }

  /** The rest of a call whose first `width` bytes are the end of the output. */
  continued(out: ByteWriter, record: RecordReader, entry: RecordReader | undefined, width: number): void {
    const printer = this.begin(out, record, entry, true)
    const start = out.length - width
    this.args(printer, printer.early, printer.args.length)
    this.end(out, printer, start, record)
  }

  /** The end of a call that will never return, behind the `width` bytes that are there, or on a line of its own. */
  cutShort(out: ByteWriter, record: RecordReader, width: number | undefined): void {
    const printer = this.begin(out, record, undefined, false)
    const start = width === undefined ? out.length : out.length - width
    if (width === undefined) this.resume(out, printer, record)
    this.endCut(out, printer, start)
  }

  /** A call that will never return: `exit_group(0) = ?`, `read(0,  <unfinished ...>) = ?`. */
  cut(out: ByteWriter, record: RecordReader): void {
    const start = out.length
    this.endCut(out, this.open(out, record), start)
  }

  /** A call that was still running when tracing stopped: `read(0,  <detached ...>`. */
  detached(out: ByteWriter, record: RecordReader): void {
    this.open(out, record)
    out.ascii(' <detached ...>\n')
  }

  /** A record that makes no sense: shown, not hidden. */
  malformed(out: ByteWriter, record: RecordReader): void {
    out.ascii('<malformed record of ')
    out.decimal(Math.max(record.end - record.offset, 0))
    out.ascii(' bytes>\n')
  }

  /** One JSON object: its fields are told in index.ts. */
  json(out: ByteWriter, record: RecordReader, entry: RecordReader | undefined, returned = true): void {
    const printer = this.begin(out, record, entry, returned)
    const { jsonSink: w, call } = this
    const times = record.startNs !== 0
    w.struct()
    if (times) {
      w.field('time')
      this.writeTime(out, record.startNs)
    }
    w.field('pid')
    w.u32(record.tgid)
    w.field('tid')
    w.u32(record.tid)
    w.field('syscall')
    w.symbol(printer.name)
    w.field('args')
    w.struct()
    w.cut = false
    const count = returned ? printer.args.length : printer.early
    for (let i = 0; i < count; i++) {
      const argument = printer.args[i]!
      if (argument.shown !== undefined && !argument.shown(call)) continue
      w.field(argument.name)
      argument.print(w, call, argument.arg)
    }
    w.endStruct()
    if (w.cut) {
      w.field('truncated')
      out.ascii('true')
    }
    if (call.compat) {
      w.field('abi')
      w.symbol('32-bit')
    }
    if (this.raw) this.jsonRaw(record)
    if (returned) this.jsonResult(out, printer)
    else {
      w.field('unfinished')
      out.ascii('true')
    }
    if (times && returned) {
      w.field('duration')
      writeMicroseconds(out, Math.floor(record.durationNs / 1000))
    }
    w.endStruct()
    out.byte(NEWLINE)
  }

  /** A CLOCK_MONOTONIC time as seconds since 1970, to the microsecond: what a number keeps of a time in our century. */
  writeTime(out: ByteWriter, ktimeNs: number): void {
    writeMicroseconds(out, this.prefix.realtimeUs(ktimeNs))
  }

  private jsonRaw(record: RecordReader): void {
    const { jsonSink: w } = this
    w.field('raw')
    w.array()
    for (let arg = 0; arg < 6; arg++) {
      w.item()
      w.hex(record.argLo(arg), record.argHi(arg))
    }
    w.endArray()
  }

  private jsonResult(out: ByteWriter, printer: SyscallPrinter): void {
    const { jsonSink: w, call } = this
    if (call.errno !== 0) {
      w.field('ret')
      if (isRestart(call.errno)) out.ascii('null')
      else w.i32(-1)
      w.field('error')
      w.symbol(errnoOf(call.errno)?.name ?? `ERRNO_${call.errno}`)
    } else {
      w.field('ret')
      printer.printResult(w, call)
    }
  }

  private begin(
    out: ByteWriter,
    record: RecordReader,
    entry: RecordReader | undefined,
    returned: boolean,
  ): SyscallPrinter {
    this.text.out = out
    this.jsonSink.out = out
    const printer = this.printers.get(record.abi, record.nr)
    this.call.load(record, entry, returned, printer.argCount)
    return printer
  }

  /** Name and what is known of the arguments at entry. */
  private open(out: ByteWriter, record: RecordReader): SyscallPrinter {
    const printer = this.begin(out, record, undefined, false)
    this.prefix.write(out, record.tid, record.startNs)
    out.ascii(printer.name)
    out.byte(BEGIN)
    this.args(printer, 0, printer.early)
    if (printer.early < printer.args.length && printer.early > 0) out.ascii(', ')
    return printer
  }

  private resume(out: ByteWriter, printer: SyscallPrinter, record: RecordReader): void {
    this.prefix.write(out, record.tid, record.timeNs)
    out.ascii('<... ')
    out.ascii(printer.name)
    out.ascii(' resumed>')
  }

  private endCut(out: ByteWriter, printer: SyscallPrinter, start: number): void {
    if (printer.early < printer.args.length || !printer.never) out.ascii(' <unfinished ...>')
    out.byte(END)
    this.pad(out, start)
    out.ascii('= ?\n')
  }

  private args(printer: SyscallPrinter, from: number, to: number): void {
    const { text, call } = this
    const { out } = text
    let first = true
    for (let i = from; i < to; i++) {
      const argument = printer.args[i]!
      if (argument.shown !== undefined && !argument.shown(call)) continue
      if (!first) {
        out.byte(0x2c)
        out.byte(0x20)
      }
      first = false
      if (argument.label !== undefined) {
        out.ascii(argument.label)
        out.byte(0x3d)
      }
      argument.print(text, call, argument.arg)
    }
  }

  private end(out: ByteWriter, printer: SyscallPrinter, start: number, record: RecordReader): void {
    const { call } = this
    out.byte(END)
    this.pad(out, start)
    out.byte(0x3d)
    out.byte(0x20)
    if (call.errno === 0) {
      if (printer.never) out.byte(0x3f)
      else printer.printResult(this.text, call)
    } else writeError(out, call.errno)
    if (this.duration) writeDuration(out, record.durationNs)
    out.byte(NEWLINE)
  }

  private pad(out: ByteWriter, start: number): void {
    out.byte(0x20)
    out.padTo(start, this.column)
  }
}

/** `-1 ENOENT (No such file or directory)`, `? ERESTARTSYS (To be restarted if SA_RESTART is set)` */
function writeError(out: ByteWriter, number: number): void {
  const errno = errnoOf(number)
  out.ascii(isRestart(number) ? '? ' : '-1 ')
  if (errno === undefined) {
    out.ascii('(errno ')
    out.decimal(number)
    out.byte(END)
    return
  }
  out.ascii(errno.name)
  out.ascii(' (')
  out.ascii(errno.message)
  out.byte(END)
}

/** As seconds with six digits behind the point. */
function writeMicroseconds(out: ByteWriter, us: number): void {
  const seconds = Math.floor(us / 1e6)
  writeSeconds(out, seconds, us - seconds * 1e6)
}
