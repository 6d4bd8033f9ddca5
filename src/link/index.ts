// Attaching programs: one file for each kind of place, and the link that owns the attachment.

export type { Anchor, AnchorProgram, OrderOptions } from './anchor.ts'
export { attachCgroup, type CgroupOptions } from './cgroup.ts'
export { type CloseLinksOptions, closeLinks } from './close-links.ts'
export {
  type AttachedPrograms,
  linkIds,
  openLinkById,
  openPinnedLink,
  queryPrograms,
} from './find.ts'
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
export { attachLirc } from './lirc.ts'
export { attachNetfilter, type NetfilterPlace } from './netfilter.ts'
export { attachNetns, type NetnsHook } from './netns.ts'
export {
  attachPerfEvent,
  type PerfEventOptions,
  type PerfEventRate,
  type PerfEventSource,
} from './perf-event.ts'
export type { PerfEventName } from './perf-event-names.ts'
export type { PerfLinkOptions } from './perf-link.ts'
export { attachRawTracepoint, type RawTracepointOptions } from './raw-tracepoint.ts'
export { attachReuseport, attachSocketFilter } from './socket.ts'
export { attachSockmap, type SockmapHook, type SockmapTarget } from './sockmap.ts'
export { attachStructOps, type StructOpsMap } from './struct-ops.ts'
export { attachTc, queryTc, type TcFilter, type TcOptions } from './tc.ts'
export { attachNetkit, attachTcx } from './tcx.ts'
export { attachTracepoint, type TracepointOptions } from './tracepoint.ts'
export {
  attachExtension,
  attachTracing,
  type ExtensionTarget,
  type TracingOptions,
} from './tracing.ts'
export { attachTracingMulti, type TracingMultiPlaces } from './tracing-multi.ts'
export { attachUprobe, type UprobeOptions, type UprobePlace } from './uprobe.ts'
export { attachUprobeMulti, type UprobeMultiOptions, type UprobeMultiPlaces } from './uprobe-multi.ts'
export {
  attachUsdt,
  type UsdtLocation,
  type UsdtOptions,
  type UsdtProbe,
  usdtByMulti,
} from './usdt.ts'
export { attachXdp, queryXdp, type XdpMode, type XdpOptions, type XdpState } from './xdp.ts'
