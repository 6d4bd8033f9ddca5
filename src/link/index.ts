// Attaching programs: one file for each kind of place, and the link that owns the attachment.

export { type CloseLinksOptions, closeLinks } from './close-links.ts'
export {
  attachIterator,
  type IteratorScope,
  iteratorChunks,
  readIterator,
  readIteratorText,
} from './iterator.ts'
export { attachKprobe, type KprobeOptions, type KprobePlace } from './kprobe.ts'
export { attachKprobeMulti, type KprobeMultiOptions, type KprobeMultiPlaces } from './kprobe-multi.ts'
export { type Attachable, Link, type LinkHold, type LinkKind, type LinkTarget } from './link.ts'
export type { LinkDetails, LinkInfo } from './link-info.ts'
export {
  attachPerfEvent,
  type PerfEventOptions,
  type PerfEventRate,
  type PerfEventSource,
} from './perf-event.ts'
export { hardwareEvents, type PerfEventName, softwareEvents } from './perf-event-names.ts'
export type { PerfLinkOptions } from './perf-link.ts'
export { attachRawTracepoint, type RawTracepointOptions } from './raw-tracepoint.ts'
export { attachTracepoint, type TracepointOptions } from './tracepoint.ts'
export {
  attachExtension,
  attachTracing,
  type ExtensionTarget,
  type TracingOptions,
} from './tracing.ts'
export { attachUprobe, type UprobeOptions, type UprobePlace } from './uprobe.ts'
export { attachUprobeMulti, type UprobeMultiOptions, type UprobeMultiPlaces } from './uprobe-multi.ts'
export {
  attachUsdt,
  type UsdtLocation,
  type UsdtOptions,
  type UsdtProbe,
  usdtByMulti,
} from './usdt.ts'
