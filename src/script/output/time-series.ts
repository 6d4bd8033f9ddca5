// `tseries` drawn: one line an interval, a star where the value lies between the smallest and the largest.

import type { AggregateType } from '../type.ts'
import { jsonInteger } from './json.ts'
import { readInteger } from './shown.ts'

type SeriesType = Extract<AggregateType, { kind: 'tseries' }>

/** Consecutive intervals; `value` is absent where nothing was recorded. */
export interface TimeSeries {
  readonly kind: 'time-series'
  readonly intervalNs: bigint
  readonly signed: boolean
  readonly points: readonly { readonly interval: bigint; readonly value?: bigint }[]
}

/** Values by interval number, from a merged value. */
export function seriesSamples(type: SeriesType, view: DataView): Map<bigint, bigint> {
  const samples = new Map<bigint, bigint>()
  for (let slot = 0; slot < type.buckets; slot++) {
    const at = slot * 24
    const count = view.getBigUint64(at + 16, true)
    if (count === 0n) continue
    const value = readInteger(view, at + 8, 64, type.signed)
    samples.set(view.getBigUint64(at, true), type.aggregate === 'avg' ? value / count : value)
  }
  return samples
}

/**
 * The intervals to show, up to `last`: as many as the type keeps, without the empty ones in front.
 * @param last the newest interval of all keys of the map, so that their drawings line up
 */
export function timeSeries(type: SeriesType, samples: ReadonlyMap<bigint, bigint>, last: bigint): TimeSeries {
  const points: { interval: bigint; value?: bigint }[] = []
  for (let interval = last - BigInt(type.buckets) + 1n; interval <= last; interval++) {
    const value = samples.get(interval)
    if (value !== undefined) points.push({ interval, value })
    else if (points.length > 0) points.push({ interval })
  }
  return { kind: 'time-series', intervalNs: type.intervalNs, signed: type.signed, points }
}

const WIDTH = 53
const LABEL_WIDTH = 21

/** The drawing. `epochMs` turns a CLOCK_TAI time in ns into ms since the epoch. */
export function drawTimeSeries(series: TimeSeries, epochMs: (taiNs: bigint) => number): string {
  const values = series.points.flatMap(({ value }) => (value === undefined ? [] : [value]))
  if (values.length === 0) return '<no data>'
  let low = values.reduce((a, b) => (b < a ? b : a))
  let high = values.reduce((a, b) => (b > a ? b : a))
  if (low === high) {
    if (series.signed || low !== 0n) low -= 1n
    high += 1n
  }
  const { suffix, digits } = fractionOf(series.intervalNs)
  const timeWidth = 8 + (digits === 0 ? 0 : digits + 1)
  const bounds = `${low.toString().padEnd(LABEL_WIDTH)}${high.toString().padStart(WIDTH - LABEL_WIDTH)}`
  const zero = low < 0n && high > 0n ? offsetOf(0n, low, high, WIDTH) : 0
  const lines = [
    ' '.repeat(timeWidth + 1) + bounds,
    `${`hh:mm:ss${suffix}`.padEnd(timeWidth + 1)}|${'_'.repeat(WIDTH - 2)}|`,
  ]
  for (const { interval, value } of series.points) {
    const cells = Array<string>(WIDTH).fill(' ')
    cells[0] = '|'
    cells[WIDTH - 1] = '|'
    if (zero > 0) cells[zero] = '.'
    if (value !== undefined) cells[offsetOf(value, low, high, WIDTH - 1)] = '*'
    const startNs = interval * series.intervalNs
    const time = clockText(epochMs(startNs), startNs, digits)
    lines.push(`${time} ${cells.join('')} ${value === undefined ? '-' : value}`)
  }
  lines.push(`${' '.repeat(timeWidth)} v${'_'.repeat(WIDTH - 2)}v`, `${' '.repeat(timeWidth)} ${bounds}`)
  return lines.map(line => `${line}\n`).join('')
}

/** `[{"interval_start":"…","value":1}]` */
export function timeSeriesJson(series: TimeSeries, epochMs: (taiNs: bigint) => number): string {
  const points = series.points.flatMap(({ interval, value }) => {
    if (value === undefined) return []
    const startNs = interval * series.intervalNs
    const date = new Date(epochMs(startNs))
    const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(n =>
      n.toString().padStart(2, '0'),
    )
    return [
      `{"interval_start":"${day.join('-')} ${clockText(date.getTime(), startNs, 9)}","value":${jsonInteger(value)}}`,
    ]
  })
  return `[${points.join(',')}]`
}

function offsetOf(value: bigint, low: bigint, high: bigint, width: number): number {
  const offset = Math.trunc((width * Number(value - low)) / Number(high - low))
  return Math.max(0, Math.min(WIDTH - 1, offset))
}

/** The length of an interval decides how many digits of the second are shown. */
function fractionOf(intervalNs: bigint): { readonly suffix: string; readonly digits: number } {
  if (intervalNs >= 1_000_000_000n) return { suffix: '', digits: 0 }
  if (intervalNs >= 1_000_000n) return { suffix: '.ms', digits: 3 }
  if (intervalNs >= 1_000n) return { suffix: '.us', digits: 6 }
  return { suffix: '.ns', digits: 9 }
}

/** `hh:mm:ss` in local time, with `digits` digits of the second. */
function clockText(epochMs: number, ns: bigint, digits: number): string {
  const date = new Date(epochMs)
  const two = (n: number) => n.toString().padStart(2, '0')
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  if (digits === 0) return time
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0').slice(0, digits)
  return `${time}.${fraction}`
}
