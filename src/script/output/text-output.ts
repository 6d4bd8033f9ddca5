// The output a person reads, as bpftrace prints it: events on stdout, what went wrong on stderr.

import type { ByteWriter } from '../../text/index.ts'
import { drawHistogram } from './histogram.ts'
import type { MapView, ShownElement } from './map-view.ts'
import type { HelperError, Output, SourcePlace } from './output.ts'
import { type Printf, writeByteString } from './printf.ts'
import type { Shown } from './shown.ts'
import { keyText, textOf } from './text.ts'
import { drawTimeSeries } from './time-series.ts'

export class TextOutput implements Output {
  readonly #out: ByteWriter
  readonly #err: ByteWriter
  readonly #epochMs: (taiNs: bigint) => number

  constructor(out: ByteWriter, err: ByteWriter, epochMs: (taiNs: bigint) => number) {
    this.#out = out
    this.#err = err
    this.#epochMs = epochMs
  }

  printf(printf: Printf, view: DataView, bytes: Uint8Array, at: number, end: number): void {
    printf.write(this.#out, view, bytes, at, end)
  }

  message(severity: 'error' | 'warning', place: SourcePlace, text: string): void {
    this.#placed(severity === 'error' ? 'ERROR' : 'WARNING', place, text, '')
  }

  value(value: Shown): void {
    this.#line(textOf(value))
  }

  map(map: MapView): void {
    for (const { key, value } of map.elements) {
      const name = map.scalar ? map.name : `${map.name}[${keyText(key)}]`
      const drawing = this.#drawing(value)
      this.#line(drawing === undefined ? `${name}: ${textOf(value as Shown)}` : `${name}:\n${drawing}`)
    }
    if (map.elements.length === 0 && map.scalar) this.#line(`${map.name}:\n`)
  }

  time(text: string): void {
    writeByteString(this.#out, text)
  }

  cat(text: string): void {
    writeByteString(this.#out, text)
  }

  join(text: string): void {
    this.#line(text)
  }

  system(text: string): void {
    this.#line(text.replace(/\n$/, ''))
  }

  attachedProbes(count: number): void {
    writeByteString(this.#err, `Attached ${count} ${count === 1 ? 'probe' : 'probes'}\n`)
  }

  lostEvents(count: number): void {
    writeByteString(this.#err, `Lost ${count} events\n`)
  }

  helperError({ place, helper, code, text }: HelperError): void {
    const more = `Additional Info - helper: ${helper}, retcode: ${code}`
    this.#placed('WARNING', place, `${text}\n${more}`, place.excerpt)
  }

  mistake(place: SourcePlace, text: string): void {
    this.#placed('WARNING', place, text, place.excerpt)
  }

  end(): void {
    this.#line('')
    this.#line('')
  }

  #placed(word: string, place: SourcePlace, text: string, excerpt: string): void {
    writeByteString(this.#err, `${place.range}: ${word}: ${text.replace(/\n$/, '')}\n${excerpt}`)
    for (const call of place.calls) {
      writeByteString(this.#err, `${call.range}: ${word}: expanded from\n${call.excerpt}`)
    }
  }

  #line(text: string): void {
    writeByteString(this.#out, text)
    writeByteString(this.#out, '\n')
  }

  #drawing(value: ShownElement): string | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    if (value.kind === 'histogram') return drawHistogram(value)
    return value.kind === 'time-series' ? drawTimeSeries(value, this.#epochMs) : undefined
  }
}
