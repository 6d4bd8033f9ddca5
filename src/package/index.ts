// Packaged programs: eunomia's packages read and written, their options, their records as text.

export { dumpJson, dumpText } from './dump-value.ts'
export {
  type Exported,
  type ExportedMember,
  exportOfBytes,
  exportOfMembers,
  exportOfPackage,
  exportOfType,
} from './exported.ts'
export { drawLinear, drawLog2 } from './histogram.ts'
export type { JsonObject, JsonValue } from './json-value.ts'
export {
  type PackageArguments,
  type PackageOption,
  packageHelp,
  packageOptions,
  packageVersion,
  parsePackageArguments,
} from './options.ts'
export type * from './package-spec.ts'
export { PACKAGE_BYTES_MAX, readPackage } from './read-package.ts'
export { type EntryValues, entryHistogram, entryJson, RecordText, recordJson } from './record-text.ts'
