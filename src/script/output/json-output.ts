// The output a program reads: one JSON object a line, in bpftrace's shapes.

import type { ByteWriter } from '../../text/index.ts'
import { histogramJson } from './histogram.ts'
import { jsonKey, jsonObject, jsonOf, jsonString } from './json.ts'
import type { MapView, ShownElement } from './map-view.ts'
import type { HelperError, Output, SourcePlace } from './output.ts'
import { type Printf, writeByteString } from './printf.ts'
import type { Shown } from './shown.ts'
import { timeSeriesJson } from './time-series.ts'

export class JsonOutput implements Output {
  readonly #out: ByteWriter
  readonly #epochMs: (taiNs: bigint) => number

  constructor(out: ByteWriter, epochMs: (taiNs: bigint) => number) {
    this.#out = out
    this.#epochMs = epochMs
  }

  printf(printf: Printf, view: DataView, _bytes: Uint8Array, at: number, end: number): void {
    this.#data('printf', jsonString(printf.text(view, at, end)))
  }

  message(severity: 'error' | 'warning', place: SourcePlace, text: string): void {
    this.#placed(severity === 'error' ? 'errorf' : 'warnf', [['msg', jsonString(text)]], place)
  }

  value(value: Shown): void {
    this.#data('value', jsonOf(value))
  }

  map(map: MapView): void {
    const { elements } = map
    if (!map.scalar && elements.length === 0) return
    const json = map.scalar
      ? elements.map(({ value }) => this.#element(value)).join('') || '[]'
      : jsonObject(elements.map(({ key, value }) => [jsonKey(key), this.#element(value)] as const))
    this.#data(map.of, jsonObject([[map.name, json]]))
  }

  time(text: string): void {
    this.#data('time', jsonString(text))
  }

  cat(text: string): void {
    this.#data('cat', jsonString(text))
  }

  join(text: string): void {
    this.#data('join', jsonString(text))
  }

  system(text: string): void {
    this.#data('syscall', jsonString(text))
  }

  attachedProbes(count: number): void {
    this.#line(`{"type": "attached_probes", "count": ${count}, "data": {"probes": ${count}}}`)
  }

  lostEvents(count: number): void {
    this.#line(`{"type": "lost_events", "count": ${count}, "data": {"events": ${count}}}`)
  }

  helperError({ place, helper, code, text }: HelperError): void {
    const members = [
      ['msg', jsonString(text)],
      ['helper', jsonString(helper)],
      ['retcode', code.toString()],
    ] as const
    this.#placed('helper_error', members, place)
  }

  mistake(place: SourcePlace, text: string): void {
    this.#placed('runtime_error', [['msg', jsonString(text)]], place)
  }

  end(): void {}

  #placed(type: string, members: readonly (readonly [string, string])[], place: SourcePlace): void {
    this.#line(
      jsonObject([
        ['type', jsonString(type)],
        ...members,
        ['filename', jsonString(place.file)],
        ['line', place.line.toString()],
        ['col', place.column.toString()],
      ]),
    )
  }

  #data(type: string, json: string): void {
    this.#line(`{"type": "${type}", "data": ${json}}`)
  }

  #line(text: string): void {
    writeByteString(this.#out, text)
    writeByteString(this.#out, '\n')
  }

  #element(value: ShownElement): string {
    if (typeof value === 'object' && value !== null) {
      if (value.kind === 'histogram') return histogramJson(value)
      if (value.kind === 'time-series') return timeSeriesJson(value, this.#epochMs)
    }
    return jsonOf(value as Shown)
  }
}
