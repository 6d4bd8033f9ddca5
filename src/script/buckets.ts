// The buckets of `hist`, `lhist` and `tseries`: how many there are, which one a value falls into, and what range
// each stands for. The kernel half computes the same index with shifts; `bucketOf` is its plain model.
//
//     hist(n, k), k bits of detail within each power of two:
//         bucket 0            below zero
//         bucket 1 + i        i itself, for i < 2^(k+1)
//         and then 2^k buckets for each further power of two
//
//     lhist(n, min, max, step):
//         bucket 0            below min
//         bucket 1 + i        [min + i * step, min + (i + 1) * step)
//         the last            from the step that max lies in on
//
//     tseries: for each interval kept three u64: the interval's number, the value, how many values

import type { AggregateType } from './type.ts'

type Hist = Extract<AggregateType, { kind: 'hist' }>
type Lhist = Extract<AggregateType, { kind: 'lhist' }>
type Tseries = Extract<AggregateType, { kind: 'tseries' }>

export interface Bucket {
  /** absent: from the smallest number on */
  readonly low?: bigint
  /** exclusive; absent: up to the largest number */
  readonly high?: bigint
}

/** u64 words that the value takes. */
export function bucketCount(type: Hist | Lhist | Tseries): number {
  switch (type.kind) {
    case 'hist':
      return 1 + histSlots(type.bits)
    case 'lhist':
      return 2 + Number((type.max - type.min) / type.step)
    case 'tseries':
      return 3 * type.buckets
  }
}

/** The bucket that `value`, a signed 64-bit number, is counted in. */
export function bucketOf(type: Hist | Lhist, value: bigint): number {
  if (type.kind === 'lhist') {
    if (value < type.min) return 0
    if (value > type.max) return bucketCount(type) - 1
    return 1 + Number((value - type.min) / type.step)
  }
  if (value < 0n) return 0
  const detail = 1n << BigInt(type.bits)
  if (value < 2n * detail) return 1 + Number(value)
  const power = value.toString(2).length - 1
  const group = power - type.bits
  const within = (value >> BigInt(group)) - detail
  return 1 + Number(BigInt(group + 1) * detail + within)
}

/** The range that bucket `index` stands for. */
export function bucketRange(type: Hist | Lhist, index: number): Bucket {
  if (type.kind === 'lhist') {
    if (index === 0) return { high: type.min }
    const low = type.min + BigInt(index - 1) * type.step
    if (index === bucketCount(type) - 1) return { low }
    return { low, high: low + type.step }
  }
  if (index === 0) return { high: 0n }
  const slot = index - 1
  const detail = 1 << type.bits
  if (slot < 2 * detail) return { low: BigInt(slot), high: BigInt(slot + 1) }
  const group = Math.floor(slot / detail) - 1
  const low = BigInt(detail + (slot % detail)) << BigInt(group)
  return { low, high: low + (1n << BigInt(group)) }
}

/** Values of 0 to 2^63 - 1: 2^(k+1) of their own, then 2^k for each power of two up to the 62nd. */
function histSlots(bits: number): number {
  const detail = 1 << bits
  return 2 * detail + detail * (62 - bits)
}
