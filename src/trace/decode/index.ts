// From a trace record to the meaning of its numbers and bytes.
export { type ArgPrinter, type Argument, type CallSpec, call, type ResultKind } from './argument.ts'
export { Call, type FdPath } from './call.ts'
export { CALLS, specOf } from './calls/index.ts'
export { capturesOf } from './captures.ts'
export { Families } from './families.ts'
export { Pending } from './pending.ts'
export { RecordReader } from './record-reader.ts'
