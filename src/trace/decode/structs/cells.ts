// Single numbers in the program's memory, in brackets: `[5]`, and what pipe's two descriptors are made of.

import { printFd, printId } from '../scalars.ts'
import type { Struct } from '../struct.ts'

/** One descriptor or int of an array. */
export const INT: Struct = {
  size: 4,
  compatSize: 4,
  print: (w, view, at, call) => printFd(w, call, view.getInt32(at, true)),
}

function cell(size: number, compatSize: number | undefined, print: Struct['print']): Struct {
  const bracketed: Struct['print'] = (w, view, at, call) => {
    w.array()
    w.item()
    print(w, view, at, call)
    w.endArray()
  }
  return compatSize === undefined ? { size, print: bracketed } : { size, compatSize, print: bracketed }
}

/** `[0]` */
export const INT_CELL = cell(4, 4, (w, view, at) => w.i32(view.getInt32(at, true)))
export const UINT_CELL = cell(4, 4, (w, view, at) => w.u32(view.getUint32(at, true)))
/** a user or group id that the call fills */
export const ID_CELL = cell(4, 4, (w, view, at) => printId(w, view.getUint32(at, true)))
/** one id of an array */
export const ID: Struct = {
  size: 4,
  compatSize: 4,
  print: (w, view, at) => printId(w, view.getUint32(at, true)),
}
/** loff_t */
export const OFFSET_CELL = cell(8, 8, (w, view, at) =>
  w.i64(view.getUint32(at, true), view.getUint32(at + 4, true)),
)
/** an address that the call fills */
export const ADDRESS_CELL = cell(8, undefined, (w, view, at) =>
  w.pointer(view.getUint32(at, true), view.getUint32(at + 4, true)),
)
