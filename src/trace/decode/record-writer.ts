// Builds trace records by hand, in the layout of record.ts: for tests and benchmarks, in place of a kernel.
import {
  ABI_NATIVE,
  CALL_HAS_SEGMENTS,
  OFFSET_ARGS,
  OFFSET_RET,
  OFFSET_START,
  OFFSET_TIME,
  RECORD_CALL,
  RECORD_FIXED_BYTES,
  SEGMENT_HEAD_BYTES,
} from '../record.ts'

export interface SegmentSpec {
  readonly op: number
  readonly arg: number
  readonly flags?: number
  readonly bytes: Uint8Array
}

export interface RecordSpec {
  readonly kind?: number
  readonly abi?: number
  readonly flags?: number
  readonly tid?: number
  readonly tgid?: number
  readonly nr: number
  readonly timeNs?: bigint
  readonly startNs?: bigint
  readonly ret?: bigint
  readonly args?: readonly (number | bigint)[]
  readonly segments?: readonly SegmentSpec[]
}

/** The bytes of one record, a multiple of 8. */
export function writeRecord(spec: RecordSpec): Uint8Array {
  const { args = [], segments = [] } = spec
  const padded = (length: number) => Math.ceil(length / 8) * 8
  const size = segments.reduce(
    (sum, { bytes }) => sum + SEGMENT_HEAD_BYTES + padded(bytes.length),
    RECORD_FIXED_BYTES + 8 * args.length,
  )
  const record = new Uint8Array(size)
  const view = new DataView(record.buffer)
  view.setUint8(0, spec.kind ?? RECORD_CALL)
  view.setUint8(1, spec.abi ?? ABI_NATIVE)
  view.setUint8(2, (spec.flags ?? 0) | (segments.length > 0 ? CALL_HAS_SEGMENTS : 0))
  view.setUint8(3, args.length)
  view.setUint32(4, spec.tid ?? 1000, true)
  view.setUint32(8, spec.tgid ?? spec.tid ?? 1000, true)
  view.setUint32(12, spec.nr, true)
  view.setBigUint64(OFFSET_TIME, spec.timeNs ?? 0n, true)
  view.setBigInt64(OFFSET_RET, spec.ret ?? 0n, true)
  view.setBigUint64(OFFSET_START, spec.startNs ?? 0n, true)
  for (const [index, value] of args.entries()) {
    view.setBigInt64(OFFSET_ARGS + index * 8, BigInt.asIntN(64, BigInt(value)), true)
  }
  let at = RECORD_FIXED_BYTES + 8 * args.length
  for (const segment of segments) {
    view.setUint8(at, segment.op)
    view.setUint8(at + 1, segment.arg)
    view.setUint16(at + 2, segment.flags ?? 0, true)
    view.setUint32(at + 4, segment.bytes.length, true)
    record.set(segment.bytes, at + SEGMENT_HEAD_BYTES)
    at += SEGMENT_HEAD_BYTES + padded(segment.bytes.length)
  }
  return record
}

const encoder = new TextEncoder()

/** Segment bytes of text. */
export function text(value: string): Uint8Array {
  return encoder.encode(value)
}

/** Segment bytes of 32-bit words. */
export function words32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true)
  return bytes
}

/** Segment bytes of 64-bit words. */
export function words64(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) {
    view.setBigInt64(index * 8, BigInt.asIntN(64, BigInt(value)), true)
  }
  return bytes
}
