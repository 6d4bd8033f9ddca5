// Clocks: bpf_ktime_get_ns counts CLOCK_MONOTONIC, people read CLOCK_REALTIME.

import { allocate, getU64 } from './bytes.ts'
import { linux } from './linux.ts'

export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1
export const CLOCK_BOOTTIME = 7
export const CLOCK_TAI = 11

/** The clock's reading in ns. */
export const clockNs = (clock: number): bigint => {
  const timespec = allocate(16)
  linux().clockGettime(clock, timespec.address)
  return BigInt(getU64(timespec.data, 0)) * 1_000_000_000n + BigInt(getU64(timespec.data, 8))
}

/** CLOCK_MONOTONIC in ms. Node's `performance.now()` costs a short run 2 ms: ten modules are loaded for it. */
export const nowMs = (): number => {
  const [seconds, ns] = process.hrtime()
  return seconds * 1e3 + ns / 1e6
}

/**
 * What to add to a CLOCK_MONOTONIC time to get CLOCK_REALTIME, in ns; right to a microsecond at the moment of the
 * call (the wall clock may be set later). The narrowest of several brackets, so that a preemption does not count.
 */
export const realtimeOffsetNs = (clock: number = CLOCK_MONOTONIC): bigint => {
  let best = { width: 1n << 62n, offset: 0n }
  for (let i = 0; i < 5; i++) {
    const before = clockNs(clock)
    const real = clockNs(CLOCK_REALTIME)
    const after = clockNs(clock)
    const width = after - before
    if (width < best.width) best = { width, offset: real - (before + width / 2n) }
  }
  return best.offset
}
