// Comparing memory with bytes known beforehand, and writing those, word by word. Copying, zeroing and filling are
// methods of the builder.

import type { Builder } from '../builder.ts'
import { pieces, type Value } from '../operand.ts'
import { bool } from '../types.ts'

/**
 * Whether `sizeBytes` at `left + leftOffset` equal those at `right + rightOffset`. Both are read up to the first word that differs,
 * in words as wide as the alignment of the offsets allows.
 */
export function sameBytes(
  b: Builder,
  left: Value,
  leftOffset: number,
  right: Value,
  rightOffset: number,
  sizeBytes: number,
): Value {
  const words = pieces(sizeBytes, leftOffset, rightOffset).map(
    ([at, type]) =>
      () =>
        b.eq(b.load(left, leftOffset + at, type), b.load(right, rightOffset + at, type)),
  )
  return allOf(b, words)
}

/**
 * Whether the bytes at `address + offset` are `expected`: one compare with a constant for each word, up to the first
 * that differs. `bigEndian`: of the machine the program is for.
 */
export function equalsBytes(
  b: Builder,
  address: Value,
  offset: number,
  expected: Uint8Array,
  bigEndian = false,
): Value {
  const words = pieces(expected.length, offset).map(([at, type]) => {
    const bytes = expected.subarray(at, at + type.bits / 8)
    return () => b.eq(b.load(address, offset + at, type), wordOf(bytes, bigEndian))
  })
  return allOf(b, words)
}

/** Writes `bytes` at `address + offset`, a constant for each word. `bigEndian`: of the machine the program is for. */
export function storeBytes(
  b: Builder,
  address: Value,
  offset: number,
  bytes: Uint8Array,
  bigEndian = false,
): void {
  for (const [at, type] of pieces(bytes.length, offset)) {
    b.store(address, offset + at, wordOf(bytes.subarray(at, at + type.bits / 8), bigEndian), type)
  }
}

function wordOf(bytes: Uint8Array, bigEndian: boolean): bigint {
  const significantFirst = bigEndian ? bytes : bytes.toReversed()
  return significantFirst.reduce((word, byte) => (word << 8n) | BigInt(byte), 0n)
}

/** Each is computed only if those before it hold. */
function allOf(b: Builder, conditions: readonly (() => Value)[]): Value {
  const [first, ...rest] = conditions
  if (first === undefined) return b.const(bool, 1)
  return rest.length === 0 ? first() : b.logicalAnd(first(), () => allOf(b, rest))
}
