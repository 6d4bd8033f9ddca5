// Which calls a person already sees the beginning of: `read(0, ` stands there while the thread waits, and is
// completed on its line or, when another line had to come between, by `<... read resumed>`.

/** How the rest of a call is to be shown. */
export type Begun =
  /** its beginning is the end of the output: the rest goes behind it, `width` bytes into the line */
  | { readonly place: 'here'; readonly width: number }
  /** its beginning was closed by `<unfinished ...>` */
  | { readonly place: 'above' }

export class BegunCalls {
  /** the call each thread was shown to be in */
  readonly #nrByTid = new Map<number, number>()
  #openTid = 0
  #openWidth = 0

  /** The output ends in the middle of a line. */
  get lineIsOpen(): boolean {
    return this.#openWidth > 0
  }

  has(tid: number, nr: number): boolean {
    return this.#nrByTid.get(tid) === nr
  }

  /** `width` bytes of a line without its end were written for this call. */
  begin(tid: number, nr: number, width: number): void {
    this.#nrByTid.set(tid, nr)
    this.#openTid = tid
    this.#openWidth = width
  }

  /** Something else was written behind the open line, and it ended. */
  closeLine(): void {
    this.#openTid = 0
    this.#openWidth = 0
  }

  /**
   * The call of this thread goes on or ends: how it began, `undefined` when that is not on the screen. Its line, when
   * it is the open one, counts as closed from here on. A call with another number means that the end of the one that
   * was begun was lost.
   */
  take(tid: number, nr: number): Begun | undefined {
    const begunNr = this.#nrByTid.get(tid)
    if (begunNr === undefined) return undefined
    this.#nrByTid.delete(tid)
    if (begunNr !== nr) return undefined
    if (this.#openTid !== tid || this.#openWidth === 0) return { place: 'above' }
    const width = this.#openWidth
    this.closeLine()
    return { place: 'here', width }
  }

  /** A thread goes on under another id. */
  rename(from: number, to: number): void {
    const nr = this.#nrByTid.get(from)
    if (nr === undefined) return
    this.#nrByTid.delete(from)
    this.#nrByTid.set(to, nr)
    if (this.#openTid === from) this.#openTid = to
  }

  /** Nothing more comes of this thread. */
  forget(tid: number): void {
    this.#nrByTid.delete(tid)
  }
}
