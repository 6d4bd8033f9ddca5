// Packages for tests, made of the checked-in objects and changed as a test needs.
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { readObject } from '../../src/elf/index.ts'
import {
  describeExportTypes,
  describeObject,
  type JsonObject,
  printPackage,
  printSkeleton,
  readDocComments,
} from '../../src/package/index.ts'

export const COUNTS = 'test/object/fixtures/counts.bpf.o'
export const SAMPLE = 'test/object/fixtures/sample.bpf.o'

/** As `bee build` makes it; `comments` is C. */
export function makePackage(
  path: string,
  options: { readonly comments?: string; readonly structs?: string[] } = {},
): string {
  const bytes = new Uint8Array(readFileSync(path))
  const object = readObject(bytes, path)
  const skeleton = describeObject(object, 'test_bpf', readDocComments(options.comments ?? ''))
  const types = options.structs === undefined ? undefined : describeExportTypes(object.btf!, options.structs)
  return printPackage(bytes, printSkeleton(skeleton, types))
}

/** A package with a small object that nothing loads, and what `meta` says. */
export const textPackage = (meta: JsonObject, object = new Uint8Array([1, 2, 3])): string =>
  JSON.stringify({
    bpf_object: deflateSync(object).toString('base64'),
    bpf_object_size: object.length,
    meta: { bpf_skel: { data_sections: [], maps: null, progs: null, obj_name: 't_bpf', ...meta } },
  })
