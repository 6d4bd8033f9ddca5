// Ring buffers read in place, waking, and the count of what was lost.
export { EventReader, type EventReaderOptions, type EventSource, type Patience } from './event-reader.ts'
export { type LossCounter, Losses, mappedLossCounter, perCpuLossCounter } from './losses.ts'
export { PerfBuffer, type PerfBufferOptions } from './perf-buffer.ts'
export { type DecodeRecord, RecordStream, type StreamOptions, streamRecords } from './record-stream.ts'
export { RingBuffer } from './ring-buffer.ts'
export type { OnPerfRecord, OnRecord, RingView } from './ring-view.ts'
export { type UserRecord, UserRingBuffer } from './user-ring-buffer.ts'
export { clearWaiting, setWaiting, type WaitingFlag, waitingFlag } from './waiting-flag.ts'
