// The types of the bpftrace language, and how a value of each lies in memory: in map keys and values, in ring
// records and in scratch buffers. The checker gives every expression one of these, the lowering stores by
// `layoutOf`, and the printers decode by the same, so the two halves cannot disagree.
//
// All integers are little-endian as the machine's; every byte of a stored value is written, padding as zero, because
// map keys compare by bytes.

/** A value without a value: the result of `printf`, `clear` … */
export interface NoneType {
  readonly kind: 'none'
}

export interface IntegerType {
  readonly kind: 'integer'
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
  /** the type of a literal that is not negative: it stands for the unsigned type as well (checker only) */
  readonly flexible?: true
  /** what `nsecs` counts from: it goes with the number to `strftime` (checker only) */
  readonly clock?: 'monotonic' | 'boot' | 'tai' | 'sw_tai'
}

/** One byte, 0 or 1. */
export interface BoolType {
  readonly kind: 'bool'
}

/** `capacity` bytes, the last of them the NUL; what follows the first NUL is zero. */
export interface StringType {
  readonly kind: 'string'
  readonly capacity: number
  /** a `char x[N]` of C, which may be full without a NUL: nothing was cut from it then */
  readonly whole?: true
}

/** `buf()`: a u32 length, then `capacity` bytes. Printed as text with `\x..` escapes, or by `%r`, `%rx`, `%rh`. */
export interface BufferType {
  readonly kind: 'buffer'
  readonly capacity: number
}

/** Where an address points: which read helper follows it. `none` is an address nobody vouched for. */
export type AddressSpace = 'kernel' | 'user' | 'none'

/** Eight bytes: an address. `to` is `none` for `void *`. */
export interface PointerType {
  readonly kind: 'pointer'
  readonly to: ScriptType
  readonly space: AddressSpace
}

export interface ArrayType {
  readonly kind: 'array'
  readonly element: ScriptType
  readonly count: number
  /** where the elements are when the expression is an address into memory; `none` once copied */
  readonly space: AddressSpace
}

/** A struct or union by its definition; its bytes are those of the C object. */
export interface StructType {
  readonly kind: 'struct'
  readonly def: StructDef
  /** where the object is when the expression is an address into memory; `none` once copied */
  readonly space: AddressSpace
}

/** A struct or union of BTF, of the script or of a probe's arguments. Members are found when first asked for. */
export interface StructDef {
  /** without `struct` or `union`; empty for an anonymous one */
  readonly name: string
  readonly union: boolean
  readonly sizeBytes: number
  members(): readonly StructMember[]
}

export interface StructMember {
  /** empty for an anonymous struct or union, whose members are reached through it */
  readonly name: string
  readonly type: ScriptType
  readonly offsetBytes: number
  /** a bit field: `bitOffset` counts from the byte at `offsetBytes`, least significant bit first */
  readonly bits?: { readonly offset: number; readonly size: number }
  /** `__data_loc` of tracepoints: a u32 of offset (low half) and length (high half) from the record's start */
  readonly dataLoc?: boolean
}

export interface EnumType {
  readonly kind: 'enum'
  readonly name: string
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
  readonly values: ReadonlyMap<bigint, string>
}

/** Laid out as a C struct of its elements, padded to the strictest alignment. */
export interface TupleType {
  readonly kind: 'tuple'
  readonly elements: readonly ScriptType[]
  /** names of the elements of a record, `(color="green", size=2)`; absent for a tuple */
  readonly names?: readonly string[]
}

/** `ntop()`: a u32 address family (AF_INET or AF_INET6) and 16 bytes of address, an IPv4 address in the first four. */
export interface InetType {
  readonly kind: 'inet'
}

/** `macaddr()`: six bytes. */
export interface MacType {
  readonly kind: 'mac'
}

export type StackMode = 'bpftrace' | 'perf' | 'raw' | 'build_id'

/** `kstack`, `ustack`: a u64 stack id (see StackStore in compiled.ts), a u32 tgid (0 for kernel stacks), a u32 zero. */
export interface StackType {
  readonly kind: 'kstack' | 'ustack'
  readonly mode: StackMode
  readonly limit: number
}

/** `ksym()`: a u64 address. `usym()`: a u64 address, a u32 tgid, a u32 zero. */
export interface SymbolType {
  readonly kind: 'ksym' | 'usym'
}

/** `strftime()`: a u64 of nanoseconds, a u32 index into the script's time formats, a u32 of TIME_* (compiled.ts). */
export interface TimestampType {
  readonly kind: 'timestamp'
}

/** `cgroup_path()`: a u64 cgroup id, a u32 index into the script's cgroup patterns, a u32 zero. */
export interface CgroupPathType {
  readonly kind: 'cgroup_path'
}

/** A u64 that user space turns into a word: a uid, an errno, a signal's or a system call's number. */
export interface NamedNumberType {
  readonly kind: 'named'
  readonly table: 'username' | 'strerror' | 'signal_name' | 'syscall_name'
}

/** Values of maps only. All are per CPU and added up by the reader:
 *
 *     count          u64
 *     sum            s64 or u64
 *     avg, stats     s64 or u64 total, u64 count
 *     min, max       s64 or u64 value, u64 that is 1 once a value was seen
 *     hist           u64 for each bucket, see buckets.ts
 *     lhist          u64 for each bucket: below min, the steps, max and above
 *     tseries        see buckets.ts
 */
export type AggregateType =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'avg' | 'stats' | 'min' | 'max'; readonly signed: boolean }
  | { readonly kind: 'hist'; readonly bits: number }
  | { readonly kind: 'lhist'; readonly min: bigint; readonly max: bigint; readonly step: bigint }
  | {
      readonly kind: 'tseries'
      readonly intervalNs: bigint
      readonly buckets: number
      readonly aggregate: 'none' | 'avg' | 'max' | 'min' | 'sum'
      readonly signed: boolean
    }

export type ScriptType =
  | NoneType
  | IntegerType
  | BoolType
  | StringType
  | BufferType
  | PointerType
  | ArrayType
  | StructType
  | EnumType
  | TupleType
  | InetType
  | MacType
  | StackType
  | SymbolType
  | TimestampType
  | CgroupPathType
  | NamedNumberType
  | AggregateType

export const none: NoneType = { kind: 'none' }
export const bool: BoolType = { kind: 'bool' }
export const inet: InetType = { kind: 'inet' }
export const mac: MacType = { kind: 'mac' }
export const int8: IntegerType = { kind: 'integer', bits: 8, signed: true }
export const int16: IntegerType = { kind: 'integer', bits: 16, signed: true }
export const int32: IntegerType = { kind: 'integer', bits: 32, signed: true }
export const int64: IntegerType = { kind: 'integer', bits: 64, signed: true }
export const uint8: IntegerType = { kind: 'integer', bits: 8, signed: false }
export const uint16: IntegerType = { kind: 'integer', bits: 16, signed: false }
export const uint32: IntegerType = { kind: 'integer', bits: 32, signed: false }
export const uint64: IntegerType = { kind: 'integer', bits: 64, signed: false }

/** The integer type of that many bits. */
export function intOf(bits: IntegerType['bits'], signed: boolean): IntegerType {
  if (signed) return bits === 8 ? int8 : bits === 16 ? int16 : bits === 32 ? int32 : int64
  return bits === 8 ? uint8 : bits === 16 ? uint16 : bits === 32 ? uint32 : uint64
}

export function string(capacity: number): StringType {
  return { kind: 'string', capacity }
}

export function tuple(elements: readonly ScriptType[], names?: readonly string[]): TupleType {
  return names === undefined ? { kind: 'tuple', elements } : { kind: 'tuple', elements, names }
}

export function isAggregate(type: ScriptType): type is AggregateType {
  switch (type.kind) {
    case 'count':
    case 'sum':
    case 'avg':
    case 'stats':
    case 'min':
    case 'max':
    case 'hist':
    case 'lhist':
    case 'tseries':
      return true
    default:
      return false
  }
}
