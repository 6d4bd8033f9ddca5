// The public face of the elf floor: ELF files read piece by piece from any source of bytes.

export { addressToOffset, offsetToAddress } from './address.ts'
export { type ByteSource, bytesSource } from './byte-source.ts'
export * from './constants.ts'
export { buildIdDebugPath, type DebugLink, debugLink, debugLinkCrc32, debugLinkPaths } from './debug-link.ts'
export { demangle } from './demangle/index.ts'
export { type DynamicInfo, dynamicInfo } from './dynamic.ts'
export {
  type Elf,
  type ElfSection,
  type ElfSegment,
  findSection,
  isElf,
  parseElf,
  sectionLabel,
} from './elf.ts'
export type { ElfEncoding } from './field-reader.ts'
export { FunctionIndex, type FunctionOffset, type FunctionSymbol } from './function-index.ts'
export { type LibraryEntry, parseLdCache } from './ld-cache.ts'
export { linkObjects, type ObjectFile } from './linker/link-objects.ts'
export { buildId, type ElfNote, elfNotes, sectionNotes } from './notes.ts'
export * from './object/index.ts'
export { type Relocations, readRelocations, relocationSectionsFor } from './relocations.ts'
export { sectionData } from './section-data.ts'
export { stripDebug } from './strip-debug.ts'
export { isSectionIndex, readSymbols, SymbolTable, symbolSections } from './symbol-table.ts'
export { type SymbolVersion, symbolVersions } from './symbol-versions.ts'
export { parseUsdtArguments, type UsdtArgument, type UsdtPlace } from './usdt-argument.ts'
export { type UsdtLocation, usdtLocations } from './usdt-note.ts'
export { type UsdtRegister, usdtRegister } from './usdt-registers.ts'
