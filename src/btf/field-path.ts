// From a path as a person writes it ("mm->arg_start", "a.b[2].c") to where the value lies.

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import { findMember, memberBits, noMember, resolve, sizeOf } from './layout.ts'
import { printType } from './print.ts'
import type { BtfType } from './type.ts'

/** Where a field lies, seen from the address of the struct the path started at. */
export interface FieldLocation {
  /** the field's type as declared, typedefs and qualifiers kept */
  readonly type: BtfType
  /**
   * Pointers to follow before the field is reached, in order: read the 8-byte pointer this many bytes into the
   * object, and go on in the object it points to. Empty when the field lies in the struct itself.
   */
  readonly pointerOffsets: readonly number[]
  /** from the start of the last object; of a bit field the first bit */
  readonly offsetBits: number
  /** the byte that `offsetBits` lies in */
  readonly offsetBytes: number
  readonly sizeBits: number
  /** true when the value may start and end inside a byte */
  readonly bitfield: boolean
}

/**
 * Resolves a path: names joined by `.` or `->` (both go through pointers; C's distinction carries nothing BTF does
 * not know), and `[N]` for elements of arrays and behind pointers. Members of anonymous structs are found by
 * name. Throws BtfError naming the struct and near names when a member does not exist, when the path does not fit
 * the types, or an index lies outside of its array (the last element of a flexible array is not known: any does).
 */
export function fieldPath(btf: Btf, type: BtfType, path: string): FieldLocation {
  const pointerOffsets: number[] = []
  let at = type
  let offsetBits = 0
  let sizeBits: number | undefined
  let bitfield = false
  let done = ''

  const follow = (pointee: BtfType): void => {
    pointerOffsets.push(offsetBits / 8)
    offsetBits = 0
    at = pointee
  }
  for (const step of steps(path)) {
    if (bitfield) throw new BtfError(`"${done}" is a bit field: "${path}" cannot go on from there`)
    let from = resolve(btf, at)
    if (typeof step === 'number') {
      if (from.kind === 'array') {
        if (from.count > 0 && step >= from.count) {
          throw new BtfError(`"${path}": index ${step} lies outside of ${printType(btf, from, done)}`)
        }
        at = btf.type(from.elementTypeId)
      } else if (from.kind === 'ptr') {
        follow(btf.type(from.typeId))
      } else {
        throw new BtfError(
          `"${path}": "${done}" is ${printType(btf, at)}, which is neither array nor pointer`,
        )
      }
      offsetBits += step * sizeOf(btf, at) * 8
      sizeBits = undefined
      done += `[${step}]`
      continue
    }
    const behind = from.kind === 'ptr'
    if (from.kind === 'ptr') {
      follow(btf.type(from.typeId))
      from = resolve(btf, at)
    }
    if (from.kind !== 'struct' && from.kind !== 'union') {
      const what =
        done === '' ? printType(btf, at) : `"${done}" ${behind ? 'points to' : 'is'} ${printType(btf, at)}`
      const why = from.kind === 'fwd' ? 'is only declared in this BTF' : 'is no struct or union'
      throw new BtfError(`"${path}": ${what}, which ${why}`)
    }
    const found = findMember(btf, from, step)
    if (!found) throw noMember(btf, from, step)
    at = btf.type(found.member.typeId)
    const bits = memberBits(btf, found.member)
    offsetBits += found.baseBits + bits.offsetBits
    sizeBits = bits.sizeBits
    bitfield = bits.bitfield
    done += done === '' ? step : `.${step}`
  }
  return {
    type: at,
    pointerOffsets,
    offsetBits,
    offsetBytes: Math.floor(offsetBits / 8),
    sizeBits: sizeBits ?? sizeOf(btf, at) * 8,
    bitfield,
  }
}

/** Cuts a path into names and indexes. */
function steps(path: string): (string | number)[] {
  const list: (string | number)[] = []
  const token = /(?:^|(?<=[\w$\]])(?:\.|->))([A-Za-z_$][\w$]*)|\[(\d+)\]/y
  while (token.lastIndex < path.length) {
    const at = token.lastIndex
    const match = token.exec(path)
    if (!match) throw new BtfError(`field path "${path}" cannot be read from "${path.slice(at)}" on`)
    const index = match[2]
    if (index === undefined) list.push(match[1]!)
    else if (index.length > 9) throw new BtfError(`field path "${path}": index ${index} is too large`)
    else list.push(Number(index))
  }
  if (list.length === 0) throw new BtfError('field path is empty')
  return list
}
