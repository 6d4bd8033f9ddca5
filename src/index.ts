// The library: compiled objects from opening to closing, what they attach to, and the errors of it all. The parts stand in
// subpaths: `beetrace/btf`, `beetrace/map`, `beetrace/kernel` …

export * from './errors/index.ts'
export {
  EventReader,
  type EventReaderOptions,
  PerfBuffer,
  type PerfBufferOptions,
  RecordStream,
  RingBuffer,
  type RingView,
  type StreamOptions,
  streamRecords,
  type UserRecord,
  UserRingBuffer,
} from './events/index.ts'
export * from './link/index.ts'
export { Arena, BpfMap, codec, TypedMap } from './map/index.ts'
export * from './object/index.ts'
export { Program } from './program/index.ts'
