// The syscall tracer: tables, kernel half, decoders, filters, output.
export * from './record.ts'
export * from './tables/index.ts'
