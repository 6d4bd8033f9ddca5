// One BTF type as plain data, a discriminated union by `kind`. Other types are named by id: `btf.type(id)`.
// The same shapes, without `id`, are what BtfBuilder.add takes.

/** Id 0: no type. */
export interface BtfVoid {
  readonly kind: 'void'
  readonly id: number
  readonly name: ''
}

export interface BtfInt {
  readonly kind: 'int'
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
  readonly encoding: 'unsigned' | 'signed' | 'char' | 'bool'
  /** old-style bit field: where the value starts inside the storage of `sizeBytes`; 0 otherwise */
  readonly offsetBits: number
  /** bits the value has; 8 * sizeBytes unless it is an old-style bit field */
  readonly sizeBits: number
}

export interface BtfPtr {
  readonly kind: 'ptr'
  readonly id: number
  readonly name: ''
  readonly typeId: number
}

export interface BtfArray {
  readonly kind: 'array'
  readonly id: number
  readonly name: ''
  readonly elementTypeId: number
  readonly indexTypeId: number
  /** elements; 0 for a flexible array */
  readonly count: number
}

export interface BtfMember {
  /** '' for an anonymous struct, union or padding */
  readonly name: string
  readonly typeId: number
  /** from the start of the struct; `memberBits` adds what an old-style bit field says */
  readonly offsetBits: number
  /** bits of a bit field, 0 when it is none (or an old-style one, which its int type says) */
  readonly bitfieldBits: number
}

export interface BtfComposite {
  readonly kind: 'struct' | 'union'
  readonly id: number
  /** '' when anonymous */
  readonly name: string
  readonly sizeBytes: number
  readonly members: readonly BtfMember[]
}

export interface BtfEnum {
  readonly kind: 'enum'
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
  readonly signed: boolean
  readonly values: readonly { readonly name: string; readonly value: number }[]
}

export interface BtfEnum64 {
  readonly kind: 'enum64'
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
  readonly signed: boolean
  readonly values: readonly { readonly name: string; readonly value: bigint }[]
}

/** A struct or union that is only declared. */
export interface BtfFwd {
  readonly kind: 'fwd'
  readonly id: number
  readonly name: string
  readonly target: 'struct' | 'union'
}

/** What `resolve` looks through. */
export interface BtfModifier {
  readonly kind: 'typedef' | 'volatile' | 'const' | 'restrict' | 'typeTag'
  readonly id: number
  /** of a typedef its name, of a typeTag the tag; '' for the rest */
  readonly name: string
  readonly typeId: number
}

export type BtfLinkage = 'static' | 'global' | 'extern'

export interface BtfFunc {
  readonly kind: 'func'
  readonly id: number
  readonly name: string
  /** a funcProto */
  readonly typeId: number
  readonly linkage: BtfLinkage
}

export interface BtfFuncProto {
  readonly kind: 'funcProto'
  readonly id: number
  readonly name: ''
  readonly returnTypeId: number
  readonly params: readonly { readonly name: string; readonly typeId: number }[]
  /** ends in `...` */
  readonly variadic: boolean
}

export interface BtfVar {
  readonly kind: 'var'
  readonly id: number
  readonly name: string
  readonly typeId: number
  readonly linkage: BtfLinkage
}

/** An ELF section with the variables in it. */
export interface BtfDatasec {
  readonly kind: 'datasec'
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
  readonly vars: readonly {
    readonly typeId: number
    readonly offsetBytes: number
    readonly sizeBytes: number
  }[]
}

export interface BtfFloat {
  readonly kind: 'float'
  readonly id: number
  readonly name: string
  readonly sizeBytes: number
}

/** A tag (`name`) on a type, a variable, a function, or one of its members or parameters. */
export interface BtfDeclTag {
  readonly kind: 'declTag'
  readonly id: number
  readonly name: string
  readonly typeId: number
  /** which member or parameter; -1 for the whole */
  readonly componentIndex: number
}

/** A kind newer than this code, skipped by means of the layout section (Linux 7.1). */
export interface BtfUnknown {
  readonly kind: 'unknown'
  readonly id: number
  readonly name: string
  readonly kindNumber: number
}

export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfPtr
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfEnum64
  | BtfFwd
  | BtfModifier
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag
  | BtfUnknown

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

/** A type that has no id yet: what BtfBuilder.add takes. */
export type NewBtfType = WithoutId<Exclude<BtfType, BtfVoid | BtfUnknown>>
