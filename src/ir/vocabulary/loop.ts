// Loops whose number of rounds is only known at run time, and walks over maps.
//
// Before bpf_loop (Linux 5.17) the verifier walks every round up to the limit, and what it knows differs from round
// to round, so a body with branches costs it much: keep limits small, or put the body into a global subprogram.
// With a callback it walks the body once.

import type { Builder, Loop } from '../builder.ts'
import type { Operand, Value } from '../operand.ts'
import type { Program } from '../program.ts'
import { pointer, type Type, u32, u64 } from '../types.ts'

/** `body(i)` for i = 0 … `count` - 1, at most `max` rounds (a constant). Linux 5.3. */
export function repeatUpTo(
  b: Builder,
  count: Value,
  max: number,
  body: (i: Value, loop: Loop) => void,
): void {
  b.forRange(
    0,
    max,
    (i, loop) => {
      b.if(b.ge(b.convert(i, u64), b.convert(count, u64)), loop.break)
      body(i, loop)
    },
    { type: u64 },
  )
}

/** What a callback can say. Without either it goes on. */
export interface CallbackEnd {
  /** ends the loop after this round */
  stop(): void
  /** ends this round */
  next(): void
}

/**
 * Builds subprogram `name` as the body of `repeatCalling`. `body` gets the number of the round and the pointer that
 * was handed over with the loop, to `contextSpace`.
 */
export function loopBody(
  p: Program,
  name: string,
  body: (b: Builder, i: Value, context: Value, end: CallbackEnd) => void,
  contextSpace: 'stack' | 'mapValue' = 'stack',
): void {
  const params: Type[] = [u64, pointer(contextSpace)]
  p.subprogram(name, params, (b, i, context) => {
    // The kernel counts in 32 bits; the verifier knows nothing of the upper half.
    body(b, b.convert(b.convert(i!, u32), u64), context!, ends(b))
    b.return(0)
  })
}

/**
 * Runs the subprogram of `loopBody` for i = 0 … `count` - 1, at most 2^23 rounds. `context` is the address of what the
 * body needs, a slot with every byte initialised or a map value. Gives the number of rounds, or -E2BIG. Linux 5.17.
 */
export function repeatCalling(b: Builder, count: Operand, bodyName: string, context: Value): Value {
  return b.call('loop', [count, b.functionAddress(bodyName), context, 0])
}

/**
 * Builds subprogram `name` as the body of `forEachElement`. `body` gets the addresses of key (to be read only) and value,
 * and the pointer that was handed over, to `contextSpace`. It may delete the element it is at.
 */
export function elementBody(
  p: Program,
  name: string,
  body: (b: Builder, key: Value, value: Value, context: Value, end: CallbackEnd) => void,
  contextSpace: 'stack' | 'mapValue' = 'stack',
): void {
  const params: Type[] = [pointer('map'), pointer('memory'), pointer('mapValue'), pointer(contextSpace)]
  p.subprogram(name, params, (b, _map, key, value, context) => {
    body(b, key!, value!, context!, ends(b))
    b.return(0)
  })
}

/**
 * Runs the subprogram of `elementBody` for each element of a hash or array map; of a per-CPU one it sees the values of
 * its own CPU. Gives the number of elements it was run for. Linux 5.13.
 */
export function forEachElement(b: Builder, map: string, bodyName: string, context: Value): Value {
  return b.call('for_each_map_elem', [b.mapFd(map), b.functionAddress(bodyName), context, 0])
}

function ends(b: Builder): CallbackEnd {
  return { stop: () => b.return(1), next: () => b.return(0) }
}
