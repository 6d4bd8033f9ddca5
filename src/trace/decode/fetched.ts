// How an argument is shown whose memory could not be fetched, and fetched bytes as a string.
import type { Sink } from '../write/sink.ts'
import type { Call } from './call.ts'

/** The address alone. */
export function printAddress(w: Sink, call: Call, arg: number): void {
  w.pointer(call.lo[arg]!, call.hi[arg]!)
}

/** The current segment's bytes as a string; cut where the capture or -s cuts. */
export function printBytes(w: Sink, call: Call, length: number, whole: boolean): void {
  const limit = whole ? length : Math.min(length, call.stringLimit)
  w.string(call.bytes, call.at, limit, call.truncated || limit < length)
}

/** `[]` */
export function printEmpty(w: Sink): void {
  w.array()
  w.endArray()
}
