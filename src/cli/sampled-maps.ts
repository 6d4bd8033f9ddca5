// Maps that `bee run` shows: at intervals where asked to, and at the end.

import { UsageError } from '../errors/index.ts'
import { type BpfObject, canReadMap, type MapRow, type ObjectMap, readMap } from '../object/index.ts'
import { type MapTableOptions, mapJsonLine, mapTable } from './map-table.ts'

/** One map to show, as `--map NAME[:INTERVAL[:clear]]` or a package says. */
export interface MapSample extends MapTableOptions {
  readonly label: string
  /** undefined: at the end only */
  readonly intervalMs?: number
  /** start from nothing after each time it was shown */
  readonly clear?: boolean
}

/** `hists`, `hists:1` (every second), `hists:500ms:clear`. Throws UsageError. */
export function parseMapSample(text: string): MapSample {
  const found = /^([^:]+)(?::(\d+(?:\.\d+)?)(ms|s)?(:clear)?)?$/.exec(text)
  const intervalMs = found?.[2] === undefined ? undefined : Number(found[2]) * (found[3] === 'ms' ? 1 : 1000)
  if (found === null || (intervalMs !== undefined && !(intervalMs >= 1 && intervalMs <= INTERVAL_MS_MAX)))
    throw new UsageError(
      `--map takes NAME[:INTERVAL[:clear]], as in counts, counts:1 or counts:500ms:clear, not "${text}"`,
    )
  return {
    label: found[1]!,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(found[4] === undefined ? {} : { clear: true }),
  }
}

/** what setInterval takes */
const INTERVAL_MS_MAX = 2 ** 31 - 1

/** What is shown of an object that has no records to show, when nobody said: its maps, at the end. */
export function allMaps(object: BpfObject): MapSample[] {
  return [...object.maps.values()]
    .filter(map => map.loaded && map.source.role === 'map' && canReadMap(map))
    .map(({ label }) => ({ label }))
}

export interface SampledMapsOptions {
  readonly json: boolean
  readonly out: (text: string) => void
}

/** Shows maps of a loaded object from `start` on. */
export class SampledMaps implements Disposable {
  readonly #object: BpfObject
  readonly #samples: readonly { readonly map: ObjectMap; readonly sample: MapSample }[]
  readonly #options: SampledMapsOptions
  readonly #timers: NodeJS.Timeout[] = []

  /** Throws BeetraceError `OBJECT_USE` for a map that is not there, UsageError for one without entries to list. */
  constructor(object: BpfObject, samples: readonly MapSample[], options: SampledMapsOptions) {
    this.#object = object
    this.#options = options
    this.#samples = samples.map(sample => ({ map: object.map(sample.label), sample }))
    for (const { map } of this.#samples)
      if (!canReadMap(map))
        throw new UsageError(`--map ${map.label}: maps of this type have no entries to list`)
  }

  get count(): number {
    return this.#samples.length
  }

  /** Begins the intervals; the maps without one are left to `finish`. */
  start(): void {
    for (const { map, sample } of this.#samples)
      if (sample.intervalMs !== undefined)
        this.#timers.push(setInterval(() => this.#show(map, sample), sample.intervalMs))
  }

  /** Ends the intervals, and shows every map as it is now. */
  finish(): void {
    this.close()
    for (const { map, sample } of this.#samples) this.#show(map, sample)
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #show(map: ObjectMap, sample: MapSample): void {
    if (!map.loaded) return
    const rows = readMap(this.#object, map, { clear: sample.clear ?? false })
    this.#options.out(
      this.#options.json ? jsonLines(map.label, rows) : mapTable(map.label, [...rows], sample),
    )
  }
}

function jsonLines(label: string, rows: Iterable<MapRow>): string {
  let text = ''
  for (const row of rows) text += mapJsonLine(label, row)
  return text
}
