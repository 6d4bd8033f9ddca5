// The syscall tracer: tables, kernel half, decoders, filters, output.
export { capturesOf, type FdPath, Pending, RecordReader } from './decode/index.ts'
export * from './filter/index.ts'
export * from './print/index.ts'
export * from './record.ts'
export * from './tables/index.ts'
