// Types by their names: of the script's own C definitions, of BTF and of tracepoints.
export { type UnknownType, unitToBtf } from './c-to-btf.ts'
export { BtfTypes, type FunctionTypes } from './from-btf.ts'
export { layOutDefinitions, type OtherTypes } from './from-c.ts'
export { tracepointStruct } from './from-tracepoint.ts'
export { NO_DEFINITIONS, type OwnDefinitions, TypeScope } from './type-scope.ts'
