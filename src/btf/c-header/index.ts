// BTF as C.

export { type CHeaderOptions, cDefinitions, cHeader } from './c-header.ts'
export { cTypeName } from './declare.ts'
