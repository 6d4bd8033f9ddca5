// What a call's RECORD_ENTER said, kept until its RECORD_CALL comes: one buffer a thread, reused, bounded in number.
import { RecordReader } from './record-reader.ts'

/** More threads than this in the middle of a call: the oldest one's input is forgotten. */
const DEFAULT_LIMIT = 65_536

interface Kept {
  readonly reader: RecordReader
  buffer: Uint8Array
}

/** Keyed by thread id. Buffers of finished threads are taken over by new ones. */
export class Pending {
  private readonly byTid = new Map<number, Kept>()
  private readonly free: Kept[] = []
  private readonly limit: number
  /** how many inputs were thrown away because of the limit */
  forgotten = 0

  constructor(limit = DEFAULT_LIMIT) {
    this.limit = limit
  }

  get size(): number {
    return this.byTid.size
  }

  /** Copies a RECORD_ENTER that `reader` has just read well. A thread has one call at a time: an older one is dropped. */
  keep(reader: RecordReader): void {
    const length = reader.end - reader.offset
    let kept = this.byTid.get(reader.tid)
    if (kept === undefined) {
      if (this.byTid.size >= this.limit) this.forgetOldest()
      kept = this.free.pop() ?? { reader: new RecordReader(), buffer: new Uint8Array(256) }
      this.byTid.set(reader.tid, kept)
    }
    if (kept.buffer.length < length) kept.buffer = new Uint8Array(2 ** Math.ceil(Math.log2(length)))
    // the ring hands out views of itself: a subarray costs less than a loop from some 64 bytes on
    kept.buffer.set(reader.bytes.subarray(reader.offset, reader.end))
    kept.reader.use(kept.buffer)
    kept.reader.read(0, length)
  }

  /** The entry of the call that this thread is in, left in place. */
  peek(tid: number): RecordReader | undefined {
    return this.byTid.get(tid)?.reader
  }

  /** Takes it out; the reader stays valid until the next `keep`. */
  take(tid: number): RecordReader | undefined {
    const kept = this.byTid.get(tid)
    if (kept === undefined) return undefined
    this.byTid.delete(tid)
    // a big buffer is not worth keeping: most inputs are short paths
    if (this.free.length < 64 && kept.buffer.length <= 65_536) this.free.push(kept)
    return kept.reader
  }

  /** Threads that are in a call now: what is shown as unfinished at the end. */
  tids(): IterableIterator<number> {
    return this.byTid.keys()
  }

  private forgetOldest(): void {
    for (const tid of this.byTid.keys()) {
      this.take(tid)
      this.forgotten++
      return
    }
  }
}
