// `hist` and `lhist` drawn: the buckets from the first to the last that counted something.

import { bucketCount, bucketRange } from '../buckets.ts'
import type { AggregateType } from '../type.ts'
import { jsonObject } from './json.ts'

/** Filled buckets, in order and without gaps. */
export interface Histogram {
  readonly kind: 'histogram'
  readonly rows: readonly HistogramRow[]
}

/** Counts of values from `low` up to, but not with, `high`; absent where there is no bound. */
export interface HistogramRow {
  readonly low?: bigint
  readonly high?: bigint
  readonly lowText: string
  readonly highText: string
  readonly count: bigint
}

type HistogramType = Extract<AggregateType, { kind: 'hist' | 'lhist' }>

const BAR_WIDTH = 52

/** `counts` are the value's words. `div` divides the counts of a `hist`; linear ones are never divided. */
export function histogram(type: HistogramType, counts: readonly bigint[], div: bigint): Histogram {
  let first = counts.findIndex(count => count > 0n)
  let last = counts.length - 1
  while (last > first && counts[last] === 0n) last--
  if (first < 0) {
    first = 0
    last = -1
  }
  const rows: HistogramRow[] = []
  for (let i = first; i <= last; i++) {
    const { low, high } = bucketRange(type, i)
    const count = type.kind === 'hist' ? counts[i]! / div : counts[i]!
    rows.push({
      ...(low === undefined ? {} : { low }),
      // bpftrace draws the last bucket of powers of two as closed; it is, as values are signed
      ...(high === undefined ? {} : { high }),
      lowText: low === undefined ? '...' : boundText(type, low),
      highText: high === undefined ? '...' : boundText(type, high),
      count,
    })
  }
  return { kind: 'histogram', rows }
}

/** Lines of ranges, counts and bars, each ended by a newline. */
export function drawHistogram(histogram: Histogram): string {
  let most = 0n
  for (const { count } of histogram.rows) if (count > most) most = count
  return histogram.rows.map(row => `${drawRow(row, most)}\n`).join('')
}

function drawRow(row: HistogramRow, most: bigint): string {
  const bar = most === 0n ? '' : '@'.repeat(Math.trunc((Number(row.count) / Number(most)) * BAR_WIDTH))
  return `${rangeText(row).padEnd(16)}${row.count.toString().padStart(8)} |${bar.padEnd(BAR_WIDTH)}|`
}

function rangeText({ low, high, lowText, highText }: HistogramRow): string {
  if (low === undefined) return `(..., ${highText})`
  if (high === undefined) return `[${lowText}, ...)`
  return isSingle(low, lowText, high, highText) ? `[${lowText}]` : `[${lowText}, ${highText})`
}

/** One value alone, told by its number; a bucket whose bound has a suffix is always shown as a range. */
function isSingle(low: bigint, lowText: string, high: bigint, highText: string): boolean {
  return high - low === 1n && lowText === low.toString() && highText === high.toString()
}

/** `[{"min": 4, "max": 7, "count": 1}]`: JSON's ranges are closed. */
export function histogramJson(histogram: Histogram): string {
  const rows = histogram.rows.map(({ low, high, count }) =>
    jsonObject([
      ...(low === undefined ? [] : [['min', low.toString()] as const]),
      ...(high === undefined ? [] : [['max', (high - 1n).toString()] as const]),
      ['count', count.toString()],
    ]),
  )
  return `[${rows.join(',')}]`
}

function boundText(type: HistogramType, bound: bigint): string {
  return type.kind === 'hist' ? powerText(type, bound) : linearText(bound, type.step)
}

/** 2048 is 2K: the suffix is chosen by the power of two that the bucket belongs to. */
function powerText(type: Extract<HistogramType, { kind: 'hist' }>, bound: bigint): string {
  if (bound < 1n << BigInt(type.bits + 1)) return bound.toString()
  const power = bound.toString(2).length - 1 - type.bits
  const decade = Math.floor(power / 10)
  return `${bound >> BigInt(10 * decade)}${['', 'K', 'M', 'G', 'T', 'P', 'E'][decade]!}`
}

/** Steps of whole 1024s are shown in K and M. */
function linearText(bound: bigint, step: bigint): string {
  if (step % 1024n !== 0n || bound === 0n) return bound.toString()
  if (bound % 1048576n === 0n) return `${bound / 1048576n}M`
  if (bound % 1024n === 0n) return `${bound / 1024n}K`
  return bound.toString()
}

/** For sorting: values counted in all buckets. */
export function histogramTotal(counts: readonly bigint[]): bigint {
  return counts.reduce((sum, count) => sum + count, 0n)
}

/** The u64 words of a histogram's merged value. */
export function histogramCounts(type: HistogramType, view: DataView): bigint[] {
  return Array.from({ length: bucketCount(type) }, (_, i) => view.getBigUint64(i * 8, true))
}
