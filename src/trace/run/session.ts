// One trace from loading to the last line: the kernel half loaded and attached, records drained into lines, and an
// end at which nothing stays attached and nothing that was recorded is missing from the output.

import { EventReader, mappedLossCounter, type Patience, RingBuffer, waitingFlag } from '../../events/index.ts'
import { hasEnded, possibleCpus } from '../../kernel/index.ts'
import { machineOf } from '../../kernel/uapi/index.ts'
import { closeLinks } from '../../link/index.ts'
import type { BpfMap } from '../../map/index.ts'
import { nowMs, realtimeOffsetNs } from '../../sys/index.ts'
import {
  CONTROL_LOST,
  CONTROL_SPAWNER,
  CONTROL_UNFOLLOWED,
  CONTROL_WAITING,
  THREAD_BYTES,
  THREAD_FAULTED,
  THREAD_FLAGS,
  THREAD_IN_CALL,
  THREAD_RECORD,
} from '../kernel/layout.ts'
import type { TraceOptions } from '../options.ts'
import {
  MAX_ARGS,
  OFFSET_ARG_COUNT,
  OFFSET_ARGS,
  OFFSET_FLAGS,
  OFFSET_KIND,
  OFFSET_NR,
  OFFSET_START,
  OFFSET_TGID,
  OFFSET_TID,
  RECORD_CALL,
  RECORD_ENTER,
  RECORD_FIXED_BYTES,
} from '../record.ts'
import type { Machine } from '../tables/index.ts'
import type { TraceLines } from './lines.ts'
import { type LoadedHalf, loadKernelHalf } from './load.ts'
import { Priority } from './priority.ts'

/** Where lines go. */
export interface TraceSink {
  /** memory for so many bytes that will be pushed */
  memory(byteLength: number): Uint8Array
  /** takes over the bytes and their buffer */
  push(bytes: Uint8Array): void
  /** so much waits to be written that the ring had better fill, and lose */
  readonly congested: boolean
  /** resolves when all that was pushed has been written, or can no longer be */
  flushed(): Promise<void>
}

export interface SessionOptions {
  readonly trace: TraceOptions
  readonly output: TraceSink
  readonly toFile: boolean
  /** the compiled kernel half (a file of dist/kernel-half); without it, it is compiled now */
  readonly kernelHalf?: string | undefined
  /** a person watches the lines come: calls that wait are shown before they return */
  readonly live: boolean
  /** somebody may be waiting for each line; else lines come in larger parts, which costs the traced program less */
  readonly watched: boolean
  readonly fdPath?: (tid: number, fd: number) => string | undefined
  /** a traced thread or process was made */
  readonly onFork: (tid: number, tgid: number, parentTgid: number) => void
}

/** What was lost, for the last word to the user. */
export interface TraceLosses {
  /** records that found the ring full */
  readonly records: number
  /**
   * runs of a program that the kernel skipped, because it had interrupted another run of it on the same CPU; those for
   * processes that are not traced count as well. Seen on 7.x without tracefs, where they run preemptibly.
   */
  readonly skipped: number
  /** threads that found no room in the table */
  readonly threads: number
  readonly malformed: number
}

export class TraceSession implements Disposable {
  readonly #asked: SessionOptions
  readonly #options: TraceOptions
  readonly #output: TraceSink
  readonly #machine: Machine
  readonly #half: LoadedHalf
  readonly #maps: Readonly<Record<string, BpfMap>>
  readonly #reader: EventReader
  readonly #realtimeOffsetNs: number
  #reading: Promise<TraceLines> | undefined
  #ring: RingBuffer | undefined
  #lines: TraceLines | undefined
  #showsThreads = false
  readonly #control: DataView
  #look: NodeJS.Timeout | undefined
  #untilDue: NodeJS.Timeout | undefined
  readonly #priority = new Priority()

  /** Loads and attaches the kernel half. Throws the errors of its parts, with nothing left attached. */
  static async open(options: SessionOptions): Promise<TraceSession> {
    return new TraceSession(options, await loadKernelHalf(options.trace, options.kernelHalf))
  }

  private constructor(options: SessionOptions, half: LoadedHalf) {
    this.#asked = options
    this.#options = options.trace
    this.#output = options.output
    this.#machine = machineOf(process.arch)
    this.#half = half
    this.#maps = half.maps
    this.#control = half.maps.control!.memory()
    this.#realtimeOffsetNs = Number(realtimeOffsetNs())
    this.#reader = new EventReader({
      ...(options.watched ? { intervalMs: WATCHED_MS } : { intervalMs: LEFT_ALONE_MS, patience: PATIENCE }),
      onDrained: () => {
        this.#flush()
        this.#look?.refresh()
      },
      onLevel: level => this.#priority.level(level),
      mayRead: () => !options.output.congested,
    })
  }

  /**
   * Starts to turn records into lines. Apart from `open`, and with code that is loaded only now, because a command
   * need not wait for it: until then its records wait in the ring. What nobody watches waits for its first lines to be
   * due, and the processors are the command's until then: our code has to be loaded and compiled to be of use.
   */
  async start(): Promise<void> {
    this.#ring = RingBuffer.open(this.#maps.ring!, (view, offset, length) =>
      this.#take(view.u8, offset, length),
    )
    if (this.#asked.watched) await this.#read()
    else this.#firstDue(this.#ring)
  }

  /** Reads when the first lines are due. */
  #firstDue(ring: RingBuffer): void {
    const startMs = nowMs()
    this.#untilDue = setInterval(() => {
      const level = ring.level()
      this.#priority.level(level)
      if (level >= PATIENCE.level || nowMs() - startMs > PATIENCE.ms) void this.#read()
    }, LEFT_ALONE_MS)
  }

  #read(): Promise<TraceLines> {
    clearInterval(this.#untilDue)
    this.#reading ??= this.#startReading()
    return this.#reading
  }

  async #startReading(): Promise<TraceLines> {
    const { TraceLines } = await import('./lines.ts')
    const { toFile, fdPath, onFork, live } = this.#asked
    const lines = new TraceLines(this.#options, {
      machine: this.#machine,
      realtimeOffsetNs: this.#realtimeOffsetNs,
      toFile,
      fdPath,
      onFork,
    })
    if (this.#showsThreads) lines.showThreads()
    this.#lines = lines
    this.#reader.addRing(this.#ring!, waitingFlag(this.#maps.control!, CONTROL_WAITING))
    this.#reader.start()
    if (live) this.#look = setInterval(() => this.#showWaiting(lines), LOOK_MS).unref()
    return lines
  }

  #take(bytes: Uint8Array, offset: number, length: number): void {
    const lines = this.#lines!
    lines.record(bytes, offset, length)
    if (lines.out.length > FLUSH_BYTES) this.#flush()
  }

  /** The next child that this thread makes is the command: traced from its execve on. */
  adoptNextChild(): void {
    // our main thread is the one that spawns
    this.#control.setUint32(CONTROL_SPAWNER, this.#initialTid(process.pid, process.pid) ?? 0, true)
  }

  /** No child came of it. */
  adoptNoChild(): void {
    this.#control.setUint32(CONTROL_SPAWNER, 0, true)
  }

  /**
   * Traces a thread that runs already. `inCall` is the call it is in, if it is: shown when it returns.
   */
  follow(
    tid: number,
    tgid: number,
    inCall?: { readonly nr: number; readonly args: readonly bigint[] },
  ): void {
    const value = new Uint8Array(THREAD_BYTES)
    const view = new DataView(value.buffer)
    view.setUint32(THREAD_RECORD + OFFSET_TGID, tgid, true)
    view.setUint32(THREAD_RECORD + OFFSET_TID, tid, true)
    if (inCall !== undefined && (this.#options.wanted?.native.has(inCall.nr) ?? true)) {
      view.setUint32(THREAD_FLAGS, THREAD_IN_CALL | THREAD_FAULTED, true)
      value[THREAD_RECORD + OFFSET_KIND] = RECORD_CALL
      value[THREAD_RECORD + OFFSET_ARG_COUNT] = MAX_ARGS
      view.setUint32(THREAD_RECORD + OFFSET_NR, inCall.nr, true)
      // it began earlier, nobody knows when
      view.setBigUint64(THREAD_RECORD + OFFSET_START, process.hrtime.bigint(), true)
      for (const [i, arg] of inCall.args.slice(0, MAX_ARGS).entries())
        view.setBigUint64(THREAD_RECORD + OFFSET_ARGS + 8 * i, arg, true)
    }
    const initialTid = this.#initialTid(tgid, tid)
    if (initialTid !== undefined) this.#maps.threads!.update(key(initialTid), value)
  }

  /** Also when the thread is gone: there is nothing to do for it. */
  follows(tid: number, tgid: number): boolean {
    const initialTid = this.#initialTid(tgid, tid)
    return initialTid === undefined || this.#maps.threads!.has(key(initialTid))
  }

  /** Whether any traced thread is left. */
  get anyThread(): boolean {
    return this.#maps.threads!.nextKey() !== undefined
  }

  /**
   * Takes out threads that have ended without the kernel half being told (see `skipped`): nobody else would, and who waits
   * for the last one would wait for ever. Only those before the first that lives: all, once none does.
   */
  forgetEnded(): void {
    const { threads } = this.#maps
    for (let first = threads!.nextKey(); first !== undefined; first = threads!.nextKey()) {
      const thread = threads!.lookup(first)
      if (thread !== undefined && !hasEnded(tidIn(thread))) return
      threads!.delete(first)
    }
  }

  /** Lines say which thread they belong to from here on. */
  showThreads(): void {
    this.#showsThreads = true
    this.#lines?.showThreads()
  }

  /** Writes a line of our own between those of the trace. */
  notice(text: string): void {
    this.#lines?.notice(text)
    this.#flush()
  }

  /** Calls back when `fd` is readable. */
  watch(fd: number, onReadable: () => void): () => void {
    return this.#reader.addFd(fd, onReadable)
  }

  /** Leaves the processors to what is traced as far as the ring has room. To be called when the command is made. */
  stepBack(): void {
    this.#priority.start()
  }

  /** Detaches, drains, writes what is left and the summary. */
  async stop(): Promise<TraceLosses> {
    const lines = await this.#read()
    clearInterval(this.#look)
    this.#priority.stop()
    closeLinks(this.#half.links)
    await this.#reader.stop()
    if (this.#options.summary) await this.#writeSummary(lines)
    else if (this.#options.status === 'all')
      for (const { tid, enter } of this.#callsNow()) lines.stillRunning(tid, enter)
    lines.end()
    this.#flush()
    const losses = {
      records: mappedLossCounter(this.#maps.control!, CONTROL_LOST)(),
      skipped: this.#half.programs.reduce((sum, program) => sum + program.info().recursionMisses, 0),
      threads: mappedLossCounter(this.#maps.control!, CONTROL_UNFOLLOWED)(),
      malformed: lines.malformed,
    }
    await this.#output.flushed()
    return losses
  }

  [Symbol.dispose](): void {
    clearInterval(this.#look)
    clearInterval(this.#untilDue)
    this.#reader.close()
    this.#ring?.close()
    for (const owner of [...this.#half.links, ...this.#half.programs, ...Object.values(this.#maps)])
      owner.close()
    this.#half.namespace?.close()
  }

  /** What the kernel half knows a thread by: its id in the initial pid namespace. Undefined when it is gone. */
  #initialTid(tgid: number, tid: number): number | undefined {
    const { namespace } = this.#half
    return namespace === undefined ? tid : namespace.initialTid(tgid, tid)
  }

  #flush(): void {
    if (this.#lines !== undefined)
      this.#output.push(this.#lines.take(byteLength => this.#output.memory(byteLength)))
  }

  async #writeSummary(lines: TraceLines): Promise<void> {
    const { writeSummary } = await import('../print/index.ts')
    const { summaryRows } = await import('./counts.ts')
    writeSummary(lines.out, summaryRows(this.#maps.counts!, this.#machine, possibleCpus().length))
  }

  /**
   * Shows the calls that threads wait in, when nothing has happened for a moment. A call that has ended since the
   * threads were read has its end in the ring; one that had ended before is known by the record that comes with the
   * drain here, and then a later look is soon enough.
   */
  #showWaiting(lines: TraceLines): void {
    const waiting = this.#callsNow()
    if (this.#reader.drain() > 0) return
    for (const { tid, enter } of waiting) lines.running(tid, enter)
    lines.showOverdueSignals()
    this.#flush()
  }

  /** The calls that threads are in, from the kernel half's own table: what the record of its entry would say. */
  #callsNow(): { tid: number; enter: Uint8Array }[] {
    const calls = []
    // all at once would have the kernel skip calls, where they are seen by perf events
    for (const { value } of this.#maps.threads!.entries({ oneByOne: true })) {
      const thread = new DataView(value.buffer, value.byteOffset, value.byteLength)
      if ((thread.getUint32(THREAD_FLAGS, true) & THREAD_IN_CALL) === 0) continue
      const tid = thread.getUint32(THREAD_RECORD + OFFSET_TID, true)
      calls.push({ tid, enter: enterRecord(value) })
    }
    return calls.sort((a, b) => a.tid - b.tid)
  }
}

/** How often the ring is looked at, ms: when somebody watches, and when nobody does. */
const WATCHED_MS = 5
const LEFT_ALONE_MS = 20
/** What nobody watches is written when an eighth of the ring is full, or half a second old. */
const PATIENCE: Patience = { level: 1 / 8, ms: 500 }

/** Lines are handed to the output in pieces of about this size. */
const FLUSH_BYTES = 1 << 20
/** Nothing must have come for so long before calls that wait are shown. */
const LOOK_MS = 40

function key(tid: number): Uint8Array {
  return new Uint8Array(new Uint32Array([tid]).buffer)
}

/** The id of a thread as it is shown, from its entry of the table. */
function tidIn(thread: Uint8Array): number {
  return new DataView(thread.buffer, thread.byteOffset).getUint32(THREAD_RECORD + OFFSET_TID, true)
}

/** What the record of its entry would say of the call that a thread is in, from its entry of the table. */
function enterRecord(thread: Uint8Array): Uint8Array {
  const argCount = thread[THREAD_RECORD + OFFSET_ARG_COUNT]!
  const record = thread.slice(THREAD_RECORD, THREAD_RECORD + RECORD_FIXED_BYTES + 8 * argCount)
  record[OFFSET_KIND] = RECORD_ENTER
  record[OFFSET_FLAGS] = 0
  return record
}
