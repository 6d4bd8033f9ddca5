// What the printers must ask the machine for: words for addresses, ids and times. Handed in as a value, so that
// printing stays a function of its input. All texts are byte strings (see shown.ts).

import type { NamedNumberType, StackType } from '../type.ts'

export interface Names {
  /** put behind strings that did not fit their buffer (config `str_trunc_trailer`) */
  readonly truncationTrailer: string
  ksym(address: bigint): string
  usym(address: bigint, tgid: number): string
  /** all frames of a stack, a line each, in the form of its mode */
  stack(type: StackType, id: bigint, tgid: number): string
  /** AF_INET or AF_INET6 and the address' bytes, in network order */
  inet(family: number, bytes: Uint8Array): string
  /** a time, with the format of that index; `clock` is a TIME_* of compiled.ts */
  timestamp(ns: bigint, format: number, clock: number): string
  cgroupPath(id: bigint, pattern: number): string
  named(table: NamedNumberType['table'], number: bigint): string
  /** milliseconds since the epoch of a CLOCK_TAI time in ns: where tseries puts its intervals */
  epochMs(taiNs: bigint): number
}
