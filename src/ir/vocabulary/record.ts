// Records in a ring buffer: written in place where their size is known, copied where it is not (Linux 5.8).

import type { Builder } from '../builder.ts'
import type { Operand, Value } from '../operand.ts'

/** BPF_RB_NO_WAKEUP: readers are not woken. */
export const NO_WAKEUP = 1
/** BPF_RB_FORCE_WAKEUP: readers are woken even if they have more to read. */
export const FORCE_WAKEUP = 2

/**
 * Reserves `sizeBytes` in a ring, lets `fill` write them, and submits with `flags`. `full` runs when there is no
 * room. `fill` must write every byte and must not return: a reserved record has to be submitted on every way.
 */
export function emitRecord(
  b: Builder,
  ring: string,
  sizeBytes: number,
  fill: (record: Value) => void,
  full: () => void,
  flags: Operand = 0,
): void {
  b.ifNotNull(
    b.call('ringbuf_reserve', [b.mapFd(ring), sizeBytes, 0]),
    record => {
      fill(record)
      b.call('ringbuf_submit', [record, flags])
    },
    full,
  )
}

/** Copies `sizeBytes` (a value the verifier sees the limit of, or a number) from memory to a ring; `full` if they do not fit. */
export function outputRecord(
  b: Builder,
  ring: string,
  data: Value,
  sizeBytes: Operand,
  full: () => void,
  flags: Operand = 0,
): void {
  const result = b.call('ringbuf_output', [b.mapFd(ring), data, sizeBytes, flags])
  b.if(b.ne(result, 0), full)
}
