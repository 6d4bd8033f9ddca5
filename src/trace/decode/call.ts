// One call as the argument printers see it: its numbers, its result, and a cursor over the bytes that were fetched.
// One object is reused for all calls; a printer must not keep it.
import { CALL_REFETCHED, SEGMENT_FAULT, SEGMENT_HEAD_BYTES, SEGMENT_TRUNCATED } from '../record.ts'
import { descriptorPath } from './descriptor-path.ts'
import type { Families } from './families.ts'
import type { RecordReader } from './record-reader.ts'

/** What a descriptor of a thread refers to; `fd` is -100 for the working directory. */
export type FdPath = (tid: number, fd: number) => string | undefined

export class Call {
  readonly families: Families
  /** -s: bytes of a string, elements of an array */
  readonly stringLimit: number
  readonly fdPath: FdPath | undefined

  readonly lo = new Uint32Array(6)
  readonly hi = new Uint32Array(6)
  tid = 0
  /** 32-bit call: words are 4 bytes */
  compat = false
  /** false for a call of which only the entry is known */
  returned = false
  /** returned with an error, or not returned */
  failed = false
  errno = 0
  retLo = 0
  retHi = 0

  // the segment that `input`, `output` or `next` found
  bytes: Uint8Array = NOTHING.bytes
  view: DataView = NOTHING.view
  at = 0
  length = 0
  op = 0
  truncated = false

  private record: RecordReader | undefined
  private entry: RecordReader | undefined
  private source: RecordReader | undefined
  private segment = -1

  constructor(families: Families, stringLimit: number, fdPath?: FdPath) {
    this.families = families
    this.stringLimit = stringLimit
    this.fdPath = fdPath
  }

  /**
   * `record` is the RECORD_CALL, or the RECORD_ENTER of a call that has not returned; `entry` its RECORD_ENTER.
   * Only the first `argCount` arguments are read.
   */
  load(record: RecordReader, entry: RecordReader | undefined, returned: boolean, argCount: number): void {
    this.record = returned ? record : undefined
    this.entry = returned ? entry : record
    this.tid = record.tid
    this.compat = record.abi === 1
    for (let arg = 0; arg < argCount; arg++) {
      this.lo[arg] = record.argLo(arg)
      this.hi[arg] = this.compat ? 0 : record.argHi(arg)
    }
    this.returned = returned
    this.retLo = record.retLo
    this.retHi = record.retHi
    this.errno = returned ? record.errno : 0
    this.failed = !returned || this.errno !== 0
  }

  isNull(arg: number): boolean {
    return this.lo[arg] === 0 && this.hi[arg] === 0
  }

  /** Finds what was fetched before the call; what could not be read then may have been read after it. */
  input(arg: number): boolean {
    const { entry, record } = this
    if (record !== undefined && (record.flags & CALL_REFETCHED) !== 0 && hasFault(entry, arg))
      return this.find(record, arg) || this.find(entry, arg)
    return this.find(this.entry, arg) || this.find(this.record, arg)
  }

  /** Finds what was fetched after the call. */
  output(arg: number): boolean {
    return this.find(this.record, arg)
  }

  /** The segment behind the current one, if it belongs to the same argument; `length` is 0 for an unreadable one. */
  next(): boolean {
    const { source, segment } = this
    if (source === undefined || segment === -1) return false
    const at = source.after(segment)
    if (at === -1 || source.bytes[at + 1] !== source.bytes[segment + 1]) return false
    this.set(source, at)
    return true
  }

  /**
   * -y: what a descriptor refers to (-100: the working directory), as the kernel half found it at the call's entry; of
   * one that it does not look at, such as those in an array of pollfd, as it is now.
   */
  pathOf(fd: number): string | undefined {
    return this.pathIn(this.entry, this.record, fd)
  }

  pathOfNew(fd: number): string | undefined {
    return this.pathIn(this.record, undefined, fd)
  }

  private pathIn(first: RecordReader | undefined, second: RecordReader | undefined, fd: number) {
    if (this.fdPath === undefined) return undefined
    const found = descriptorPath(first, fd) ?? descriptorPath(second, fd)
    return found === undefined ? this.fdPath(this.tid, fd) : found || undefined
  }

  /** The current segment could not be read. */
  fault = false

  private find(source: RecordReader | undefined, arg: number): boolean {
    if (source === undefined) return false
    const at = source.first[arg]!
    if (at === -1) return false
    this.set(source, at)
    return !this.fault
  }

  private set(source: RecordReader, at: number): void {
    this.source = source
    this.segment = at
    this.bytes = source.bytes
    this.view = source.view
    const flags = source.view.getUint16(at + 2, true)
    this.op = source.bytes[at]!
    this.fault = (flags & SEGMENT_FAULT) !== 0
    this.truncated = (flags & SEGMENT_TRUNCATED) !== 0
    this.length = source.view.getUint32(at + 4, true)
    this.at = at + SEGMENT_HEAD_BYTES
  }
}

/** Whether something of the argument could not be read: of an array, what one of its entries points to. */
function hasFault(record: RecordReader | undefined, arg: number): boolean {
  if (record === undefined) return false
  const { bytes, view } = record
  for (let at = record.first[arg]!; at !== -1 && bytes[at + 1] === arg; at = record.after(at))
    if ((view.getUint16(at + 2, true) & SEGMENT_FAULT) !== 0) return true
  return false
}

const NOTHING = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) }
