// The public face of the btf floor.

export { Btf, parseBtf } from './btf.ts'
export { BtfBuilder } from './builder.ts'
export { type CHeaderOptions, cDefinitions, cHeader, cTypeName } from './c-header/index.ts'
export { addContextTwins, type ContextTwins, hasContextTags } from './context-arguments.ts'
export {
  type CoreAnswer,
  type CoreKind,
  type CoreModule,
  type CoreQuestion,
  CoreResolver,
  type CoreTargets,
  essentialName,
  typesAgree,
} from './core/index.ts'
export { type BtfValue, type DecodeOptions, decodeValue, isChar } from './decode-value.ts'
export { type DedupedTypes, dedupTypes } from './dedup.ts'
export { type DistilledBtf, distillBase } from './distill-base.ts'
export { encodeValue } from './encode-value.ts'
export { type BtfExtSection, type CoreRecord, type FunctionRecord, LINE_FIELDS, parseBtfExt } from './ext.ts'
export { type FieldLocation, fieldPath } from './field-path.ts'
export { ALL_KINDS, type BtfKinds, layOutSections, type SectionLayout, sanitizeBtf } from './kernel-blob.ts'
export type { BtfKind } from './kinds.ts'
export {
  type FoundMember,
  findMember,
  type MemberBits,
  memberBits,
  memberNames,
  POINTER_BYTES,
  resolve,
  sizeOf,
} from './layout.ts'
export { type CoreObject, minCoreBtf } from './min-core.ts'
export { didYouMean, nearNames } from './near-names.ts'
export { printDecl, printType, typeLabel } from './print.ts'
export {
  buildProgramInfo,
  FUNC_INFO_BYTES,
  type GlobalFunction,
  LINE_INFO_BYTES,
  type ParamInfo,
  type ProgramInfo,
} from './program-info.ts'
export { referencesOf, withTypeIds } from './references.ts'
export { relocateBtf } from './relocate-base.ts'
export { permuteTypes, sortTypes } from './sort.ts'
export type * from './type.ts'
export { joinWords } from './words.ts'
export { type NewBtfExtSection, writeBtfExt } from './write-ext.ts'
