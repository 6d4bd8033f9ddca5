// What a light object is: everything that an object becomes when its loading is left to a program in the kernel. Plain data, which a
// generated module holds.
//
// The program and we share a context: struct bpf_loader_ctx with its maps and programs behind it (tools/lib/bpf/skel_internal.h),
// in which `flags`, which only modules of the kernel set there, says here how far the program has come.
//
//     0 sz   4 step (out)   8 log_level   12 log_size   16 log_buf
//     24     of each map:      0 map_fd (out)   4 max_entries   8 initial_value
//            of each program:  0 prog_fd (out)

import type { Variable } from '../../elf/index.ts'

export const CTX_STEP = 4
export const CTX_LOG_LEVEL = 8
export const CTX_LOG_SIZE = 12
export const CTX_LOG_BUF = 16

export const MAP_FD = 0
export const MAP_MAX_ENTRIES = 4
export const MAP_INITIAL_VALUE = 8

const CTX_MAPS = 24
const MAP_BYTES = 16
const PROGRAM_BYTES = 4

export const mapPlace = (index: number): number => CTX_MAPS + index * MAP_BYTES

export const programPlace = (mapCount: number, index: number): number =>
  mapPlace(mapCount) + index * PROGRAM_BYTES

/** What the loader was at when it failed, and of what. */
export type LoaderStep = readonly [
  kind: 'types' | 'map' | 'value' | 'freeze' | 'extern' | 'target' | 'program',
  name: string,
]

/** An object without its code: that is in the loader. Ids of types are those of the object's BTF. */
export interface LightObject {
  /** of the skeleton; the names of data maps start with it */
  readonly name: string
  readonly programs: readonly LightProgram[]
  readonly maps: readonly LightMap[]
  /** `extern … __kconfig` */
  readonly configuration?: readonly LightConfiguration[]
  /** the object's BTF in `data`: its first byte and its length */
  readonly types?: readonly [offsetBytes: number, byteLength: number]
  /** by the number that the loader gives each */
  readonly steps: readonly LoaderStep[]
  /** base64: of the loader, an array of struct bpf_insn */
  readonly instructions: string
  /** base64: what the loader works with, the only value of its map */
  readonly data: string
  /** base64: PKCS#7 of the instructions, which hold the hash of the data. The loader takes no settings then */
  readonly signature?: string
}

export interface LightProgram {
  readonly name: string
  /** as SEC() has it */
  readonly section: string
  /** BPF_PROG_TYPE_* */
  readonly type: number
  readonly expectedAttachType?: number
  readonly flags?: number
}

export interface LightMap {
  readonly label: string
  readonly section: string
  readonly role: 'map' | 'data' | 'kconfig'
  readonly name: string
  /** BPF_MAP_TYPE_* */
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags?: number
  readonly numaNode?: number
  /** decimal: it has 64 bits */
  readonly mapExtra?: string
  readonly frozen?: true
  readonly keyTypeId?: number
  readonly valueTypeId?: number
  readonly values?: readonly (string | null)[]
  readonly variables?: readonly LightVariable[]
  /** its first value in the loader's data */
  readonly data?: readonly [offsetBytes: number, byteLength: number]
}

/** A global variable, in the order of its description. */
export type LightVariable = readonly [
  name: Variable['name'],
  offsetBytes: number,
  sizeBytes: number,
  typeId: number,
  isStatic?: 1,
]

export interface LightConfiguration {
  readonly name: string
  readonly weak?: true
  readonly btfId: number
  readonly offsetBytes: number
  readonly sizeBytes: number
  readonly typeId: number
}
