// Where the trace goes: a queue of byte chunks in front of one file descriptor. Writes are asynchronous, so a
// slow reader (`| less`, a full disk cache) never stops the draining of the ring: the queue grows instead.

import { write } from 'node:fs'

/** Bytes that may wait for a slow reader before the ring is left to fill (and to count what it loses). */
const QUEUE_LIMIT_BYTES = 512 << 20

/**
 * At most so much at a time, unless more waits than BEHIND_BYTES: while the kernel copies to a file it gives its processor to nobody on kernels that do not
 * preempt themselves, and a process that the traced program has just made may have been put there: a MiB is a millisecond.
 */
const WRITE_BYTES = 64 << 10
const BEHIND_BYTES = 4 << 20

/** Memory is taken in multiples of this, and so many pieces that were written are kept for what comes next. */
const PIECE_BYTES = 256 << 10
const SPARE_PIECES = 2

export class TraceOutput {
  readonly #fd: number
  readonly #queue: Uint8Array[] = []
  readonly #spare: ArrayBufferLike[] = []
  #queuedBytes = 0
  #writing = false
  #waiters: (() => void)[] = []
  /** the reader is gone (EPIPE): everything later is dropped, and that is not an error */
  closed = false
  /** writing failed for another reason (ENOSPC, EIO …): everything later is dropped */
  failure: NodeJS.ErrnoException | undefined

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Memory for `byteLength` bytes that will be pushed. What V8 would have to collect is used again. */
  memory(byteLength: number): Uint8Array {
    const found = this.#spare.findIndex(spare => spare.byteLength >= byteLength)
    const [spare] = found === -1 ? [] : this.#spare.splice(found, 1)
    const wholeBytes =
      byteLength < PIECE_BYTES ? byteLength : Math.ceil(byteLength / PIECE_BYTES) * PIECE_BYTES
    return new Uint8Array(spare ?? new ArrayBuffer(wholeBytes), 0, byteLength)
  }

  /** Takes over `bytes`, with all of their buffer; the caller must not write to them again. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.ended) return
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    if (!this.#writing) this.#writeNext()
  }

  /** Nothing more can be written. */
  get ended(): boolean {
    return this.closed || this.failure !== undefined
  }

  /** The reader is so far behind that no more should be queued. */
  get congested(): boolean {
    return this.#queuedBytes > QUEUE_LIMIT_BYTES
  }

  /** Resolves when all that was pushed has been written, or can no longer be. */
  flushed(): Promise<void> {
    if (!this.#writing) return Promise.resolve()
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  /** Notes how a write that the caller made itself failed. */
  fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') this.closed = true
    else this.failure = error
  }

  #writeNext(): void {
    const chunk = this.#queue[0]
    if (chunk === undefined || this.ended) {
      this.#writing = false
      this.#queue.length = 0
      this.#queuedBytes = 0
      for (const resolve of this.#waiters.splice(0)) resolve()
      return
    }
    this.#writing = true
    const wanted = this.#queuedBytes > BEHIND_BYTES ? chunk.length : Math.min(chunk.length, WRITE_BYTES)
    write(this.#fd, chunk, 0, wanted, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        // somebody made this pipe or terminal non-blocking; it is shared with the traced program, so it stays so
        setTimeout(() => this.#writeNext(), 2)
        return
      }
      if (error) this.fail(error)
      else {
        this.#queuedBytes -= written
        if (written < chunk.length) this.#queue[0] = chunk.subarray(written)
        else {
          this.#queue.shift()
          if (chunk.buffer.byteLength >= PIECE_BYTES && this.#spare.length < SPARE_PIECES)
            this.#spare.push(chunk.buffer)
        }
      }
      this.#writeNext()
    })
  }
}
