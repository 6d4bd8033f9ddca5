// Waking up for events, without blocking Node and without a thread.
//
//     idle --readable--> reading --nothing found--> idle
//                        ^     |
//                        +-----+ a timer of `intervalMs`, as long as a drain finds something
//
// Node's own event loop (one epoll set for the process) watches the rings while idle. Once woken we stop watching
// and look again by a timer, so a busy ring costs a look every few ms and not a wake-up a record: at a million
// records a second that is a third of the CPU of a consumer that sleeps in epoll.

import { type Linux, linux, nowMs, type ReadablePoll } from '../sys/index.ts'
import { clearWaiting, setWaiting, type WaitingFlag } from './waiting-flag.ts'

export interface EventReaderOptions {
  /** between two looks at a busy ring, ms: 1 for low latency, 5 while a person watches, 10-50 for counting */
  readonly intervalMs?: number
  /** after each round that handed over records: the place to flush what they were turned into */
  readonly onDrained?: (records: number) => void
  /** when nobody waits for records: leave them in the rings for a while, and read many at a time */
  readonly patience?: Patience
  /** before each look at a busy ring: how full the fullest one is, 0 to 1 */
  readonly onLevel?: (level: number) => void
  /** while it says no, records stay in the rings, which may fill: nothing is read but at the end */
  readonly mayRead?: () => boolean
  /** what a callback threw; without this it is thrown on, as an uncaught exception */
  readonly onError?: (error: unknown) => void
}

/** What is read: a `RingBuffer`, a `PerfBuffer`. */
export interface EventSource {
  /** readable when there may be something to read */
  readonly fd: number
  /** hands over what is there, `max` records at most; how many it were */
  drain(max?: number): number
  isEmpty(): boolean
  /** how full it is, 0 to 1; a source that cannot tell is read at once */
  level?(): number
}

/** Reading in large parts costs the writer less: its processor and ours are not shared, and our code runs hot. */
export interface Patience {
  /** read when the fullest ring is filled to this part, 0 to 1 */
  readonly level: number
  /** or when its first record has been there for so long, ms */
  readonly ms: number
}

interface WatchedRing {
  readonly ring: EventSource
  readonly poll: ReadablePoll
  readonly waiting: WaitingFlag | undefined
}

const DEFAULT_INTERVAL_MS = 5

/** After so long other work of the process gets its turn. */
const TURN_MS = 25

/**
 * Records handed over before the level and the time are looked at again: more each time, as long as they take less than
 * a millisecond; few where each takes long. What lies between two such parts runs seldom, and is not worth compiling.
 */
const RECORDS_A_LEVEL = 8192
const RECORDS_AT_FIRST = 16
const PART_MS = 1

/**
 * After a ring with a waiting flag went idle, one more look: the kernel half may have read the flag just before it was
 * set, and have the record visible just after we looked.
 */
const LATE_LOOK_MS = 50

/** Since when records wait that were there before anybody looked: no more patience with them. */
const LONG_AGO_MS = Number.NEGATIVE_INFINITY

/** How long `stop` waits for records that were reserved and are not committed. */
const STOP_TIMEOUT_MS = 1000

export class EventReader implements Disposable {
  readonly #linux: Linux = linux()
  readonly #intervalMs: number
  readonly #onDrained: ((records: number) => void) | undefined
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #onLevel: ((level: number) => void) | undefined
  readonly #patience: Patience | undefined
  readonly #mayRead: (() => boolean) | undefined
  #batch = RECORDS_AT_FIRST
  /** the last turn left records */
  #behind = false
  /** since when records may wait in a ring, as nowMs() */
  #waitingSinceMs = 0
  readonly #rings: WatchedRing[] = []
  readonly #others = new Set<ReadablePoll>()
  #state: 'stopped' | 'idle' | 'reading' | 'stopping' = 'stopped'
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #lateLook: NodeJS.Timeout | undefined
  #wakeCount = 0
  #lookCount = 0

  constructor(options: EventReaderOptions = {}) {
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS
    this.#onDrained = options.onDrained
    this.#onError = options.onError
    this.#onLevel = options.onLevel
    this.#patience = options.patience
    this.#mayRead = options.mayRead
  }

  /** Reads a ring from now on (or from `start`). The ring stays the caller's to close, after `close` here. */
  addRing(ring: EventSource, waiting?: WaitingFlag): void {
    const poll = this.#linux.pollReadable(ring.fd, () => this.#wake())
    this.#rings.push({ ring, poll, waiting })
    if (this.#state === 'idle' || this.#state === 'reading') this.#begin(LONG_AGO_MS)
  }

  /**
   * Calls back while any other descriptor (a pidfd, an eventfd) is readable, until the function it gives is called,
   * which must be before the descriptor is closed.
   */
  addFd(fd: number, onReadable: () => void): () => void {
    const poll = this.#linux.pollReadable(fd, () => this.#guard(onReadable))
    this.#others.add(poll)
    poll.start()
    return () => {
      this.#others.delete(poll)
      poll.close()
    }
  }

  /** Starts reading, at once what is there already. Keeps the process alive until `stop` or `close`. */
  start(): void {
    if (this.#state === 'stopped') this.#begin(LONG_AGO_MS)
  }

  /** Hands over what is there now, whatever the state; how many records. */
  drain(): number {
    let records = 0
    for (const { ring } of this.#rings) records += this.#drain(ring)
    if (records > 0) this.#guard(() => this.#onDrained?.(records))
    return records
  }

  /**
   * Stops reading, after every ring is empty. Whatever writes to the rings should be detached by then: it goes on
   * for a second at most. False when something was left (a record reserved and never committed, or a writer that
   * did not stop).
   */
  async stop(): Promise<boolean> {
    this.#halt()
    this.#state = 'stopping'
    const deadline = nowMs() + STOP_TIMEOUT_MS
    for (;;) {
      this.#readTurn()
      const empty = this.#rings.every(({ ring }) => ring.isEmpty())
      if (empty || this.#state !== 'stopping') break
      if (!this.#behind && nowMs() > deadline) break
      // what was read is on its way out meanwhile: it need not all be kept
      await (this.#behind ? nextTurn() : delay(1))
    }
    this.#state = 'stopped'
    return this.#rings.every(({ ring }) => ring.isEmpty())
  }

  /** Stops at once, without a drain, and lets go of all descriptors. Twice is harmless. */
  close(): void {
    this.#halt()
    for (const { poll } of this.#rings) poll.close()
    for (const poll of this.#others) poll.close()
    this.#rings.length = 0
    this.#others.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** times the kernel woke us, and looks by timer: what waking costs */
  get statistics(): { readonly wakeCount: number; readonly lookCount: number } {
    return { wakeCount: this.#wakeCount, lookCount: this.#lookCount }
  }

  #begin(waitingSinceMs: number): void {
    for (const { poll, waiting } of this.#rings) {
      poll.stop()
      // still set when a threshold or a record without the flag's protocol woke us
      if (waiting !== undefined) clearWaiting(waiting)
    }
    this.#cancel()
    this.#state = 'reading'
    this.#waitingSinceMs = waitingSinceMs
    this.#look()
  }

  #wake(): void {
    if (this.#state !== 'idle') return
    this.#wakeCount++
    this.#begin(nowMs())
  }

  /** One round: read, then come back soon, or go to sleep. */
  #look(): void {
    this.#immediate = undefined
    this.#lookCount++
    if (this.#mayWait(this.#tellLevel()) || this.#mayRead?.() === false) {
      this.#lookAgain()
      return
    }
    const records = this.#readTurn()
    // a callback may have stopped us
    if (this.#state !== 'reading') return
    if (this.#behind) this.#immediate = setImmediate(() => this.#look())
    else if (records > 0 || !this.#sleep()) this.#lookAgain()
  }

  /** By the same timer each time: a new one a look is work for the collector of garbage. */
  #lookAgain(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#look(), this.#intervalMs)
    else this.#timer.refresh()
  }

  /** Reads until the rings are empty or a turn is over; how many records. */
  #readTurn(): number {
    let readMs = nowMs()
    const endMs = readMs + TURN_MS
    let records = 0
    for (;;) {
      this.#behind = false
      const batch = this.#batch
      for (const { ring } of this.#rings) {
        const taken = this.#drain(ring, batch)
        records += taken
        if (taken === batch) this.#behind = true
      }
      const startMs = readMs
      readMs = nowMs()
      // a callback may run a command each time
      if (readMs - startMs > TURN_MS) this.#batch = Math.max(1, batch >> 3)
      else if (readMs - startMs < PART_MS && batch < RECORDS_A_LEVEL) this.#batch = batch << 1
      if (!this.#behind || this.#state === 'stopped' || readMs > endMs) break
      this.#tellLevel()
    }
    if (!this.#behind) this.#waitingSinceMs = readMs
    if (records > 0) this.#guard(() => this.#onDrained?.(records))
    return records
  }

  /** Finds how full the fullest ring is, 0 to 1, and passes it on; 0 when nobody cares. */
  #tellLevel(): number {
    if (this.#onLevel === undefined && this.#patience === undefined) return 0
    let level = 0
    for (const { ring } of this.#rings) level = Math.max(level, ring.level?.() ?? 0)
    this.#guard(() => this.#onLevel?.(level))
    return level
  }

  /** Whether what is in the rings can stay there. Empty rings are looked at, to go to sleep over them. */
  #mayWait(level: number): boolean {
    const patience = this.#patience
    return (
      patience !== undefined &&
      level > 0 &&
      level < patience.level &&
      nowMs() - this.#waitingSinceMs < patience.ms
    )
  }

  /** Goes idle, unless a record came meanwhile. */
  #sleep(): boolean {
    for (const { waiting } of this.#rings) if (waiting !== undefined) setWaiting(waiting)
    if (!this.#rings.every(({ ring }) => ring.isEmpty())) {
      for (const { waiting } of this.#rings) if (waiting !== undefined) clearWaiting(waiting)
      return false
    }
    this.#state = 'idle'
    for (const { poll } of this.#rings) poll.start()
    if (this.#rings.some(({ waiting }) => waiting !== undefined)) {
      this.#lateLook = setTimeout(() => {
        if (this.#state === 'idle' && !this.#rings.every(({ ring }) => ring.isEmpty())) this.#wake()
      }, LATE_LOOK_MS).unref()
    }
    return true
  }

  #halt(): void {
    this.#cancel()
    this.#state = 'stopped'
    for (const { poll } of this.#rings) poll.stop()
  }

  /** A ring may be added between two looks: there is one chain of them. */
  #cancel(): void {
    if (this.#state !== 'idle') {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    clearTimeout(this.#lateLook)
    clearImmediate(this.#immediate)
  }

  /** Without a closure for each part, which would be compiled with all that it calls. */
  #drain(ring: EventSource, max?: number): number {
    if (this.#onError === undefined) return ring.drain(max)
    try {
      return ring.drain(max)
    } catch (error) {
      this.#onError(error)
      return 0
    }
  }

  #guard(run: () => void): void {
    if (this.#onError === undefined) {
      run()
      return
    }
    try {
      run()
    } catch (error) {
      this.#onError(error)
    }
  }
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const delay = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
