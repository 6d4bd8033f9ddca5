// The shape of a family of named constants: a set of bits, or one of a list.

/** 64-bit values stand as numbers: the headers define none between 2^53 and 2^64. */
export interface ConstantFamily {
  readonly kind: 'flags' | 'enum'
  /** flags in the order they are shown; a name that covers several bits comes before its parts */
  readonly constants: readonly (readonly [name: string, value: number])[]
}
