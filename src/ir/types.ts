// The types of IR values: what a front end may do with a value, and how it is held in a 64-bit register.
//
// Every value fills a whole register in the canonical form of its type: an unsigned integer is zero-extended,
// a signed one sign-extended, a bool is 0 or 1. So values compare with 64-bit compares whatever their type
// (the verifier of old kernels learns little from 32-bit ones), and widening costs nothing.

export type Bits = 8 | 16 | 32 | 64

export interface IntType {
  readonly kind: 'int'
  readonly bits: Bits
  readonly signed: boolean
}

export interface BoolType {
  readonly kind: 'bool'
}

/**
 * Where a pointer points, which decides how it may be used:
 *
 *     context    the program's context: loads at constant offsets only
 *     stack      a stack slot of this function or of a caller
 *     map        a map handle: only handed to helpers
 *     mapValue   a map's value
 *     record     a reserved ring buffer record
 *     memory     other memory the verifier tracks (a dynptr's slice, a per-CPU variable …)
 *     btf        a kernel object the verifier tracks by BTF type: loads only
 *     packet     packet data, after a check against packetEnd
 *     packetEnd  the end of packet data: only compared
 *     function   the address of a subprogram: only handed to helpers
 *     kernel     an address in kernel memory the verifier knows nothing of: to be read with a probe read helper
 *     user       an address in a process' memory: to be read with a probe read helper
 */
export type Space =
  | 'context'
  | 'stack'
  | 'map'
  | 'mapValue'
  | 'record'
  | 'memory'
  | 'btf'
  | 'packet'
  | 'packetEnd'
  | 'function'
  | 'kernel'
  | 'user'

export interface PointerType {
  readonly kind: 'pointer'
  readonly space: Space
  /** must be compared with null before it is used */
  readonly maybeNull: boolean
  /** only for a parameter of a global subprogram: the bytes there are at it at least (`memoryOf`) */
  readonly sizeBytes?: number
}

export type Type = IntType | BoolType | PointerType

export const u8: IntType = { kind: 'int', bits: 8, signed: false }
export const u16: IntType = { kind: 'int', bits: 16, signed: false }
export const u32: IntType = { kind: 'int', bits: 32, signed: false }
export const u64: IntType = { kind: 'int', bits: 64, signed: false }
export const s8: IntType = { kind: 'int', bits: 8, signed: true }
export const s16: IntType = { kind: 'int', bits: 16, signed: true }
export const s32: IntType = { kind: 'int', bits: 32, signed: true }
export const s64: IntType = { kind: 'int', bits: 64, signed: true }
export const bool: BoolType = { kind: 'bool' }

/** A pointer that is known not to be null. */
export function pointer(space: Space): PointerType {
  return { kind: 'pointer', space, maybeNull: false }
}

/** A pointer that may be null, such as the result of a map look-up. */
export function nullable(space: Space): PointerType {
  return { kind: 'pointer', space, maybeNull: true }
}

/**
 * A parameter of a global subprogram that points to `sizeBytes` bytes of memory: stack, a map value, a record. The
 * verifier makes the subprogram compare it with null; the caller must have initialised all bytes. Linux 5.12.
 */
export function memoryOf(sizeBytes: number): PointerType {
  return { kind: 'pointer', space: 'memory', maybeNull: true, sizeBytes }
}

/** The integer type of `bits` bits. */
export function intType(bits: Bits, signed: boolean): IntType {
  if (signed) return bits === 8 ? s8 : bits === 16 ? s16 : bits === 32 ? s32 : s64
  return bits === 8 ? u8 : bits === 16 ? u16 : bits === 32 ? u32 : u64
}

/** Whether the verifier tracks values of this type as pointers, so that only pointer operations apply. */
export function isTracked(type: Type): boolean {
  return type.kind === 'pointer' && type.space !== 'kernel' && type.space !== 'user'
}

export function sameType(a: Type, b: Type): boolean {
  if (a.kind === 'int') return b.kind === 'int' && a.bits === b.bits && a.signed === b.signed
  if (a.kind === 'bool') return b.kind === 'bool'
  return b.kind === 'pointer' && a.space === b.space && a.maybeNull === b.maybeNull
}

/** `u32`, `s64`, `bool`, `*mapValue`, `?mapValue` (a pointer that may be null). */
export function printType(type: Type): string {
  if (type.kind === 'int') return `${type.signed ? 's' : 'u'}${type.bits}`
  if (type.kind === 'bool') return 'bool'
  return `${type.maybeNull ? '?' : '*'}${type.space}`
}

/** Bytes a value of this type takes in memory. */
export function byteSize(type: Type): 1 | 2 | 4 | 8 {
  if (type.kind === 'pointer') return 8
  if (type.kind === 'bool') return 1
  return (type.bits / 8) as 1 | 2 | 4 | 8
}

/** `value` brought into the canonical 64-bit register form of `type`, as an unsigned 64-bit number. */
export function canonical(type: Type, value: bigint): bigint {
  if (type.kind === 'bool') return value === 0n ? 0n : 1n
  if (type.kind === 'pointer') return BigInt.asUintN(64, value)
  if (type.signed) return BigInt.asUintN(64, BigInt.asIntN(type.bits, value))
  return BigInt.asUintN(type.bits, value)
}
