// Putting values where they are wanted, in the layout of the type that is wanted there: integers widened, strings
// filled up with zeros, tuples element by element. Every byte is written, because map keys compare by bytes.

import { type Builder, bool, pointer, storeBytes, u8, u64, type Value } from '../../ir/index.ts'
import type { Node } from '../ast.ts'
import { isCastable } from '../check/promote.ts'
import { layoutOf, placeElements } from '../layout.ts'
import { visitChildren } from '../tree.ts'
import type { ScriptType, TupleType } from '../type.ts'
import { type Datum, isScalar, registerType, wordCount } from './datum.ts'
import type { Area, Lowering } from './lowering.ts'

/** Up to this many bytes a buffer is cleared before it is filled; above, only what was not filled is. */
export const CLEARED_BYTES = 64
/** Above this many bytes a helper copies and zeroes faster than single instructions. */
const INLINE_BYTES = 128

/** Writes `datum` as a value of `type` at `to + offset`. */
export function store(l: Lowering, datum: Datum, type: ScriptType, to: Value, offset: number): void {
  const { b } = l
  if (isScalar(type)) {
    b.store(to, offset, toScalar(l, datum, type), registerType(type))
    return
  }
  switch (datum.kind) {
    case 'words':
      for (const [i, word] of datum.words.entries()) b.store(to, offset + 8 * i, word, u64)
      return
    case 'text':
      storeText(l, datum.text, layoutOf(type).sizeBytes, to, offset)
      return
    case 'tuple':
    case 'bytes':
      if (type.kind === 'tuple' && datum.type.kind === 'tuple') {
        if (datum.kind === 'bytes' && sameLayout(datum.type, type)) {
          copy(l, to, offset, datum, layoutOf(type).sizeBytes)
        } else storeTuple(l, datum, type, to, offset)
        return
      }
      if (datum.kind === 'bytes') copyPadded(l, datum, type, to, offset)
      return
    case 'remote':
      readRemote(l, datum, to, offset, Math.min(layoutOf(type).sizeBytes, layoutOf(datum.type).sizeBytes))
      fillFrom(l, to, offset, layoutOf(datum.type).sizeBytes, layoutOf(type).sizeBytes)
      if (type.kind === 'string') endString(l, to, offset, layoutOf(type).sizeBytes)
      return
    case 'made': {
      datum.write(to, offset, true)
      fillFrom(l, to, offset, layoutOf(datum.type).sizeBytes, layoutOf(type).sizeBytes)
      return
    }
    case 'scalar':
    case 'none':
      zero(l, to, offset, layoutOf(type).sizeBytes)
  }
}

/** Zeroes from one size to the next. */
function fillFrom(l: Lowering, to: Value, offset: number, from: number, end: number): void {
  if (end > from) zero(l, to, offset + from, end - from)
}

/** Character arrays of the kernel may hold anything behind their NUL: cleared, so that equal strings are equal bytes. */
function endString(l: Lowering, to: Value, offset: number, sizeBytes: number): void {
  if (sizeBytes > 64) return
  const { b } = l
  const ended = b.variable(bool, 0)
  for (let i = 0; i < sizeBytes; i++) {
    ended.set(b.or(ended.get(), b.eq(b.load(to, offset + i, u8), 0)))
    b.store(to, offset + i, b.select(ended.get(), b.const(u8, 0), b.load(to, offset + i, u8)))
  }
}

function storeText(l: Lowering, text: string, sizeBytes: number, to: Value, offset: number): void {
  const words = Math.min(sizeBytes, (Math.min(text.length, sizeBytes) + 8) & ~7)
  storeBytes(l.b, to, offset, textBytes(text, words))
  if (sizeBytes > words) zero(l, to, offset + words, sizeBytes - words)
}

/** The first `length` bytes of a text and of zeros behind it. A script's texts hold a byte in each character. */
export function textBytes(text: string, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i < text.length ? text.charCodeAt(i) & 0xff : 0))
}

function storeTuple(l: Lowering, datum: Datum, type: TupleType, to: Value, offset: number): void {
  const { offsets, sizeBytes } = placeElements(type)
  let end = 0
  for (const [i, element] of type.elements.entries()) {
    const from = type.names === undefined ? i : (datum.type as TupleType).names!.indexOf(type.names[i]!)
    const at = offsets[i]!
    if (at > end) l.b.zero(to, offset + end, at - end)
    store(l, elementOf(l, datum, from), element, to, offset + at)
    end = at + layoutOf(element).sizeBytes
  }
  if (sizeBytes > end) l.b.zero(to, offset + end, sizeBytes - end)
}

/** The element of a tuple. */
export function elementOf(l: Lowering, datum: Datum, index: number): Datum {
  if (datum.kind === 'tuple') return datum.elements[index]!
  const type = datum.type as TupleType
  const { base, offset } = inMemory(l, datum)
  return at(l, type.elements[index]!, base, offset + placeElements(type).offsets[index]!)
}

/** The value of a type that lies at `base + offset`. */
export function at(l: Lowering, type: ScriptType, base: Value, offset: number): Datum {
  if (isScalar(type) && !isCastable(type)) {
    return { kind: 'scalar', type, value: l.b.load(base, offset, registerType(type)) }
  }
  const words = wordCount(type)
  if (words > 0) {
    return {
      kind: 'words',
      type,
      words: Array.from({ length: words }, (_, i) => l.b.load(base, offset + 8 * i, u64)),
    }
  }
  return { kind: 'bytes', type, base, offset }
}

function sameLayout(a: TupleType, b: TupleType): boolean {
  if (a.elements.length !== b.elements.length) return false
  return a.elements.every((element, i) => {
    const other = b.elements[i]!
    if (a.names !== undefined && a.names[i] !== b.names?.[i]) return false
    if (element.kind === 'tuple') return other.kind === 'tuple' && sameLayout(element, other)
    const [x, y] = [layoutOf(element), layoutOf(other)]
    return element.kind === other.kind && x.sizeBytes === y.sizeBytes
  })
}

function copyPadded(
  l: Lowering,
  from: Extract<Datum, { kind: 'bytes' }>,
  type: ScriptType,
  to: Value,
  offset: number,
): void {
  const have = layoutOf(from.type).sizeBytes
  const want = layoutOf(type).sizeBytes
  copy(l, to, offset, from, Math.min(have, want))
  fillFrom(l, to, offset, have, want)
  if (type.kind === 'string' && isContext(from.base)) endString(l, to, offset, want)
}

function isContext(base: Value): boolean {
  return base.type.kind === 'pointer' && base.type.space === 'context'
}

function copy(l: Lowering, to: Value, offset: number, from: Area, sizeBytes: number): void {
  const { b } = l
  if (sizeBytes <= INLINE_BYTES || isContext(from.base)) b.copy(to, offset, from.base, from.offset, sizeBytes)
  else b.call('probe_read_kernel', [b.offset(to, offset), sizeBytes, b.offset(from.base, from.offset)])
}

/** Zeroes memory: a helper that fails to read clears what it was to fill. */
export function zero(l: Lowering, to: Value, offset: number, sizeBytes: number): void {
  const { b } = l
  if (sizeBytes <= INLINE_BYTES) b.zero(to, offset, sizeBytes)
  else b.call('probe_read_kernel', [b.offset(to, offset), sizeBytes, 0])
}

/**
 * Zeroes what follows the first `used` bytes of `capacity` at `to + offset`. For the verifier the buffer must go on for
 * another `capacity` bytes, see `needSlack`.
 */
export function zeroTail(l: Lowering, to: Value, offset: number, used: Value, capacity: number): void {
  const { b } = l
  l.needSlack(capacity)
  const bounded = b.clamp(used, capacity)
  const rest = b.clamp(b.sub(b.const(u64, capacity), bounded), capacity)
  b.call('probe_read_kernel', [b.offset(b.offset(to, offset), bounded), rest, 0])
}

/** Copies an object out of memory that only a helper reads; zeros where it cannot. */
export function readRemote(
  l: Lowering,
  { address, space }: { readonly address: Value; readonly space: 'kernel' | 'user' },
  to: Value,
  offset: number,
  sizeBytes: number,
): void {
  const { b } = l
  b.call(`probe_read_${space}`, [b.offset(to, offset), sizeBytes, b.cast(address, pointer(space))])
}

/** The value as a scalar of `type`; what is not a number is 0. */
export function toScalar(l: Lowering, datum: Datum, type: ScriptType): Value {
  const { b } = l
  const wanted = registerType(type)
  if (datum.kind === 'scalar') {
    const { value } = datum
    if (wanted.kind === 'bool' || wanted.kind === 'int') {
      if (value.type.kind === 'pointer') return b.convert(b.cast(value, u64), wanted)
      return b.convert(value, wanted)
    }
    return value
  }
  if (datum.kind === 'bytes' || datum.kind === 'remote') {
    // An array of the size of a number, cast to it.
    const { base, offset } = inMemory(l, datum)
    return b.load(base, offset, wanted)
  }
  if (datum.kind === 'text') {
    const bytes = Buffer.alloc(8)
    bytes.write(datum.text, 'latin1')
    return b.convert(b.const(u64, bytes.readBigUInt64LE()), wanted as typeof u64)
  }
  if (datum.kind === 'words') return b.convert(datum.words[0]!, wanted as typeof u64)
  return b.const(wanted, 0)
}

/** The value in memory that the verifier knows; written to a buffer if it is not there. */
export function inMemory(l: Lowering, datum: Datum): Area {
  if (datum.kind === 'bytes' && !isContext(datum.base)) return datum
  const area = l.temporaryFor(datum.type, datum.kind)
  store(l, datum, datum.type, area.base, area.offset)
  return area
}

/**
 * A value that is about to be written over `name`, a variable or a map: made elsewhere first when its expression reads
 * what it is written over, as in `$t = ($t.1, $t.0)`.
 */
export function apart(l: Lowering, datum: Datum, node: Node, name: string): Datum {
  if (datum.kind !== 'made' && datum.kind !== 'tuple') return datum
  if (!reads(node, name)) return datum
  const { base, offset } = inMemory(l, datum)
  return { kind: 'bytes', type: datum.type, base, offset }
}

function reads(node: Node, name: string): boolean {
  if ((node.kind === 'variable' || node.kind === 'map') && node.name === name) return true
  let found = false
  visitChildren(node, child => {
    found ||= reads(child, name)
  })
  return found
}

/** The address of a value in memory, for helpers. */
export function addressOf(l: Lowering, area: Area): Value {
  return area.offset === 0 ? area.base : l.b.offset(area.base, area.offset)
}

/** A condition out of any value. */
export function truthOf(l: Lowering, datum: Datum): Value {
  const { b } = l
  if (datum.kind === 'scalar') {
    return datum.value.type.kind === 'bool' ? datum.value : b.ne(toU64(b, datum.value), 0)
  }
  if (datum.type.kind === 'string') {
    if (datum.kind === 'text') return b.const(bool, datum.text === '' ? 0 : 1)
    const { base, offset } = inMemory(l, datum)
    return b.ne(b.load(base, offset, u8), 0)
  }
  return b.ne(toScalar(l, datum, { kind: 'integer', bits: 64, signed: false }), 0)
}

export function toU64(b: Builder, value: Value): Value {
  return value.type.kind === 'pointer' ? b.cast(value, u64) : b.convert(value, u64)
}
