// Arrays of counts as histograms: compiled programs keep them as `slots`, one for each power of two or for each step.

import type { BtfValue } from '../btf/index.ts'
import { drawHistogram, type HistogramRow } from '../script/output/histogram.ts'

export type SlotScale =
  /** slot i counts values from 2^i up to, but not with, 2^(i+1); slot 0 also 0 */
  | 'log2'
  /** slot i counts values of i */
  | 'linear'

export type Slots = readonly (number | bigint)[]

const SLOTS_NAME = /^(slots|buckets|hist(ogram)?)$/

/** The member of a value that is a histogram: an array of counts with one of the names in use. */
export function slotsMember(value: BtfValue): string | undefined {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Uint8Array) return undefined
  return Object.keys(value).find(name => SLOTS_NAME.test(name) && asSlots(value[name]!) !== undefined)
}

/** An array of counts as such. */
export function asSlots(value: BtfValue): Slots | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined
  return value.every(each => typeof each === 'number' || typeof each === 'bigint')
    ? (value as (number | bigint)[])
    : undefined
}

/** Lines of ranges, counts and bars, from the first slot that counted something to the last; '' when none did. */
export function drawSlots(slots: Slots, scale: SlotScale = 'log2'): string {
  const first = slots.findIndex(count => Number(count) !== 0)
  if (first < 0) return ''
  let last = slots.length - 1
  while (Number(slots[last]) === 0) last--
  const rows: HistogramRow[] = []
  for (let i = first; i <= last; i++) {
    const [low, high] =
      scale === 'log2' ? [i === 0 ? 0n : 1n << BigInt(i), 2n << BigInt(i)] : [BigInt(i), BigInt(i + 1)]
    rows.push({ low, high, lowText: boundText(low), highText: boundText(high), count: BigInt(slots[i]!) })
  }
  return drawHistogram({ kind: 'histogram', rows })
}

/** Powers of two from 2^10 on in K, M, G …; other numbers as they are. */
function boundText(bound: bigint): string {
  let [rest, suffix] = [bound, 0]
  while (rest >= 1024n && rest % 1024n === 0n && suffix < SUFFIXES.length - 1) {
    rest /= 1024n
    suffix++
  }
  return `${rest}${SUFFIXES[suffix]}`
}

const SUFFIXES = ['', 'K', 'M', 'G', 'T', 'P', 'E']
