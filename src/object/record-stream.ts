// The records of one ring or perf buffer of an object as an async iterable, each decoded by its type:
//
//     for await (const event of openRecords(object, 'events')) …

import type { BtfValue } from '../btf/index.ts'
import { BeetraceError } from '../errors/index.ts'
import { type RecordStream, type StreamOptions, streamRecords } from '../events/index.ts'
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from '../sys/index.ts'
import { recordDecoder } from './events.ts'
import type { BpfObject } from './object.ts'

export interface RecordStreamOptions extends StreamOptions {
  /** the struct of the records; without it what the object says. `raw`: bytes */
  readonly type?: string | 'raw'
}

/**
 * Opens the records of a loaded map. Ends with `close()`, with a `break` out of the loop, and with the object.
 * @throws BeetraceError `OBJECT_USE` for a map without records, or a struct that the object does not have
 */
export function openRecords(
  object: BpfObject,
  label: string,
  { type, ...options }: RecordStreamOptions = {},
): RecordStream<BtfValue> {
  const map = object.map(label)
  const kind = map.source.type
  if (kind !== BPF_MAP_TYPE_RINGBUF && kind !== BPF_MAP_TYPE_PERF_EVENT_ARRAY)
    throw new BeetraceError('OBJECT_USE', `map "${label}" is neither a ring nor a perf buffer`)
  const decode = recordDecoder(object, map, type)
  const stream = streamRecords(map.map, options, ({ u8 }, offset, byteLength) =>
    decode(u8, offset, byteLength),
  )
  object.onClose(() => stream.close())
  return stream
}
