// Packaged programs: eunomia's packages read and written, their options, their records as text.

export { definedStructs, describeExportTypes, describeObject, structKeepers } from './describe-object.ts'
export { type DocComments, readDocComments } from './doc-comments.ts'
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
export { printPackage, printSkeleton } from './print-package.ts'
export { PACKAGE_BYTES_MAX, readPackage } from './read-package.ts'
export { type EntryValues, entryHistogram, entryJson, RecordText, recordJson } from './record-text.ts'
