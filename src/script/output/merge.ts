// Per-CPU values added up: what a map element is once every CPU's share is in it.

import { bucketCount } from '../buckets.ts'
import { layoutOf } from '../layout.ts'
import { isAggregate, type ScriptType } from '../type.ts'

/**
 * One value of `type` out of the shares of all CPUs, each `layoutOf(type)` bytes and `strideBytes` after the last
 * (per-CPU maps pad to 8). A value that is not kept per CPU is its own merge.
 */
export function mergeShares(type: ScriptType, shares: Uint8Array, strideBytes: number): DataView {
  const view = new DataView(shares.buffer, shares.byteOffset, shares.byteLength)
  const count = Math.max(1, Math.floor(shares.byteLength / strideBytes))
  if (count === 1 || !isAggregate(type)) return view
  const merged = new DataView(new ArrayBuffer(layoutOf(type).sizeBytes))
  for (let cpu = 0; cpu < count; cpu++) addShare(type, merged, view, cpu * strideBytes)
  return merged
}

function addShare(type: ScriptType, merged: DataView, view: DataView, at: number): void {
  switch (type.kind) {
    case 'min':
    case 'max':
      // A share is worth something once its second word is set.
      if (view.getBigUint64(at + 8, true) === 0n) return
      if (
        merged.getBigUint64(8, true) === 0n ||
        isBeyond(type.kind === 'min', type.signed, view, at, merged)
      ) {
        merged.setBigUint64(0, view.getBigUint64(at, true), true)
      }
      merged.setBigUint64(8, 1n, true)
      return
    case 'tseries':
      mergeSeries(type, merged, view, at)
      return
    default:
      for (let word = 0; word < merged.byteLength; word += 8) {
        merged.setBigUint64(word, merged.getBigUint64(word, true) + view.getBigUint64(at + word, true), true)
      }
  }
}

function isBeyond(least: boolean, signed: boolean, view: DataView, at: number, merged: DataView): boolean {
  const [share, best] = signed
    ? [view.getBigInt64(at, true), merged.getBigInt64(0, true)]
    : [view.getBigUint64(at, true), merged.getBigUint64(0, true)]
  return least ? share < best : share > best
}

type Series = Extract<ScriptType, { kind: 'tseries' }>

/** A slot holds an interval's number, its value and how many values made it; the newer interval wins a slot. */
function mergeSeries(type: Series, merged: DataView, view: DataView, at: number): void {
  const slots = bucketCount(type) / 3
  for (let slot = 0; slot < slots; slot++) {
    const to = slot * 24
    const from = at + to
    const samples = view.getBigUint64(from + 16, true)
    if (samples === 0n) continue
    const mine = merged.getBigUint64(to, true)
    const theirs = view.getBigUint64(from, true)
    const empty = merged.getBigUint64(to + 16, true) === 0n
    if (!empty && theirs < mine) continue
    if (empty || theirs > mine) {
      for (let word = 0; word < 24; word += 8) {
        merged.setBigUint64(to + word, view.getBigUint64(from + word, true), true)
      }
      continue
    }
    merged.setBigUint64(to + 8, joinSamples(type, merged, to + 8, view, from + 8), true)
    merged.setBigUint64(to + 16, merged.getBigUint64(to + 16, true) + samples, true)
  }
}

function joinSamples(type: Series, merged: DataView, to: number, view: DataView, from: number): bigint {
  const read = (v: DataView, offset: number) =>
    type.signed ? v.getBigInt64(offset, true) : v.getBigUint64(offset, true)
  const mine = read(merged, to)
  const theirs = read(view, from)
  switch (type.aggregate) {
    case 'sum':
    case 'avg':
      return BigInt.asUintN(64, mine + theirs)
    case 'min':
      return BigInt.asUintN(64, theirs < mine ? theirs : mine)
    case 'max':
      return BigInt.asUintN(64, theirs > mine ? theirs : mine)
    case 'none':
      // Which CPU wrote last is not recorded: any of them is a value of that interval.
      return BigInt.asUintN(64, theirs)
  }
}
