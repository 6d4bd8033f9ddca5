// A package's text, in the format of today's ecc.

import type { JsonObject } from './json-value.ts'
import { packObject } from './unpack.ts'

/** The version of eunomia's format that is written. */
const EUNOMIA_VERSION = '0.3.4'

/** What stands beside the object: the file NAME.skel.json of ecc. */
export const printSkeleton = (
  skeleton: JsonObject,
  exportTypes: readonly JsonObject[] | undefined,
): JsonObject => ({
  bpf_skel: skeleton,
  eunomia_version: EUNOMIA_VERSION,
  ...(exportTypes === undefined ? {} : { export_types: exportTypes }),
})

/** package.json: the compressed object, its size, and what is said of it. */
export function printPackage(object: Uint8Array, meta: JsonObject): string {
  return JSON.stringify({ bpf_object: packObject(object), bpf_object_size: object.length, meta })
}
