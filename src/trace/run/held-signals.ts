// Signals that came while their thread was in a call. They are shown behind the call, where a thread takes a signal
// and where strace shows it.

/** A thread that waits for long may be sent any number: beyond this they are not held back. */
const HELD_LIMIT = 64

export class HeldSignals {
  readonly #byTid = new Map<number, Uint8Array[]>()
  #askedBefore: ReadonlySet<number> = new Set()

  /** Whether no thread has any: the usual case, to be asked first. */
  get empty(): boolean {
    return this.#byTid.size === 0
  }

  /** Keeps a copy of a record; false when this thread has too many. */
  keep(tid: number, record: Uint8Array): boolean {
    const held = this.#byTid.get(tid)
    if (held === undefined) this.#byTid.set(tid, [record.slice()])
    else if (held.length === HELD_LIMIT) return false
    else held.push(record.slice())
    return true
  }

  /** The records of a thread, in the order they came; they are not held any more. */
  take(tid: number): readonly Uint8Array[] {
    const held = this.#byTid.get(tid)
    if (held === undefined) return NONE
    this.#byTid.delete(tid)
    return held
  }

  /** Threads that have some. */
  tids(): number[] {
    return [...this.#byTid.keys()]
  }

  /** Of these, who had some when this was asked before, too: on a busy machine a signal takes its time to end a call. */
  overdue(): number[] {
    const before = this.#askedBefore
    this.#askedBefore = new Set(this.#byTid.keys())
    return this.tids().filter(tid => before.has(tid))
  }
}

const NONE: readonly Uint8Array[] = []
