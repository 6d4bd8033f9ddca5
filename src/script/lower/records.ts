// Records for the reader: reserved and written in place where they are small, built in scratch and sent as long as their
// content where not. What finds no room is counted, never waited for; the reader is woken only when it sleeps.

import { FORCE_WAKEUP, NO_WAKEUP, u32, u64, type Value } from '../../ir/index.ts'
import { CONTROL_LOST, CONTROL_MAP, CONTROL_WAITING, RING_MAP } from '../compiled.ts'
import { layoutOf, placeElements } from '../layout.ts'
import { type ScriptType, tuple } from '../type.ts'
import { type Datum, type Made, needsRoom } from './datum.ts'
import type { Lowering } from './lowering.ts'
import { store } from './store.ts'

/** The action's number and a zero come first. */
const HEAD_BYTES = 8
/** Larger records are sent as long as what is in them. */
const RESERVED_BYTES = 512

/** The types of an action's arguments: numbers as they are, aggregations as their number, objects as copies. */
export function recordType(type: ScriptType): ScriptType {
  if (type.kind === 'struct' || type.kind === 'array') return { ...type, space: 'none' }
  if (type.kind === 'tuple') return { ...type, elements: type.elements.map(recordType) }
  return type
}

/** Sends a record for `action` with these arguments. */
export function emitRecord(
  l: Lowering,
  action: number,
  types: readonly ScriptType[],
  args: readonly Datum[],
): void {
  const { b } = l
  const { offsets } = placeElements(tuple(types))
  const end = types.length === 0 ? 0 : offsets.at(-1)! + layoutOf(types.at(-1)!).sizeBytes
  const size = HEAD_BYTES + ((end + 7) & ~7)
  const roomy = args.some((datum, i) => needsRoom(datum, !isPlain(datum, types[i]!)))
  if (size <= RESERVED_BYTES && !roomy) {
    l.ifNotNull(
      b.call('ringbuf_reserve', [b.mapFd(RING_MAP), size, 0]),
      record => {
        write(l, record, 0, action, types, args, offsets)
        b.call('ringbuf_submit', [record, wakeFlags(l)])
      },
      () => countLost(l),
    )
    return
  }
  const area = l.buffer(size)
  const used = write(l, area.base, area.offset, action, types, args, offsets)
  const last = HEAD_BYTES + (offsets.at(-1) ?? 0)
  const length = used === undefined ? b.const(u64, size) : b.clamp(b.add(used, last), size)
  const sent = b.call('ringbuf_output', [
    b.mapFd(RING_MAP),
    b.offset(area.base, area.offset),
    length,
    wakeFlags(l),
  ])
  l.if(b.ne(sent, 0), () => countLost(l))
}

/** A string or buffer that is written as it comes. */
function isPlain(datum: Datum, type: ScriptType): datum is Made {
  const text = type.kind === 'string' || type.kind === 'buffer'
  return datum.kind === 'made' && text && layoutOf(datum.type).sizeBytes === layoutOf(type).sizeBytes
}

/** Writes head and arguments; gives the bytes that are meant of a last argument without a fixed length. */
function write(
  l: Lowering,
  to: Value,
  offset: number,
  action: number,
  types: readonly ScriptType[],
  args: readonly Datum[],
  offsets: readonly number[],
): Value | undefined {
  const { b } = l
  b.store(to, offset, action, u64)
  let used: Value | undefined
  for (const [i, datum] of args.entries()) {
    const type = types[i]!
    const at = offset + HEAD_BYTES + offsets[i]!
    if (isPlain(datum, type)) {
      // A reader stops at the NUL: what is behind it does not matter.
      used = datum.write(to, at, false)
    } else {
      store(l, datum, type, to, at)
      used = undefined
    }
  }
  return used
}

/** Wakes the reader when it said that it sleeps. */
export function wakeFlags(l: Lowering): Value {
  const { b } = l
  const flags = b.variable(u64, NO_WAKEUP)
  const control = b.mapValue(CONTROL_MAP)
  b.if(b.ne(b.load(control, CONTROL_WAITING, u32), 0), () => {
    b.store(control, CONTROL_WAITING, 0, u32)
    flags.set(FORCE_WAKEUP)
  })
  return flags.get()
}

export function countLost(l: Lowering): void {
  l.b.atomicAdd(l.b.mapValue(CONTROL_MAP), CONTROL_LOST, 1)
}
