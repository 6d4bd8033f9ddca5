// Maps as front ends use them: keys given as values, results that are not null.

import type { Builder } from '../builder.ts'
import type { Value } from '../operand.ts'
import { byteSize } from '../types.ts'

/**
 * Looks up an element of a map by an integer key (as wide as its type); `found` gets the address of the value.
 * For wider keys put them into a slot and hand that over.
 */
export function lookup(
  b: Builder,
  map: string,
  key: Value,
  found: (value: Value) => void,
  missing?: () => void,
): void {
  b.ifNotNull(b.call('map_lookup_elem', [b.mapFd(map), keyAddress(b, key)]), found, missing)
}

/** Stores an element: `key` an integer or the address of the key, `value` the address of the value. Gives 0 or -errno. */
export function update(b: Builder, map: string, key: Value, value: Value, flags = 0): Value {
  return b.call('map_update_elem', [b.mapFd(map), keyAddress(b, key), value, flags])
}

/** Deletes an element. Gives 0 or -errno. */
export function remove(b: Builder, map: string, key: Value): Value {
  return b.call('map_delete_elem', [b.mapFd(map), keyAddress(b, key)])
}

/**
 * The only element of an array map, of this CPU if it is a per-CPU one: `found` gets its address. The look-up is done
 * once for all places that one of them dominates. (A plain array's value has a direct address: `b.mapValue`.)
 */
export function onlyElement(
  b: Builder,
  map: string,
  found: (value: Value) => void,
  missing?: () => void,
): void {
  b.ifNotNull(b.call('map_lookup_elem', [b.mapFd(map), b.zeroKey()], { pure: true }), found, missing)
}

/** A pointer is the key's address already; an integer goes to the stack. */
function keyAddress(b: Builder, key: Value): Value {
  if (key.type.kind === 'pointer') return key
  const slot = b.slot(byteSize(key.type), 'key')
  b.store(slot, 0, key)
  return slot
}
