// Strings: read from traced memory, compared by words, searched.

import { bool, equalsBytes, pointer, u8, u64, type Value } from '../../ir/index.ts'
import { layoutOf } from '../layout.ts'
import { string } from '../type.ts'
import type { Datum, Made } from './datum.ts'
import type { Lowering } from './lowering.ts'
import { CLEARED_BYTES, inMemory, textBytes, zero, zeroTail } from './store.ts'

/** A string in traced memory that has not been read yet. */
export interface RemoteString extends Made {
  readonly address: Value
  readonly space: 'kernel' | 'user'
  /** bytes to read at most, when the script says so */
  readonly limit: Value | undefined
}

export function isRemoteString(datum: Datum): datum is RemoteString {
  return datum.kind === 'made' && 'address' in datum
}

/** `str(address, limit)`. */
export function remoteString(
  l: Lowering,
  address: Value,
  space: 'kernel' | 'user',
  capacity: number,
  limit: Value | undefined,
): RemoteString {
  const { b } = l
  // One byte more than is kept, so that a string cut short has no NUL and can be told from a whole one.
  const most = capacity < 1024 && limit === undefined ? capacity + 1 : capacity
  const overrun = most > capacity ? 8 : 0
  const cleared = capacity <= CLEARED_BYTES
  return {
    kind: 'made',
    type: string(capacity),
    beyond: { padded: cleared ? overrun : capacity, plain: overrun },
    address,
    space,
    limit,
    write(to, offset, padded) {
      if (overrun > 0) l.needSlack(overrun)
      if (padded && cleared) zero(l, to, offset, capacity)
      const size = limit === undefined ? b.const(u64, most) : b.clamp(limit, most)
      const result = b.call(`probe_read_${space}_str`, [
        b.offset(to, offset),
        size,
        b.cast(address, pointer(space)),
      ])
      const failed = b.lt(result, 0)
      const used = b.clamp(b.select(failed, b.const(u64, 0), b.convert(result, u64)), capacity)
      if (padded && !cleared) zeroTail(l, to, offset, used, capacity)
      if (!padded || cleared) b.if(failed, () => b.store(to, offset, 0, u8))
      return b.clamp(b.select(failed, b.const(u64, 1), used), capacity)
    },
  }
}

/** Whether two strings are equal. */
export function stringsEqual(l: Lowering, left: Datum, right: Datum): Value {
  if (left.kind === 'text' && right.kind === 'text') return l.b.const(bool, left.text === right.text ? 1 : 0)
  if (left.kind === 'text') return stringsEqual(l, right, left)
  if (right.kind === 'text') return equalsText(l, left, right.text)
  const a = inMemory(l, left)
  const b = inMemory(l, right)
  const capacity = Math.min(layoutOf(left.type).sizeBytes, layoutOf(right.type).sizeBytes)
  return compareUpTo(
    l,
    [
      { ...a, capacity: layoutOf(left.type).sizeBytes },
      { ...b, capacity: layoutOf(right.type).sizeBytes },
    ],
    capacity,
  )
}

function equalsText(l: Lowering, datum: Datum, text: string): Value {
  const { b } = l
  const { sizeBytes } = layoutOf(datum.type)
  if (text.length > sizeBytes) return b.const(bool, 0)
  if (isRemoteString(datum) && datum.limit === undefined && text.length + 2 <= sizeBytes) {
    // Enough is read to see whether it is longer; a string of another length is not looked at.
    const most = text.length + 2
    const { base, offset } = l.temporary(most, 'compared')
    const result = b.call(`probe_read_${datum.space}_str`, [
      b.offset(base, offset),
      most,
      b.cast(datum.address, pointer(datum.space)),
    ])
    return b.logicalAnd(b.eq(result, text.length + 1), () =>
      equalsBytes(b, base, offset, textBytes(text, text.length)),
    )
  }
  const { base, offset } = inMemory(l, datum)
  // Behind the NUL all is zero, so whole words can be compared.
  const compared = Math.min(sizeBytes, pad(text.length + 1, offset))
  return equalsBytes(b, base, offset, textBytes(text, compared))
}

function pad(length: number, offset: number): number {
  return offset % 8 === 0 ? (length + 7) & ~7 : length
}

interface Bounded {
  readonly base: Value
  readonly offset: number
  readonly capacity: number
}

/** Compares two strings byte by byte to the first NUL, at most `limit` bytes. */
export function compareUpTo(l: Lowering, [left, right]: readonly [Bounded, Bounded], limit: number): Value {
  const { b } = l
  const equal = b.variable(bool, 1)
  const aligned = left.offset % 8 === 0 && right.offset % 8 === 0 && limit % 8 === 0 && limit <= 64
  if (aligned && left.capacity === right.capacity && limit === left.capacity) {
    const same = (at: number): Value =>
      at >= limit
        ? b.const(bool, 1)
        : b.logicalAnd(
            b.eq(b.load(left.base, left.offset + at, u64), b.load(right.base, right.offset + at, u64)),
            () => same(at + 8),
          )
    return same(0)
  }
  b.forRange(0, limit, (i, loop) => {
    const x = b.load(b.offset(left.base, b.clamp(i, left.capacity - 1)), left.offset, u8)
    const y = b.load(b.offset(right.base, b.clamp(i, right.capacity - 1)), right.offset, u8)
    b.if(b.ne(x, y), () => {
      equal.set(0)
      loop.break()
    })
    b.if(b.eq(x, 0), () => loop.break())
  })
  return equal.get()
}

/** The datum of a string expression in memory that can be walked byte by byte. */
export function walkable(l: Lowering, datum: Datum): Bounded {
  const { base, offset } = inMemory(l, datum)
  return { base, offset, capacity: layoutOf(datum.type).sizeBytes }
}
