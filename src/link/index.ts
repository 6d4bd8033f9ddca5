// Attaching programs: one file for each kind of place, and the link that owns the attachment.

export { type Attachable, Link, type LinkInfo, type LinkTarget } from './link.ts'
export { attachRawTracepoint, type RawTracepointOptions } from './raw-tracepoint.ts'
export { attachTracepoint, type TracepointOptions } from './tracepoint.ts'
