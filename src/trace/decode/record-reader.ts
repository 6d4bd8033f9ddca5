// One trace record (src/trace/record.ts) read in place: no copy, no object a record. A reader is reused for every
// record of its memory; what it says is valid until the next `read`.
import {
  ABI_COMPAT,
  CALL_HAS_SEGMENTS,
  MAX_ARGS,
  OFFSET_ARGS,
  OFFSET_RET,
  OFFSET_START,
  OFFSET_TIME,
  RECORD_CALL,
  RECORD_ENTER,
  RECORD_EXEC,
  RECORD_FIXED_BYTES,
  SEGMENT_HEAD_BYTES,
  SEGMENT_NO_ARG,
} from '../record.ts'

/** Segments a record may have: argv of the longest command line that is still fetched, and some. */
export const MAX_SEGMENTS = 1 << 16

export class RecordReader {
  bytes: Uint8Array = EMPTY
  view: DataView = new DataView(EMPTY.buffer)
  offset = 0
  /** end of the record in `bytes` */
  end = 0

  kind = 0
  abi = 0
  flags = 0
  argCount = 0
  tid = 0
  tgid = 0
  nr = 0
  retLo = 0
  retHi = 0
  /** first segment of each argument, or -1; segments of one argument follow one another */
  readonly first = new Int32Array(6).fill(-1)

  /** Reads from this memory from now on. Cheap when the memory is the same as before. */
  use(bytes: Uint8Array): void {
    if (bytes === this.bytes) return
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /**
   * Reads the record of `length` bytes at `offset`. False when it is malformed: too short, of unknown kind, or with a
   * segment that runs past its end. Nothing of a malformed record may be used but the fixed part's first 24 bytes,
   * and these only when `length` covers them.
   */
  read(offset: number, length: number): boolean {
    this.offset = offset
    this.end = offset + length
    const { first } = this
    // a call of fill costs more than all the rest
    for (let arg = 0; arg < 6; arg++) first[arg] = -1
    if (length < RECORD_FIXED_BYTES || this.end > this.bytes.length || offset < 0) {
      this.kind = 0
      return false
    }
    const { view } = this
    const head = view.getUint32(offset, true)
    this.kind = head & 0xff
    this.abi = (head >>> 8) & 0xff
    this.flags = (head >>> 16) & 0xff
    this.argCount = head >>> 24
    this.tid = view.getUint32(offset + 4, true)
    this.tgid = view.getUint32(offset + 8, true)
    this.nr = view.getUint32(offset + 12, true)
    this.retLo = view.getUint32(offset + OFFSET_RET, true)
    this.retHi = view.getUint32(offset + OFFSET_RET + 4, true)
    if (this.kind < RECORD_CALL || this.kind > RECORD_EXEC || this.abi > 1 || this.argCount > MAX_ARGS)
      return false
    if (this.fixedBytes > length) return false
    return (this.flags & CALL_HAS_SEGMENTS) === 0 || this.indexSegments()
  }

  /** Bytes before the first segment. */
  get fixedBytes(): number {
    return RECORD_FIXED_BYTES + 8 * this.argCount
  }

  private indexSegments(): boolean {
    const { view, end, first } = this
    let at = this.offset + this.fixedBytes
    for (let count = 0; at < end; count++) {
      if (count === MAX_SEGMENTS || at + SEGMENT_HEAD_BYTES > end) return false
      const arg = view.getUint8(at + 1)
      const next = at + segmentBytes(view.getUint32(at + 4, true))
      if ((arg > 5 && arg !== SEGMENT_NO_ARG) || next > end) return false
      if (first[arg] === -1) first[arg] = at
      at = next
    }
    return true
  }

  /** True when this record describes a call: its `args` mean something. */
  get isCall(): boolean {
    return this.kind === RECORD_CALL || this.kind === RECORD_ENTER
  }

  /** RECORD_CALL: the positive error number, 0 when the call succeeded; 512 and more are the kernel's own restarts. */
  get errno(): number {
    const ret = this.retLo | 0
    return ret < 0 && ret >= -4095 && (this.abi === ABI_COMPAT || (this.retHi | 0) === -1) ? -ret : 0
  }

  /** Low and high half of an argument; 0 for one that the record does not have. */
  argLo(arg: number): number {
    if (arg >= this.argCount) return 0
    return this.view.getUint32(this.offset + OFFSET_ARGS + arg * 8, true)
  }
  argHi(arg: number): number {
    if (arg >= this.argCount) return 0
    return this.view.getUint32(this.offset + OFFSET_ARGS + arg * 8 + 4, true)
  }

  /** CLOCK_MONOTONIC ns; exact below 2^53 (104 days of uptime), else to a few ns */
  get timeNs(): number {
    return this.u64(OFFSET_TIME)
  }
  get startNs(): number {
    return this.u64(OFFSET_START)
  }
  /** End minus start, from the halves: exact whatever the uptime is. 0 when times were not recorded. */
  get durationNs(): number {
    const { view, offset } = this
    const lo = view.getUint32(offset + OFFSET_TIME, true) - view.getUint32(offset + OFFSET_START, true)
    const hi =
      view.getUint32(offset + OFFSET_TIME + 4, true) - view.getUint32(offset + OFFSET_START + 4, true)
    const duration = hi * 0x100000000 + lo
    return Math.max(duration, 0)
  }

  private u64(field: number): number {
    const { view, offset } = this
    return view.getUint32(offset + field + 4, true) * 0x100000000 + view.getUint32(offset + field, true)
  }

  /** Offset of the first segment, or -1 when there is none. */
  get firstSegment(): number {
    const at = this.offset + this.fixedBytes
    return (this.flags & CALL_HAS_SEGMENTS) !== 0 && at < this.end ? at : -1
  }

  /** Offset of the segment after the one at `at`, or -1 at the end of the record. */
  after(at: number): number {
    const next = at + segmentBytes(this.view.getUint32(at + 4, true))
    return next < this.end ? next : -1
  }
}

function segmentBytes(byteLength: number): number {
  return SEGMENT_HEAD_BYTES + Math.ceil(byteLength / 8) * 8
}

const EMPTY = new Uint8Array(0)
