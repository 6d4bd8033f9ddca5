// The records of one ring or perf buffer as an async iterable, each decoded by its type:
//
//     for await (const event of openRecords(object, 'events')) …
//
// Records stay in the kernel's buffer until they are asked for. Who is too slow makes the kernel drop records, which the program
// sees (bpf_ringbuf_reserve fails, perf_event_output counts), and not this process grow.

import type { BtfValue } from '../btf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { EventReader, PerfBuffer, RingBuffer, type RingView } from '../events/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'
import { recordDecoder } from './events.ts'
import type { BpfObject } from './object.ts'

export interface RecordStreamOptions {
  /** the struct of the records; without it what the object says. `raw`: bytes */
  readonly type?: string | 'raw'
  /** between two looks at a busy buffer, ms */
  readonly intervalMs?: number
  /** records that a perf buffer had no room for */
  readonly onLost?: (count: number) => void
}

const DEFAULT_INTERVAL_MS = 5
/** Decoded and not yet asked for, at most. */
const BATCH_RECORDS = 256

/**
 * Opens the records of a loaded map. Ends with `close()`, with a `break` out of the loop, and with the object.
 * @throws BeetraceError `OBJECT_USE` for a map without records, or a struct that the object does not have
 */
export function openRecords(
  object: BpfObject,
  label: string,
  options: RecordStreamOptions = {},
): RecordStream<BtfValue> {
  const map = object.map(label)
  const decode = recordDecoder(object, map, options.type)
  const stream: RecordStream<BtfValue> = new RecordStream(onRecord => {
    const hand = ({ u8 }: RingView, offset: number, byteLength: number) =>
      onRecord(decode(u8, offset, byteLength))
    switch (map.source.type) {
      case BPF_MAP_TYPE_RINGBUF:
        return RingBuffer.open(map.map, hand)
      case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return PerfBuffer.open(map.map, hand, { onLost: count => options.onLost?.(count) })
      default:
        throw new BeetraceError('OBJECT_USE', `map "${label}" is neither a ring nor a perf buffer`)
    }
  }, options.intervalMs ?? DEFAULT_INTERVAL_MS)
  object.onClose(() => stream.close())
  return stream
}

type Buffer = RingBuffer | PerfBuffer

export class RecordStream<T> implements AsyncIterableIterator<T>, Disposable {
  readonly #buffer: Buffer
  readonly #reader = new EventReader()
  readonly #intervalMs: number
  #ready: T[] = []
  #next = 0
  #closed = false
  /** ends waits before their time */
  readonly #waits = new Set<() => void>()

  /** Use `openRecords`. */
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
      await this.#readable()
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
