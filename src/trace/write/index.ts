// Writing: bytes, escaped strings, and the two forms that values are shown in.
export { writeCString, writeJsonString } from './escape.ts'
export { JsonSink } from './json-sink.ts'
export type { Sink } from './sink.ts'
export { TextSink } from './text-sink.ts'
