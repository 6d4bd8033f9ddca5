// The value of an expression while code is made for it: in a register, somewhere in memory, or not made yet. What is
// not made yet is written straight to where it is wanted, be that a map's key, a ring record or a buffer.

import { type Bits, bool, intType, type Type, u64, type Value } from '../../ir/index.ts'
import type { ScriptType } from '../type.ts'

export type Datum =
  /** in a register, of `registerType(type)` */
  | { readonly kind: 'scalar'; readonly type: ScriptType; readonly value: Value }
  /** several u64 words: stacks, user symbols, timestamps */
  | { readonly kind: 'words'; readonly type: ScriptType; readonly words: readonly Value[] }
  /** in memory that the verifier knows, laid out as `layoutOf(type)` says */
  | { readonly kind: 'bytes'; readonly type: ScriptType; readonly base: Value; readonly offset: number }
  /** in memory that only a probe read reaches: a C object at an address */
  | {
      readonly kind: 'remote'
      readonly type: ScriptType
      readonly address: Value
      readonly space: 'kernel' | 'user'
    }
  | { readonly kind: 'text'; readonly type: ScriptType; readonly text: string }
  /** written by a helper or a loop. `write` fills `sizeBytes` from `to + offset` on. */
  | Made
  | { readonly kind: 'tuple'; readonly type: ScriptType; readonly elements: readonly Datum[] }
  | { readonly kind: 'none'; readonly type: ScriptType }

export interface Made {
  readonly kind: 'made'
  readonly type: ScriptType
  /** bytes behind the value's end that `write` touches, or seems to touch to the verifier */
  readonly beyond?: { readonly padded: number; readonly plain: number }
  /**
   * Writes the value. With `padded` every byte of the type's layout is written; without, bytes behind what is
   * meant may hold anything. Gives how many bytes are meant, bounded for the verifier, or undefined for all.
   */
  write(to: Value, offset: number, padded: boolean): Value | undefined
}

/** Types that one register holds. */
export function isScalar(type: ScriptType): boolean {
  switch (type.kind) {
    case 'integer':
    case 'enum':
    case 'bool':
    case 'pointer':
    case 'ksym':
    case 'named':
    case 'count':
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return true
    default:
      return false
  }
}

/** How a scalar is held. Aggregates are held as the number that they stand for. */
export function registerType(type: ScriptType): Type {
  switch (type.kind) {
    case 'integer':
    case 'enum':
      return intType(type.bits as Bits, type.signed)
    case 'bool':
      return bool
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return intType(64, type.signed)
    default:
      return u64
  }
}

/** u64 words of the types that consist of such. */
export function wordCount(type: ScriptType): number {
  return ['kstack', 'ustack', 'usym', 'timestamp', 'cgroup_path'].includes(type.kind) ? 2 : 0
}

/** Whether a value can only be written where there is room behind it: see `Made.beyond`. */
export function needsRoom(datum: Datum, padded: boolean): boolean {
  if (datum.kind === 'tuple') return datum.elements.some(element => needsRoom(element, true))
  if (datum.kind !== 'made' || datum.beyond === undefined) return false
  return (padded ? datum.beyond.padded : datum.beyond.plain) > 0
}
