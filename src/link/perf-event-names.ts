// perf's own events, by name.

import { hardwareEvents, softwareEvents } from '../kernel/uapi/index.ts'
import { PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE } from '../sys/index.ts'

export type PerfEventName = keyof typeof softwareEvents | keyof typeof hardwareEvents

/** PERF_TYPE_* and config of an event. */
export const perfEventNumber = (name: PerfEventName): { readonly type: number; readonly config: number } =>
  name in softwareEvents
    ? { type: PERF_TYPE_SOFTWARE, config: softwareEvents[name as keyof typeof softwareEvents] }
    : { type: PERF_TYPE_HARDWARE, config: hardwareEvents[name as keyof typeof hardwareEvents] }
