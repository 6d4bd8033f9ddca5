// Where the parts of a stored value lie. See type.ts for what the bytes of each type mean.

import { bucketCount } from './buckets.ts'
import type { ScriptType, TupleType } from './type.ts'

export interface Layout {
  readonly sizeBytes: number
  readonly alignBytes: number
}

/** Size and alignment of a stored value. A value for each CPU is this many bytes on each. */
export function layoutOf(type: ScriptType): Layout {
  switch (type.kind) {
    case 'none':
      return { sizeBytes: 0, alignBytes: 1 }
    case 'integer':
    case 'enum':
      return { sizeBytes: type.bits / 8, alignBytes: type.bits / 8 }
    case 'bool':
      return { sizeBytes: 1, alignBytes: 1 }
    case 'string':
      return { sizeBytes: type.capacity, alignBytes: 1 }
    case 'buffer':
      return { sizeBytes: 4 + type.capacity, alignBytes: 4 }
    case 'pointer':
    case 'ksym':
    case 'named':
    case 'count':
      return words(1)
    case 'array': {
      const element = layoutOf(type.element)
      return { sizeBytes: element.sizeBytes * type.count, alignBytes: element.alignBytes }
    }
    case 'struct':
      // The members' own alignment is of no use here: a copy is only read back by bytes.
      return { sizeBytes: type.def.sizeBytes, alignBytes: 8 }
    case 'tuple': {
      const { sizeBytes, alignBytes } = placeElements(type)
      return { sizeBytes, alignBytes }
    }
    case 'inet':
      return { sizeBytes: 20, alignBytes: 4 }
    case 'mac':
      return { sizeBytes: 6, alignBytes: 1 }
    case 'kstack':
    case 'ustack':
    case 'usym':
    case 'timestamp':
    case 'cgroup_path':
    case 'sum':
    case 'avg':
    case 'stats':
    case 'min':
    case 'max':
      return words(2)
    case 'hist':
    case 'lhist':
    case 'tseries':
      return words(bucketCount(type))
  }
}

/** Offsets of a tuple's elements, as a C compiler would place them; the size is a multiple of the alignment. */
export function placeElements(type: TupleType): Layout & { readonly offsets: readonly number[] } {
  const offsets: number[] = []
  let end = 0
  let alignBytes = 1
  for (const element of type.elements) {
    const layout = layoutOf(element)
    end = alignUp(end, layout.alignBytes)
    offsets.push(end)
    end += layout.sizeBytes
    alignBytes = Math.max(alignBytes, layout.alignBytes)
  }
  return { sizeBytes: alignUp(end, alignBytes), alignBytes, offsets }
}

function words(count: number): Layout {
  return { sizeBytes: 8 * count, alignBytes: 8 }
}

function alignUp(offset: number, align: number): number {
  return Math.ceil(offset / align) * align
}
