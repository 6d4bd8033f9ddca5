// The one object of the kernel that words describe, among all that it holds.

import { bpfGetNextId } from '../sys/index.ts'

/** The caller's to close; all others are closed. Throws what `refusal` makes of the number found when it is not one. */
export function findOnly<T extends { close(): void }>(
  kind: 'prog' | 'map',
  openById: (id: number) => T,
  is: (object: T) => boolean,
  refusal: (count: number) => Error,
): T {
  const found: T[] = []
  for (let id = bpfGetNextId(kind, 0); id > 0; id = bpfGetNextId(kind, id)) {
    let object: T
    try {
      object = openById(id)
    } catch {
      continue // gone meanwhile
    }
    if (is(object)) found.push(object)
    else object.close()
  }
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  for (const object of found) object.close()
  throw refusal(found.length)
}
