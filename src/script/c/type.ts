// C types as they are declared, without sizes and offsets: a later pass lays them out, with BTF for the names that the
// script does not define itself.

import type { Span } from '../span.ts'

export type CType =
  | { readonly kind: 'void' }
  | CInteger
  | { readonly kind: 'float'; readonly sizeBytes: 4 | 8 | 16 }
  | { readonly kind: 'pointer'; readonly target: CType }
  /** `count` is null for `[]` */
  | { readonly kind: 'array'; readonly element: CType; readonly count: number | null }
  /** what a pointer to a function points at */
  | { readonly kind: 'function'; readonly result: CType }
  | CRecordReference
  | CEnumReference
  /** a typedef, of the unit or of BTF */
  | { readonly kind: 'named'; readonly name: string }

export interface CInteger {
  readonly kind: 'integer'
  /** "unsigned int", "char", "_Bool" … */
  readonly name: string
  readonly sizeBytes: 1 | 2 | 4 | 8 | 16
  readonly signed: boolean
  readonly bool: boolean
}

/** `struct name`; an anonymous one has its definition here, the others are found by name. */
export interface CRecordReference {
  readonly kind: 'record'
  readonly tag: 'struct' | 'union'
  readonly name: string
  readonly anonymous: CRecord | null
}

export interface CEnumReference {
  readonly kind: 'enum'
  readonly name: string
  readonly anonymous: CEnum | null
}

/** A struct or a union with its members. */
export interface CRecord {
  readonly tag: 'struct' | 'union'
  /** '' for an anonymous one */
  readonly name: string
  readonly members: readonly CMember[]
  readonly packed: boolean
  /** of `aligned(n)` */
  readonly alignBytes: number | null
  readonly span: Span
}

export interface CMember {
  /** '' for an anonymous struct or union, whose members are reached through it, and for padding bit fields */
  readonly name: string
  readonly type: CType
  /** width of a bit field; 0 closes the storage unit */
  readonly bits: number | null
  readonly packed: boolean
  readonly alignBytes: number | null
  readonly span: Span
}

export interface CEnum {
  /** '' for an anonymous one */
  readonly name: string
  readonly values: readonly { readonly name: string; readonly value: bigint; readonly span: Span }[]
  readonly span: Span
}

const integer = (name: string, sizeBytes: CInteger['sizeBytes'], signed: boolean): CInteger => ({
  kind: 'integer',
  name,
  sizeBytes,
  signed,
  bool: name === '_Bool',
})

/** The integers by their canonical C names, on every 64-bit Linux. */
export const cIntegers = {
  _Bool: integer('_Bool', 1, false),
  char: integer('char', 1, true),
  'signed char': integer('signed char', 1, true),
  'unsigned char': integer('unsigned char', 1, false),
  short: integer('short', 2, true),
  'unsigned short': integer('unsigned short', 2, false),
  int: integer('int', 4, true),
  'unsigned int': integer('unsigned int', 4, false),
  long: integer('long', 8, true),
  'unsigned long': integer('unsigned long', 8, false),
  'long long': integer('long long', 8, true),
  'unsigned long long': integer('unsigned long long', 8, false),
  __int128: integer('__int128', 16, true),
  'unsigned __int128': integer('unsigned __int128', 16, false),
} as const

/** Typedefs that scripts use without saying where they come from, for when BTF does not have them either. */
export const standardTypedefs: Readonly<Record<string, CType>> = {
  int8_t: cIntegers['signed char'],
  int16_t: cIntegers.short,
  int32_t: cIntegers.int,
  int64_t: cIntegers.long,
  uint8_t: cIntegers['unsigned char'],
  uint16_t: cIntegers['unsigned short'],
  uint32_t: cIntegers['unsigned int'],
  uint64_t: cIntegers['unsigned long'],
  s8: cIntegers['signed char'],
  s16: cIntegers.short,
  s32: cIntegers.int,
  s64: cIntegers['long long'],
  u8: cIntegers['unsigned char'],
  u16: cIntegers['unsigned short'],
  u32: cIntegers['unsigned int'],
  u64: cIntegers['unsigned long long'],
  __s8: cIntegers['signed char'],
  __s16: cIntegers.short,
  __s32: cIntegers.int,
  __s64: cIntegers['long long'],
  __u8: cIntegers['unsigned char'],
  __u16: cIntegers['unsigned short'],
  __u32: cIntegers['unsigned int'],
  __u64: cIntegers['unsigned long long'],
  __be16: cIntegers['unsigned short'],
  __be32: cIntegers['unsigned int'],
  __be64: cIntegers['unsigned long long'],
  __le16: cIntegers['unsigned short'],
  __le32: cIntegers['unsigned int'],
  __le64: cIntegers['unsigned long long'],
  bool: cIntegers._Bool,
  size_t: cIntegers['unsigned long'],
  ssize_t: cIntegers.long,
  intptr_t: cIntegers.long,
  uintptr_t: cIntegers['unsigned long'],
  ptrdiff_t: cIntegers.long,
  off_t: cIntegers.long,
  loff_t: cIntegers['long long'],
  pid_t: cIntegers.int,
  uid_t: cIntegers['unsigned int'],
  gid_t: cIntegers['unsigned int'],
  mode_t: cIntegers['unsigned int'],
  dev_t: cIntegers['unsigned int'],
  ino_t: cIntegers['unsigned long'],
  time_t: cIntegers.long,
  sector_t: cIntegers['unsigned long'],
  dma_addr_t: cIntegers['unsigned long'],
  gfp_t: cIntegers['unsigned int'],
}

/** A type in C's words, for messages. */
export function cTypeText(type: CType): string {
  switch (type.kind) {
    case 'void':
      return 'void'
    case 'integer':
    case 'named':
      return type.name
    case 'float':
      return type.sizeBytes === 4 ? 'float' : type.sizeBytes === 8 ? 'double' : 'long double'
    case 'pointer':
      return `${cTypeText(type.target)} *`
    case 'array':
      return `${cTypeText(type.element)}[${type.count ?? ''}]`
    case 'function':
      return `${cTypeText(type.result)} ()`
    case 'record':
      return `${type.tag} ${type.name || '(anonymous)'}`
    case 'enum':
      return `enum ${type.name || '(anonymous)'}`
  }
}
