// Lines that are no calls: signals, exits, execs, as strace words them.

import type { ByteWriter } from '../../text/byte-writer.ts'
import type { RecordReader } from '../decode/record-reader.ts'
import { signalName } from '../decode/scalars.ts'
import { printSiginfo, SIGINFO_BYTES } from '../decode/structs/signal.ts'
import { SEGMENT_HEAD_BYTES } from '../record.ts'
import { JsonSink } from '../write/json-sink.ts'
import { TextSink } from '../write/text-sink.ts'
import type { CallPrinter } from './call-printer.ts'

const CORE_DUMPED = 0x80
const TERM_SIGNAL = 0x7f

/** Writes to the same output as the CallPrinter whose prefix and limits it shares. */
export class EventPrinter {
  private readonly calls: CallPrinter
  private readonly text: TextSink
  private readonly jsonSink: JsonSink

  constructor(calls: CallPrinter, out: ByteWriter) {
    this.calls = calls
    this.text = new TextSink(out)
    this.jsonSink = new JsonSink(out)
  }

  /** RECORD_SIGNAL: `--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, …} ---` */
  signal(out: ByteWriter, record: RecordReader): void {
    this.calls.prefix.write(out, record.tid, record.timeNs)
    this.text.out = out
    out.ascii('--- ')
    out.ascii(this.nameOf(record.nr))
    const at = this.siginfo(record)
    if (at !== -1) {
      out.byte(0x20)
      printSiginfo(this.text, record.view, at, this.calls.call)
    }
    out.ascii(' ---\n')
  }

  /** `--- stopped by SIGSTOP ---`, behind the signal that did it */
  stopped(out: ByteWriter, record: RecordReader): void {
    this.calls.prefix.write(out, record.tid, record.timeNs)
    out.ascii('--- stopped by ')
    out.ascii(this.nameOf(record.nr))
    out.ascii(' ---\n')
  }

  /** RECORD_EXIT: `+++ exited with 3 +++`, `+++ killed by SIGSEGV (core dumped) +++` */
  exit(out: ByteWriter, record: RecordReader): void {
    this.calls.prefix.write(out, record.tid, record.timeNs)
    const status = record.retLo
    const signal = status & TERM_SIGNAL
    if (signal === 0) {
      out.ascii('+++ exited with ')
      out.decimal((status >>> 8) & 0xff)
    } else {
      out.ascii('+++ killed by ')
      out.ascii(this.nameOf(signal))
      if (status & CORE_DUMPED) out.ascii(' (core dumped)')
    }
    out.ascii(' +++\n')
  }

  /** `+++ superseded by execve in pid 12 +++`: what happens to the leader's line when another thread calls execve. */
  superseded(out: ByteWriter, record: RecordReader): void {
    this.calls.prefix.write(out, record.tgid, record.timeNs)
    out.ascii('+++ superseded by execve in pid ')
    out.decimal(record.nr)
    out.ascii(' +++\n')
  }

  /** `{"pid":…,"tid":…,"signal":"SIGCHLD","siginfo":{…}}` */
  signalJson(out: ByteWriter, record: RecordReader): void {
    const w = this.beginJson(out, record)
    w.field('signal')
    w.symbol(this.nameOf(record.nr))
    const at = this.siginfo(record)
    if (at !== -1) {
      w.field('siginfo')
      printSiginfo(w, record.view, at, this.calls.call)
    }
    this.endJson(out)
  }

  /** `{"pid":…,"tid":…,"stopped":"SIGSTOP"}` */
  stoppedJson(out: ByteWriter, record: RecordReader): void {
    const w = this.beginJson(out, record)
    w.field('stopped')
    w.symbol(this.nameOf(record.nr))
    this.endJson(out)
  }

  /** `{"pid":…,"tid":…,"exit":3}`, `{…,"killed":"SIGSEGV","core":true}` */
  exitJson(out: ByteWriter, record: RecordReader): void {
    const w = this.beginJson(out, record)
    const signal = record.retLo & TERM_SIGNAL
    if (signal === 0) {
      w.field('exit')
      w.u32((record.retLo >>> 8) & 0xff)
    } else {
      w.field('killed')
      w.symbol(this.nameOf(signal))
      w.field('core')
      out.ascii(record.retLo & CORE_DUMPED ? 'true' : 'false')
    }
    this.endJson(out)
  }

  private beginJson(out: ByteWriter, record: RecordReader): JsonSink {
    const w = this.jsonSink
    w.out = out
    w.struct()
    if (record.timeNs !== 0) {
      w.field('time')
      this.calls.writeTime(out, record.timeNs)
    }
    w.field('pid')
    w.u32(record.tgid)
    w.field('tid')
    w.u32(record.tid)
    return w
  }

  private endJson(out: ByteWriter): void {
    this.jsonSink.endStruct()
    out.byte(0x0a)
  }

  private nameOf(signal: number): string {
    return signalName(this.calls.call, signal) ?? `${signal}`
  }

  /** Where the siginfo stands in the record, or -1 when it was not fetched whole. */
  private siginfo(record: RecordReader): number {
    const at = record.first[0]!
    if (at === -1 || record.view.getUint32(at + 4, true) < SIGINFO_BYTES) return -1
    return at + SEGMENT_HEAD_BYTES
  }
}
