// Compiled objects, the whole life: open, set, load, attach, read, close.

export type { AttachOptions } from './attach.ts'
export { GlobalVariable } from './globals.ts'
export { BpfObject, type ObjectLoadOptions, type OpenOptions, openObject } from './object.ts'
export { ObjectMap } from './object-map.ts'
export { ObjectProgram } from './object-program.ts'
