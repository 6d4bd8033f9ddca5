// The records of an object's ring and perf buffers, each as a value decoded by its type.

import { type Btf, type BtfComposite, type BtfValue, decodeValue } from '../btf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import {
  EventReader,
  type EventReaderOptions,
  openRing,
  PerfBuffer,
  type PerfBufferOptions,
  type RingView,
} from '../events/index.ts'
import { hasVmlinuxBtf, vmlinuxBtf } from '../kernel/index.ts'
import { BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'
import { eventMaps, eventType } from './event-type.ts'
import type { BpfObject } from './object.ts'
import type { ObjectMap } from './object-map.ts'

/** One record, good for as long as one likes. */
export interface ObjectEvent {
  readonly map: ObjectMap
  readonly type: BtfComposite | undefined
  /** members by name; the bytes when the type is not known. Of a record that is shorter than its type the rest is zero */
  readonly value: BtfValue
  /** of a perf buffer */
  readonly cpu: number | undefined
}

/** A struct with the types that it is of, which need not be the object's. */
export interface RecordLayout {
  readonly btf: Btf
  readonly type: BtfComposite
}

export interface ReadEventsOptions extends EventReaderOptions {
  /** the struct of a map's records, by the map's name, or for all of them: by its name in the object, or as it is */
  readonly types?: string | Readonly<Record<string, string | RecordLayout>>
  /** of perf buffers: size, order by time, when to wake */
  readonly perf?: Omit<PerfBufferOptions, 'onLost'>
  readonly onEvent: (event: ObjectEvent) => void
  /** records that found no room; perf buffers say so with the next one that did */
  readonly onLost?: (count: number, map: ObjectMap) => void
}

/**
 * Opens every ring and perf buffer of a loaded object. `start()` begins reading; `close()` ends it, before the object is closed.
 * @throws BeetraceError `OBJECT_USE` for a struct that is not in the object's types; what opening a buffer throws
 */
export function readEvents(object: BpfObject, options: ReadEventsOptions): ObjectEvents {
  const reader = new EventReader(options)
  const buffers: (ReturnType<typeof openRing> | PerfBuffer)[] = []
  try {
    for (const { label } of eventMaps(object.source)) {
      const map = object.map(label)
      if (!map.loaded) continue
      const { types } = options
      const layout = recordLayout(object, map, typeof types === 'string' ? types : types?.[map.label])
      const decode = decoderOf(layout)
      const hand = (view: RingView, offset: number, byteLength: number, cpu?: number) =>
        options.onEvent({ map, type: layout?.type, value: decode(view.u8, offset, byteLength), cpu })
      const buffer =
        map.source.type === BPF_MAP_TYPE_RINGBUF
          ? openRing(map.map, hand)
          : PerfBuffer.open(map.map, hand, {
              ...options.perf,
              onLost: count => options.onLost?.(count, map),
            })
      buffers.push(buffer)
      reader.addRing(buffer)
    }
  } catch (error) {
    reader.close()
    for (const buffer of buffers) buffer.close()
    throw error
  }
  return new ObjectEvents(reader, buffers)
}

/** Buffers being read. */
export class ObjectEvents implements Disposable {
  readonly reader: EventReader
  readonly #buffers: readonly Disposable[]

  constructor(reader: EventReader, buffers: readonly Disposable[]) {
    this.reader = reader
    this.#buffers = buffers
  }

  get count(): number {
    return this.#buffers.length
  }

  start(): void {
    this.reader.start()
  }

  /** Reads what is left and stops. */
  async stop(): Promise<void> {
    await this.reader.stop()
  }

  close(): void {
    this.reader.close()
    for (const buffer of this.#buffers) buffer[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * How the records of a map become values: by the struct of that name, as the object says, or not (`raw`). Of a record that is
 * shorter than its struct, as programs send whose last member is text, the rest is zero.
 */
export function recordDecoder(object: BpfObject, map: ObjectMap, name?: string) {
  return decoderOf(name === 'raw' ? undefined : recordLayout(object, map, name))
}

function recordLayout(
  object: BpfObject,
  map: ObjectMap,
  wanted: string | RecordLayout | undefined,
): RecordLayout | undefined {
  if (typeof wanted === 'object') return wanted
  const { btf } = object.source
  if (btf === undefined && wanted === undefined) return undefined
  if (wanted === undefined) {
    const inferred = eventType(object.source, map.source, isKernelType)
    return inferred.kind === 'found' ? { btf: btf!, type: inferred.type } : undefined
  }
  const type = btf?.find(wanted, 'struct') ?? btf?.find(wanted, 'union')
  if (type !== undefined) return { btf: btf!, type }
  throw new BeetraceError('OBJECT_USE', `${object.source.file} has no struct "${wanted}" in its types`)
}

function decoderOf(layout: RecordLayout | undefined) {
  return (bytes: Uint8Array, offset: number, byteLength: number): BtfValue => {
    const record = bytes.subarray(offset, offset + byteLength)
    if (layout === undefined) return Uint8Array.from(record)
    const { btf, type } = layout
    if (byteLength >= type.sizeBytes) return decodeValue(btf, type, record)
    const whole = new Uint8Array(type.sizeBytes)
    whole.set(record)
    return decodeValue(btf, type, whole)
  }
}

/** Of the running kernel, where it says. */
export const isKernelType = (name: string): boolean =>
  hasVmlinuxBtf() && vmlinuxBtf().find(name, 'struct') !== undefined
