// Which calls are wanted.
export { editDistance, nearest } from './nearest.ts'
export { type CallSet, parseTraceSet } from './trace-set.ts'
