// Compiled objects, the whole life: open, set, load, attach, read, close.

export type { AttachMode, AttachOptions } from './attach.ts'
export { type EventType, eventMaps, eventType, likelyEvent } from './event-type.ts'
export {
  isKernelType,
  type ObjectEvent,
  ObjectEvents,
  type ReadEventsOptions,
  type RecordLayout,
  readEvents,
} from './events.ts'
export { GlobalVariable } from './globals.ts'
export { type LightOptions, lightObject } from './light/describe-light.ts'
export type {
  LightConfiguration,
  LightMap,
  LightObject,
  LightProgram,
  LightVariable,
  LoaderStep,
} from './light/layout.ts'
export { openLightObject } from './light/open-light.ts'
export { readCertificate, readSigner, type Signer } from './light/sign-loader.ts'
export { addSigningKey } from './light/signing-key.ts'
export { canReadMap, type MapRow, type ReadMapOptions, readMap, sumOf } from './map-values.ts'
export { BpfObject, type ObjectLoader, openObject } from './object.ts'
export { ObjectMap } from './object-map.ts'
export { ObjectProgram, type ProgramSettings } from './object-program.ts'
export type { Keyring, ObjectAttachOptions, ObjectLoadOptions, OnRefused, OpenOptions } from './options.ts'
export { type PrintkFormats, patternOf, printkFormats } from './printk-formats.ts'
export { openRecords, type RecordStreamOptions } from './record-stream.ts'
export {
  generateSkeleton,
  generateSubskeleton,
  type ModuleOptions,
  type SkeletonOptions,
} from './skeleton/generate.ts'
export {
  openLightSkeleton,
  openSkeleton,
  openSubskeleton,
  type Skeleton,
  type SkeletonHints,
  type SkeletonParts,
  type SkeletonSource,
  type Subskeleton,
} from './skeleton/skeleton.ts'
export { type Settable, SkeletonMap } from './skeleton/skeleton-map.ts'
export { SkeletonRecords } from './skeleton/skeleton-records.ts'
