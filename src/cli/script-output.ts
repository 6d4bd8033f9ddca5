// Where a script's output goes: chunks for one file descriptor, written at once or gathered, as -B says.

import type { ScriptSink } from '../script/run/session.ts'
import { TraceOutput } from './output.ts'
import { writeAll } from './write-all.ts'

/** Written to without waiting, so that a slow reader does not stop the draining of the ring; with `-B none` it does. */
export class ScriptOutput implements ScriptSink {
  readonly #fd: number
  readonly #output: TraceOutput
  readonly #waits: boolean

  constructor(fd: number, buffering: 'line' | 'full' | 'none') {
    this.#fd = fd
    this.#output = new TraceOutput(fd)
    this.#waits = buffering === 'none'
  }

  /** The reader is gone, or writing failed. */
  get ended(): boolean {
    return this.#output.ended
  }

  get failure(): NodeJS.ErrnoException | undefined {
    return this.#output.failure
  }

  push(bytes: Uint8Array): void {
    if (!this.#waits) {
      this.#output.push(bytes)
      return
    }
    if (this.ended) return
    try {
      writeAll(this.#fd, bytes)
    } catch (error) {
      this.#output.fail(error as NodeJS.ErrnoException)
    }
  }

  flushed(): Promise<void> {
    return this.#output.flushed()
  }
}
