// The records of one ring or perf buffer as an async iterable:
//
//     for await (const bytes of streamRecords(map)) …
//
// Records stay in the kernel's buffer until they are asked for. Who is too slow makes the kernel drop records, which the program
// sees (bpf_ringbuf_reserve fails, perf_event_output counts), and not this process grow.

import { BeetraceError } from '../errors/index.ts'
import type { BpfMap } from '../map/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'
import { EventReader } from './event-reader.ts'
import { openRing } from './open-ring.ts'
import { PerfBuffer, type PerfBufferOptions } from './perf-buffer.ts'
import type { RingView } from './ring-view.ts'

/** Those of a perf buffer have no meaning for a ring buffer. */
export interface StreamOptions extends PerfBufferOptions {
  /** between two looks at a busy buffer, ms */
  readonly intervalMs?: number
}

const DEFAULT_INTERVAL_MS = 5
/** Decoded and not yet asked for, at most. */
const BATCH_RECORDS = 256

/** Makes what is handed out of a record in place; `cpu` is undefined for a ring buffer. */
export type DecodeRecord<T> = (
  view: RingView,
  offset: number,
  byteLength: number,
  cpu: number | undefined,
) => T

/** A copy of the record's bytes. */
const copyOf: DecodeRecord<Uint8Array> = ({ u8 }, offset, byteLength) => u8.slice(offset, offset + byteLength)

/**
 * Opens a ring or perf buffer, which stays the caller's to close. One stream at a time reads a buffer. It ends with `close()` and
 * with a `break` out of the loop.
 * @param decode bytes, unless told
 * @throws BeetraceError `MAP_USE` for a map without records; what opening a buffer throws
 */
export function streamRecords(map: BpfMap, options?: StreamOptions): RecordStream<Uint8Array>
export function streamRecords<T>(
  map: BpfMap,
  options: StreamOptions,
  decode: DecodeRecord<T>,
): RecordStream<T>
export function streamRecords(
  map: BpfMap,
  options: StreamOptions = {},
  decode: DecodeRecord<unknown> = copyOf,
): RecordStream<unknown> {
  return new RecordStream<unknown>(onRecord => {
    switch (map.type) {
      case BPF_MAP_TYPE_RINGBUF:
        return openRing(map, (view, offset, byteLength) =>
          onRecord(decode(view, offset, byteLength, undefined)),
        )
      case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return PerfBuffer.open(
          map,
          (view, offset, byteLength, cpu) => onRecord(decode(view, offset, byteLength, cpu)),
          options,
        )
      default:
        throw new BeetraceError('MAP_USE', `map "${map.name}" is neither a ring nor a perf buffer`)
    }
  }, options.intervalMs ?? DEFAULT_INTERVAL_MS)
}

type Buffer = ReturnType<typeof openRing> | PerfBuffer

export class RecordStream<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #buffer: Buffer
  readonly #reader = new EventReader()
  readonly #intervalMs: number
  #ready: T[] = []
  #next = 0
  #closed = false
  /** ends waits before their time */
  readonly #waits = new Set<() => void>()

  /** Use `streamRecords`. */
  constructor(open: (onRecord: (record: T) => void) => Buffer, intervalMs: number) {
    this.#buffer = open(record => this.#ready.push(record))
    this.#intervalMs = intervalMs
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (!this.#closed) {
      if (this.#next < this.#ready.length) return { done: false, value: this.#ready[this.#next++]! }
      this.#ready = []
      this.#next = 0
      if (this.#buffer.drain(BATCH_RECORDS) > 0) continue
      // a busy buffer is looked at by the clock, which costs less than being woken for each record
      await this.#pause()
      if (this.#closed || this.#buffer.drain(BATCH_RECORDS) > 0) continue
      // what is there and not handed over yet (in the order of time, or still being written) is looked at again by the clock
      if (this.#buffer.isEmpty()) await this.#readable()
    }
    return { done: true, value: undefined }
  }

  /** What is there now, without waiting. */
  take(): T[] {
    const taken = this.#ready.slice(this.#next)
    this.#ready = []
    this.#next = 0
    if (this.#closed) return taken
    this.#buffer.drain()
    taken.push(...this.#ready)
    this.#ready = []
    return taken
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Who waits for a record is told that there are no more. Twice is harmless. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const end of this.#waits) end()
    this.#reader.close()
    this.#buffer.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #readable(): Promise<void> {
    return this.#wait(done => this.#reader.addFd(this.#buffer.fd, done))
  }

  #pause(): Promise<void> {
    return this.#wait(done => {
      const timer = setTimeout(done, this.#intervalMs)
      return () => clearTimeout(timer)
    })
  }

  async #wait(begin: (done: () => void) => () => void): Promise<void> {
    let [wake, end] = [() => {}, () => {}]
    await new Promise<void>(resolve => {
      wake = resolve
      this.#waits.add(wake)
      end = begin(resolve)
    })
    this.#waits.delete(wake)
    // closing has let go of everything
    if (!this.#closed) end()
  }
}
