// A printf bound to the layout of its record: made once for each action, run for each event. What is common, numbers
// and strings without padding, goes from the record to the output without a string in between (a line of two numbers
// and a string in some 100 ns); the rest takes the way over shown values.

import type { ByteWriter } from '../../text/index.ts'
import { placeElements } from '../layout.ts'
import { type ScriptType, tuple } from '../type.ts'
import { applySpec, type Format, type FormatSpec, parseFormat } from './format.ts'
import type { Names } from './names.ts'
import { decodeShown } from './shown.ts'

/** What to do for one conversion. Kind codes and not closures, so that the loop stays one. */
const STRING = 0
const INT32 = 1
const UINT32 = 2
const INT64 = 3
const UINT64 = 4
const HEX = 5
const OTHER = 6

export class Printf {
  readonly #format: Format
  readonly #types: readonly ScriptType[]
  readonly #names: Names
  readonly #fragments: readonly Uint8Array[]
  readonly #kinds: Uint8Array
  /** bytes of the argument as stored; of a string its capacity */
  readonly #sizes: Uint32Array
  readonly #signed: Uint8Array
  /** length at which a string was cut; none of an array of C */
  readonly #cutAt: readonly number[]
  readonly #offsets: Uint32Array

  /** @param format a byte string */
  constructor(format: string, types: readonly ScriptType[], names: Names) {
    this.#format = parseFormat(format)
    this.#types = types
    this.#names = names
    this.#fragments = this.#format.fragments.map(text => Buffer.from(text, 'latin1'))
    this.#kinds = Uint8Array.from(types, (type, i) => kindOf(type, this.#format.specs[i]!))
    this.#sizes = Uint32Array.from(types, sizeOf)
    this.#signed = Uint8Array.from(types, type => (type.kind === 'integer' && type.signed ? 1 : 0))
    this.#cutAt = types.map(type =>
      type.kind === 'string' && !type.whole ? type.capacity : Number.POSITIVE_INFINITY,
    )
    this.#offsets = Uint32Array.from(placeElements(tuple(types)).offsets)
  }

  /**
   * Writes the line. `at` is where the arguments begin and `end` where the record ends: a last string may be cut to
   * its content.
   */
  write(out: ByteWriter, view: DataView, bytes: Uint8Array, at: number, end: number): void {
    const fragments = this.#fragments
    const kinds = this.#kinds
    writeBytes(out, fragments[0]!)
    for (let i = 0; i < kinds.length; i++) {
      const from = at + this.#offsets[i]!
      switch (kinds[i]) {
        case STRING:
          this.#string(out, bytes, from, Math.min(end, from + this.#sizes[i]!), this.#cutAt[i]!)
          break
        case INT32:
          out.i32(this.#low(view, from, i))
          break
        case UINT32:
          out.u64(this.#low(view, from, i), 0)
          break
        case INT64:
          out.i64(this.#low(view, from, i), this.#high(view, from, i))
          break
        case UINT64:
          out.u64(this.#low(view, from, i), this.#high(view, from, i))
          break
        case HEX:
          this.#hex(out, this.#low(view, from, i), this.#specIs64(i) ? this.#high(view, from, i) : 0)
          break
        default:
          this.#other(out, view, from, end, i)
      }
      writeBytes(out, fragments[i + 1]!)
    }
  }

  /** The whole text as a byte string: for output that is not text. */
  text(view: DataView, at: number, end: number): string {
    let text = this.#format.fragments[0]!
    for (let i = 0; i < this.#types.length; i++) {
      text += this.#slowText(view, at + this.#offsets[i]!, end, i) + this.#format.fragments[i + 1]!
    }
    return text
  }

  #string(out: ByteWriter, bytes: Uint8Array, from: number, end: number, cutAt: number): void {
    let to = from
    while (to < end && bytes[to] !== 0) to++
    out.copy(bytes, from, to - from)
    if (to - from === cutAt) out.ascii(this.#names.truncationTrailer)
  }

  #hex(out: ByteWriter, low: number, high: number): void {
    let digits = 1
    if (high !== 0) digits = 16 - (Math.clz32(high) >>> 2)
    else if (low !== 0) digits = 8 - (Math.clz32(low) >>> 2)
    out.hexDigits(low, high, digits)
  }

  #other(out: ByteWriter, view: DataView, from: number, end: number, i: number): void {
    writeByteString(out, this.#slowText(view, from, end, i))
  }

  #slowText(view: DataView, from: number, end: number, i: number): string {
    const type = this.#types[i]!
    const shown = decodeShown(cutTo(type, end - from), view, from, this.#names)
    return applySpec(this.#format.specs[i]!, shown)
  }

  #specIs64(i: number): boolean {
    return is64(this.#format.specs[i]!)
  }

  /** The lower half, sign- or zero-extended from the argument's size. */
  #low(view: DataView, from: number, i: number): number {
    switch (this.#sizes[i]) {
      case 1:
        return this.#signed[i] ? view.getInt8(from) : view.getUint8(from)
      case 2:
        return this.#signed[i] ? view.getInt16(from, true) : view.getUint16(from, true)
      default:
        return view.getInt32(from, true)
    }
  }

  #high(view: DataView, from: number, i: number): number {
    if (this.#sizes[i] === 8) return view.getInt32(from + 4, true)
    return this.#signed[i] && this.#low(view, from, i) < 0 ? -1 : 0
  }
}

/** Appends a byte string. */
export function writeByteString(out: ByteWriter, text: string): void {
  out.ascii(text)
}

function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length > 0) out.copy(bytes, 0, bytes.length)
}

function kindOf(type: ScriptType, spec: FormatSpec): number {
  if (spec.width > 0 || spec.plus || spec.alternate) return OTHER
  if (spec.conversion === 's' && type.kind === 'string') return STRING
  if (type.kind !== 'integer' && type.kind !== 'pointer') return OTHER
  switch (spec.conversion) {
    case 'd':
    case 'i':
      return spec.length === '' ? INT32 : is64(spec) ? INT64 : OTHER
    case 'u':
      return spec.length === '' ? UINT32 : is64(spec) ? UINT64 : OTHER
    case 'x':
      return spec.length === '' || is64(spec) ? HEX : OTHER
    case 's':
      return type.kind === 'pointer' ? OTHER : type.signed ? INT64 : UINT64
    default:
      return OTHER
  }
}

function is64({ length }: FormatSpec): boolean {
  return length !== '' && length !== 'h' && length !== 'hh'
}

function sizeOf(type: ScriptType): number {
  if (type.kind === 'integer') return type.bits / 8
  return type.kind === 'string' ? type.capacity : 8
}

/** A string that stands last may be shorter in the record than its type says. */
function cutTo(type: ScriptType, available: number): ScriptType {
  if (type.kind !== 'string' || type.capacity <= available) return type
  return { ...type, capacity: Math.max(available, 0) }
}
