// How the tracer shares the processors with the program it traces. Whoever traces on a busy machine would else slow
// the program by the time slices it takes; so it steps back while the ring has room, and forward before it is full.

import { niceLevel, setNiceLevel } from '../../kernel/index.ts'

/** Nice levels up and down from our own: a tenth of an equal share, and ten times it. */
const STEP = 10

/** Ring levels (0 to 1) at which to step: back below the first, to our own priority, and forward above the last. */
const LEVEL_LOW = 1 / 8
const LEVEL_MIDDLE = 1 / 4
const LEVEL_HIGH = 1 / 2

/** The nice level of all our threads: those that compile our code count as much as the one that runs it. */
export class Priority {
  readonly #own = niceLevel()
  readonly #back = Math.min(this.#own + STEP, 19)
  readonly #forward = Math.max(this.#own - STEP, -20)
  #now = this.#own
  #active = false

  /**
   * Steps back from here on; children made before are not touched. Does nothing for who may not step forward again
   * (without CAP_SYS_NICE): a tracer that stays behind loses records.
   */
  start(): void {
    this.#active = true
    if (this.#set(this.#forward)) this.#set(this.#back)
  }

  /** To be told often how full the ring is. */
  level(level: number): void {
    if (!this.#active) return
    if (level > LEVEL_HIGH) this.#set(this.#forward)
    else if (level > LEVEL_MIDDLE) this.#set(this.#own)
    else if (level < LEVEL_LOW) this.#set(this.#back)
  }

  /** Back to what it was. */
  stop(): void {
    if (this.#active) this.#set(this.#own)
    this.#active = false
  }

  #set(nice: number): boolean {
    if (nice !== this.#now) {
      this.#active = setNiceLevel(nice)
      this.#now = nice
    }
    return this.#active
  }
}
