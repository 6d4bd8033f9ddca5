// A ring or perf buffer of a skeleton: settings until the object is loaded, then the records, each of the type that the
// generated module says.

import type { RecordStream } from '../../events/index.ts'
import type { BpfObject } from '../object.ts'
import type { ObjectMap } from '../object-map.ts'
import { openRecords, type RecordStreamOptions } from '../record-stream.ts'

export class SkeletonRecords<T> implements AsyncIterable<T> {
  /** `maxEntries`, `pinPath`, `reuse` … until loading, and then `map` */
  readonly source: ObjectMap
  readonly #object: BpfObject
  readonly #type: string

  /** @param type a struct of the object, or `raw` */
  constructor(object: BpfObject, source: ObjectMap, type: string) {
    this.#object = object
    this.source = source
    this.#type = type
  }

  /** Records from now on, in the order in which the kernel has them; see `openRecords`. One stream at a time reads a buffer. */
  open(options: Omit<RecordStreamOptions, 'type'> = {}): RecordStream<T> {
    return openRecords(this.#object, this.source.label, {
      ...options,
      type: this.#type,
    }) as unknown as RecordStream<T>
  }

  [Symbol.asyncIterator](): RecordStream<T> {
    return this.open()
  }
}
