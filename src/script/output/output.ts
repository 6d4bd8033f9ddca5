// What a running script may say, whichever form it leaves in. Texts are byte strings.

import type { MapView } from './map-view.ts'
import type { Printf } from './printf.ts'
import type { Shown } from './shown.ts'

/** A place in the script that a message is about. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `file:line:first-last` */
  readonly range: string
  /** the lines it stands in, underlined; ends with a newline */
  readonly excerpt: string
  /** the macro calls that brought it in, the innermost first */
  readonly calls: readonly SourcePlace[]
}

/** A helper of the kernel failed for an event (`-k`). */
export interface HelperError {
  readonly place: SourcePlace
  /** without `bpf_` */
  readonly helper: string
  /** negative errno */
  readonly code: number
  /** what it means, with the next step where there is one */
  readonly text: string
}

export interface Output {
  /** arguments at `at`, the record's end at `end` */
  printf(printf: Printf, view: DataView, bytes: Uint8Array, at: number, end: number): void
  /** `errorf` and `warnf` */
  message(severity: 'error' | 'warning', place: SourcePlace, text: string): void
  value(value: Shown): void
  map(map: MapView): void
  time(text: string): void
  cat(text: string): void
  join(text: string): void
  /** what a command of `system()` printed */
  system(text: string): void
  attachedProbes(count: number): void
  lostEvents(count: number): void
  helperError(error: HelperError): void
  /** the running script did what it should not */
  mistake(place: SourcePlace, text: string): void
  /** between what the probes printed and the maps that are left */
  end(): void
}
