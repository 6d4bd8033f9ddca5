// Counters at a direct address: u64 words in the value of an array map with one entry, found without a look-up.

import type { Builder } from '../builder.ts'
import type { Operand } from '../operand.ts'
import { u64 } from '../types.ts'

/** Adds to a counter that other CPUs add to as well. */
export function count(b: Builder, map: string, offset: number, by: Operand = 1): void {
  b.atomicAdd(b.mapValue(map), offset, by, u64)
}

/**
 * Adds to a counter of this CPU's own: `map` is an array with one value that holds a line of `strideBytes` for each
 * possible CPU, `cpus` of them, a power of two. Not atomic: a run is not moved to another CPU in between.
 */
export function countPerCpu(
  b: Builder,
  map: string,
  offset: number,
  cpus: number,
  strideBytes: number,
  by: Operand = 1,
): void {
  const cpu = b.mask(b.call('get_smp_processor_id', [], { pure: true }), cpus - 1)
  const line = b.offset(b.mapValue(map), b.mul(cpu, strideBytes))
  b.store(line, offset, b.add(b.load(line, offset, u64), by))
}
