// The numbers of the BTF format: header, kinds, and how many bytes the record of each kind takes.
// Source: include/uapi/linux/btf.h and Documentation/bpf/btf.rst.

export const BTF_MAGIC = 0xeb9f
export const BTF_VERSION = 1
/** bytes of the header every version has; since Linux 7.1 two more words follow (layout_off, layout_len) */
export const BTF_HEADER_BYTES = 24

export const BTF_KIND_INT = 1
export const BTF_KIND_PTR = 2
export const BTF_KIND_ARRAY = 3
export const BTF_KIND_STRUCT = 4
export const BTF_KIND_UNION = 5
export const BTF_KIND_ENUM = 6
export const BTF_KIND_FWD = 7
export const BTF_KIND_TYPEDEF = 8
export const BTF_KIND_VOLATILE = 9
export const BTF_KIND_CONST = 10
export const BTF_KIND_RESTRICT = 11
export const BTF_KIND_FUNC = 12
export const BTF_KIND_FUNC_PROTO = 13
export const BTF_KIND_VAR = 14
export const BTF_KIND_DATASEC = 15
export const BTF_KIND_FLOAT = 16
export const BTF_KIND_DECL_TAG = 17
export const BTF_KIND_TYPE_TAG = 18
export const BTF_KIND_ENUM64 = 19
export const BTF_KIND_MAX = 19

export const BTF_INT_SIGNED = 1
export const BTF_INT_CHAR = 2
export const BTF_INT_BOOL = 4

/** Our name of each kind, by number; index 0 is void, which has no record. */
export const KIND_NAMES = [
  'void',
  'int',
  'ptr',
  'array',
  'struct',
  'union',
  'enum',
  'fwd',
  'typedef',
  'volatile',
  'const',
  'restrict',
  'func',
  'funcProto',
  'var',
  'datasec',
  'float',
  'declTag',
  'typeTag',
  'enum64',
] as const

export type BtfKind = (typeof KIND_NAMES)[number] | 'unknown'

/**
 * Words (of 4 bytes) of a record: a head of 3 (name_off, info, size or type) with what the kind adds once,
 * and what it adds for each of its `vlen` elements. 0 in HEAD_WORDS: the kind is not known.
 */
export const HEAD_WORDS: Uint8Array = perKind([0, 4, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 4, 3, 3])
export const ELEMENT_WORDS: Uint8Array = perKind([0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3])

/**
 * A table of record sizes, indexed by the top byte of the info word: the kind with and without kind_flag. The walk
 * over all records saves a mask and a bounds check that way, and it is what a first look-up waits for.
 */
export function perKind(sizes: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  table.set(sizes)
  table.set(sizes, 128)
  return table
}

/**
 * The info word:
 *
 *     bits  0-23    24-30   31
 *           vlen    kind    kind_flag
 *
 * Before Linux 7.1 vlen had 16 bits and kind 5; the bits between were required to be zero, so that the wide
 * reading suits old and new.
 */
export const infoVlen = (info: number): number => info & 0xffffff
export const infoKind = (info: number): number => (info >>> 24) & 0x7f
export const infoFlag = (info: number): boolean => info >>> 31 === 1
