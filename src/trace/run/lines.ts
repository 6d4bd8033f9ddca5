// Records to lines: pairs each call's entry with its exit and hands both to the printers.

import { isInOrphanedGroup } from '../../kernel/index.ts'
import { ByteWriter } from '../../text/index.ts'
import { Pending, RecordReader } from '../decode/index.ts'
import type { TraceOptions } from '../options.ts'
import { CallPrinter, EventPrinter } from '../print/index.ts'
import {
  CALL_HAS_ENTER,
  CALL_HAS_SEGMENTS,
  CALL_NO_RETURN,
  OFFSET_TID,
  RECORD_CALL,
  RECORD_ENTER,
  RECORD_EXEC,
  RECORD_EXIT,
  RECORD_FORK,
  RECORD_SIGNAL,
  SIGNAL_DURING_CALL,
  SIGNAL_STOPS,
} from '../record.ts'
import type { Machine } from '../tables/index.ts'
import { BegunCalls } from './begun-calls.ts'
import { HeldSignals } from './held-signals.ts'

export interface LineOptions {
  readonly machine: Machine
  /** what to add to a record's time to get the time of day, ns */
  readonly realtimeOffsetNs: number
  /** the trace goes to a file: with -f every line starts with the pid */
  readonly toFile: boolean
  readonly fdPath: ((tid: number, fd: number) => string | undefined) | undefined
  /** a traced thread or process was made */
  readonly onFork: (tid: number, tgid: number, parentTgid: number) => void
}

/** the one that stops a process whatever its group is */
const SIGSTOP = 19

const TIME_PREFIX = { none: 'none', time: 't', 'time-us': 'tt', 'epoch-us': 'ttt', relative: 'r' } as const

export class TraceLines {
  readonly out = new ByteWriter(1 << 17)
  readonly #options: TraceOptions
  readonly #lines: LineOptions
  readonly #reader = new RecordReader()
  readonly #pending = new Pending()
  readonly #calls: CallPrinter
  readonly #events: EventPrinter
  readonly #begun = new BegunCalls()
  readonly #held = new HeldSignals()
  /** records that made no sense */
  malformed = 0

  constructor(options: TraceOptions, lines: LineOptions) {
    this.#options = options
    this.#lines = lines
    this.#calls = new CallPrinter(
      {
        machine: lines.machine,
        stringLimit: options.stringLimit,
        column: options.column,
        duration: options.durations,
        pid: options.follow && lines.toFile ? 'column' : 'none',
        time: TIME_PREFIX[options.timestamps],
        realtimeOffsetNs: lines.realtimeOffsetNs,
        ...(lines.fdPath === undefined ? {} : { fdPath: lines.fdPath }),
      },
      this.out,
    )
    this.#events = new EventPrinter(this.#calls, this.out)
  }

  /** From here on lines say which thread they belong to. */
  showThreads(): void {
    if (this.#calls.prefix.pid === 'none') this.#calls.prefix.pid = 'bracket'
  }

  /** Takes one record of the ring. */
  record(bytes: Uint8Array, offset: number, byteLength: number): void {
    const reader = this.#reader
    reader.use(bytes)
    if (!reader.read(offset, byteLength)) {
      this.malformed++
      this.#ownLine()
      this.#calls.malformed(this.out, reader)
      return
    }
    switch (reader.kind) {
      case RECORD_CALL:
        this.#call(reader)
        if (!this.#held.empty) this.#showSignalsOf(reader.tid)
        break
      case RECORD_ENTER:
        this.#pending.keep(reader)
        break
      case RECORD_SIGNAL:
        if (
          (reader.flags & SIGNAL_DURING_CALL) === 0 ||
          !this.#held.keep(reader.tid, bytes.subarray(offset, offset + byteLength))
        )
          this.#signal(reader)
        break
      case RECORD_FORK:
        this.#lines.onFork(reader.nr, reader.retLo, reader.tgid)
        break
      case RECORD_EXEC:
        this.#exec(reader)
        break
      case RECORD_EXIT:
        this.#pending.take(reader.tid)
        this.#begun.forget(reader.tid)
        this.#showSignalsOf(reader.tid)
        this.#ownLine()
        if (this.#options.json) this.#events.exitJson(this.out, reader)
        else if (this.#options.quiet < 2) this.#events.exit(this.out, reader)
        break
    }
  }

  /**
   * A call that its thread is in now, for a person who watches: shown as far as it is known, once. `enter` is a
   * RECORD_ENTER of it, used if none came by the ring.
   */
  running(tid: number, enter: Uint8Array): void {
    const reader = this.#entry(tid, enter)
    if (this.#begun.has(tid, reader.nr)) return
    this.#ownLine()
    this.#begun.begin(tid, reader.nr, this.#calls.begun(this.out, reader))
  }

  /** A call that was still running when tracing ended. */
  stillRunning(tid: number, enter: Uint8Array): void {
    const reader = this.#entry(tid, enter)
    const begun = this.#begun.take(tid, reader.nr)
    if (this.#options.json) this.#calls.json(this.out, reader, undefined, false)
    else if (begun === undefined) {
      this.#ownLine()
      this.#calls.detached(this.out, reader)
    } else if (begun.place === 'here') this.out.ascii(' <detached ...>\n')
  }

  /** A line of our own between those of the trace. */
  notice(text: string): void {
    this.#ownLine()
    this.out.utf8(text)
  }

  /** Signals that have waited for the end of a call since this was asked before, shown before it: the call is on the screen. */
  showOverdueSignals(): void {
    for (const tid of this.#held.overdue()) this.#showSignalsOf(tid)
  }

  /** Nothing more will be written. */
  end(): void {
    for (const tid of this.#held.tids()) this.#showSignalsOf(tid)
    this.#ownLine()
  }

  /** What was written since the last time, in `memory` for so many bytes; empty when nothing was. */
  take(memory: (byteLength: number) => Uint8Array): Uint8Array {
    if (this.out.length === 0) return new Uint8Array(0)
    const bytes = memory(this.out.length)
    bytes.set(this.out.view())
    this.out.clear()
    return bytes
  }

  #call(reader: RecordReader): void {
    const entry = reader.flags & CALL_HAS_ENTER ? this.#pending.take(reader.tid) : undefined
    const returned = (reader.flags & CALL_NO_RETURN) === 0
    // -z and -Z: it has neither succeeded nor failed
    if (!returned && this.#options.status !== 'all') return
    if (this.#options.json) {
      this.#calls.json(this.out, returned ? reader : (entry ?? reader), entry, returned)
      return
    }
    const begun = this.#begun.take(reader.tid, reader.nr)
    if (begun?.place !== 'here') this.#ownLine()
    if (begun === undefined) {
      if (returned) this.#calls.finished(this.out, reader, entry)
      else this.#calls.cut(this.out, entry ?? reader)
    } else {
      const width = begun.place === 'here' ? begun.width : undefined
      if (!returned) this.#calls.cutShort(this.out, reader, width)
      else if (width !== undefined) this.#calls.continued(this.out, reader, entry, width)
      else this.#calls.resumed(this.out, reader, entry)
    }
  }

  #showSignalsOf(tid: number): void {
    for (const record of this.#held.take(tid)) {
      const reader = new RecordReader()
      reader.use(record)
      if (reader.read(0, record.length)) this.#signal(reader)
    }
  }

  #signal(reader: RecordReader): void {
    this.#ownLine()
    if (this.#options.json) this.#events.signalJson(this.out, reader)
    else this.#events.signal(this.out, reader)
    if ((reader.flags & SIGNAL_STOPS) === 0) return
    // who has ended meanwhile was in our own group, most likely
    const orphaned = () => isInOrphanedGroup(reader.tgid) ?? isInOrphanedGroup(process.pid)
    if (reader.nr !== SIGSTOP && orphaned()) return
    if (this.#options.json) this.#events.stoppedJson(this.out, reader)
    else this.#events.stopped(this.out, reader)
  }

  /** What came of a call's entry by the ring, else `enter`. */
  #entry(tid: number, enter: Uint8Array): RecordReader {
    const current = new RecordReader()
    current.use(enter)
    current.read(0, enter.length)
    const kept = this.#pending.peek(tid)
    return kept !== undefined && kept.nr === current.nr ? kept : current
  }

  /** Ends the line of a call that waits, if that is what the output ends with: another comes now. */
  #ownLine(): void {
    if (!this.#begun.lineIsOpen) return
    this.#begun.closeLine()
    this.#calls.unfinished(this.out)
  }

  /** The thread may have a new id, and its execve's input may only be known now. */
  #exec(reader: RecordReader): void {
    const renamed = reader.nr !== reader.tid
    const entry = this.#pending.take(reader.nr)
    if (entry !== undefined && (renamed || reader.flags & CALL_HAS_SEGMENTS)) {
      const source = reader.flags & CALL_HAS_SEGMENTS ? reader : entry
      const segments = source.bytes.subarray(source.offset + source.fixedBytes, source.end)
      const bytes = new Uint8Array(entry.fixedBytes + segments.length)
      bytes.set(entry.bytes.subarray(entry.offset, entry.offset + entry.fixedBytes))
      bytes.set(segments, entry.fixedBytes)
      new DataView(bytes.buffer).setUint32(OFFSET_TID, reader.tid, true)
      const merged = new RecordReader()
      merged.use(bytes)
      if (merged.read(0, bytes.length)) this.#pending.keep(merged)
    } else if (entry !== undefined) this.#pending.keep(entry)
    if (renamed) this.#begun.rename(reader.nr, reader.tid)
    if (renamed && !this.#options.json && this.#options.quiet < 2) {
      this.#ownLine()
      this.#events.superseded(this.out, reader)
    }
  }
}
