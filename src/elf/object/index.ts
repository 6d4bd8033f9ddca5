// Compiled objects: ELF as specs of programs and maps.

export type {
  CompiledMap,
  CompiledObject,
  CompiledProgram,
  Extern,
  ProgramRelocation,
  Variable,
} from './compiled-object.ts'
export type { JumpTable } from './jump-tables.ts'
export { elfBtf, type ObjectTypes, readObjectTypes } from './object-types.ts'
export type { CodeReference, ProgramCode } from './program-code.ts'
export { readObject } from './read-object.ts'
export { type AutoAttach, type SectionDefinition, sectionDefinitions } from './section-definitions.ts'
export { knownSectionNames, parseSectionName, type SectionName } from './section-name.ts'
