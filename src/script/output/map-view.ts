// A map as it is shown: its elements merged over the CPUs, sorted as bpftrace sorts them, cut to the top few.

import type { ScriptMap } from '../compiled.ts'
import { layoutOf, placeElements } from '../layout.ts'
import type { ScriptType } from '../type.ts'
import { type Histogram, histogram, histogramCounts, histogramTotal } from './histogram.ts'
import { mergeShares } from './merge.ts'
import type { Names } from './names.ts'
import { decodeShown, readInteger, type Shown } from './shown.ts'
import { seriesSamples, type TimeSeries, timeSeries } from './time-series.ts'

/** An element as it was read: the value of every CPU, one after another. */
export interface RawElement {
  readonly key: Uint8Array
  readonly shares: Uint8Array
}

export type ShownElement = Shown | Histogram | TimeSeries

export interface MapView {
  readonly name: string
  /** the JSON message's type */
  readonly of: 'map' | 'stats' | 'hist' | 'tseries'
  /** a map without keys has one element, or none when the script never wrote it */
  readonly scalar: boolean
  readonly elements: readonly { readonly key: Shown; readonly value: ShownElement }[]
}

export interface MapViewOptions {
  /** only the last elements in sorted order; 0 shows all */
  readonly top?: number
  /** values are divided by it; 0 counts as 1 */
  readonly div?: number
}

/**
 * @param strideBytes between the shares of two CPUs in `shares`
 */
export function mapView(
  map: ScriptMap,
  raw: readonly RawElement[],
  strideBytes: number,
  names: Names,
  options: MapViewOptions = {},
): MapView {
  const { value: type } = map
  const div = BigInt(options.div || 1)
  const keyBytes = map.key === undefined ? 0 : layoutOf(map.key).sizeBytes
  const merged = raw.map(({ key, shares }) => ({
    key: new DataView(key.buffer, key.byteOffset, Math.min(key.byteLength, keyBytes)),
    value: mergeShares(type, shares, strideBytes),
  }))
  // Sorted by key first, so that equal values have an order that does not change from run to run.
  if (map.key !== undefined) {
    const { key } = map
    merged.sort((a, b) => compareStored(key, a.key, b.key, 0))
  }
  const rank = rankOf(type)
  if (rank !== undefined) {
    const ranked = merged.map(element => ({ element, rank: rank(element.value) }))
    ranked.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    ranked.forEach((entry, i) => {
      merged[i] = entry.element
    })
  }
  const kept = options.top ? merged.slice(-options.top) : merged
  const show = elementView(type, kept, div, names)
  return {
    name: map.name,
    of: messageType(type),
    scalar: map.key === undefined,
    elements: kept.map(({ key, value }) => ({
      key: map.key === undefined ? null : decodeShown(map.key, key, 0, names),
      value: show(value),
    })),
  }
}

/** A scalar that was never written, as an explicit print shows it: zero, or the empty string. */
export function emptyScalar(map: ScriptMap, names: Names): MapView {
  const drawn = map.value.kind === 'hist' || map.value.kind === 'lhist' || map.value.kind === 'tseries'
  const zero = new DataView(new ArrayBuffer(layoutOf(map.value).sizeBytes))
  const elements = drawn ? [] : [{ key: null, value: decodeShown(map.value, zero, 0, names) }]
  return { name: map.name, of: messageType(map.value), scalar: true, elements }
}

/** How one value is shown, given all that are. */
function elementView(
  type: ScriptType,
  all: readonly { readonly value: DataView }[],
  div: bigint,
  names: Names,
): (value: DataView) => ShownElement {
  switch (type.kind) {
    case 'hist':
    case 'lhist':
      return value => histogram(type, histogramCounts(type, value), div)
    case 'tseries': {
      const series = new Map(all.map(({ value }) => [value, seriesSamples(type, value)]))
      let last = 0n
      for (const samples of series.values()) for (const at of samples.keys()) if (at > last) last = at
      return value => timeSeries(type, series.get(value)!, last)
    }
    default:
      return value => divided(type, decodeShown(type, value, 0, names), div)
  }
}

/** Division reaches numbers wherever they stand; of `stats` only the average. */
function divided(type: ScriptType, value: Shown, div: bigint): Shown {
  if (div === 1n || value === null) return value
  if (typeof value === 'bigint') return value / div
  if (typeof value !== 'object') return value
  switch (value.kind) {
    case 'array':
    case 'tuple':
      return { kind: value.kind, items: value.items.map(item => divided(type, item, div)) }
    case 'record':
      return {
        kind: 'record',
        fields: value.fields.map(([name, field]) =>
          type.kind === 'stats' && name !== 'average'
            ? ([name, field] as const)
            : ([name, divided(type, field, div)] as const),
        ),
      }
    default:
      return value
  }
}

function messageType(type: ScriptType): MapView['of'] {
  switch (type.kind) {
    case 'avg':
    case 'stats':
      return 'stats'
    case 'hist':
    case 'lhist':
      return 'hist'
    case 'tseries':
      return 'tseries'
    default:
      return 'map'
  }
}

/** The number elements are sorted by, if it is not their key. */
function rankOf(type: ScriptType): ((value: DataView) => bigint) | undefined {
  switch (type.kind) {
    case 'integer':
      return value => readInteger(value, 0, type.bits, type.signed)
    case 'count':
      return value => value.getBigUint64(0, true)
    case 'sum':
    case 'min':
    case 'max':
      return value => readInteger(value, 0, 64, type.signed)
    case 'avg':
    case 'stats':
      return value => {
        const count = value.getBigUint64(8, true)
        return count === 0n ? 0n : readInteger(value, 0, 64, type.signed) / count
      }
    case 'hist':
    case 'lhist':
      return value => histogramTotal(histogramCounts(type, value))
    default:
      return undefined
  }
}

/** Keys in the order of what they say: numbers as numbers, strings as text, tuples element by element. */
function compareStored(type: ScriptType, a: DataView, b: DataView, offset: number): number {
  switch (type.kind) {
    case 'integer': {
      const left = readInteger(a, offset, type.bits, type.signed)
      const right = readInteger(b, offset, type.bits, type.signed)
      return left < right ? -1 : left > right ? 1 : 0
    }
    case 'tuple': {
      const { offsets } = placeElements(type)
      for (let i = 0; i < type.elements.length; i++) {
        const order = compareStored(type.elements[i]!, a, b, offset + offsets[i]!)
        if (order !== 0) return order
      }
      return 0
    }
    default: {
      const { sizeBytes } = layoutOf(type)
      for (let i = 0; i < sizeBytes; i++) {
        const order = a.getUint8(offset + i) - b.getUint8(offset + i)
        if (order !== 0) return order
      }
      return 0
    }
  }
}
