// Maps that are made while the programs that use them are compiled, in threads of Node's pool: the kernel takes 1 to 4 ms to
// give every element of a per-CPU hash its place on each CPU, and 5 ms to clear the pages of a large ring.

import { BpfMap } from '../../map/index.ts'
import type { MapSpec } from '../../spec/spec.ts'
import {
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_RINGBUF,
} from '../../sys/index.ts'

const SLOW: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_RINGBUF,
])

export class EarlyMaps {
  readonly #making: { readonly spec: MapSpec; readonly map: Promise<BpfMap | undefined> }[] = []

  /** Has those made that take time. A map that cannot be made now is left to who needs it, and so is saying why. */
  begin(specs: readonly MapSpec[]): void {
    for (const spec of specs) {
      if (!SLOW.has(spec.type)) continue
      this.#making.push({ spec, map: BpfMap.createAsync(spec).catch(() => undefined) })
    }
  }

  /** What has been made by spec, to be closed by the caller. */
  async made(): Promise<ReadonlyMap<MapSpec, BpfMap>> {
    const made = new Map<MapSpec, BpfMap>()
    for (const { spec, map: making } of this.#making) {
      const map = await making
      if (map !== undefined) made.set(spec, map)
    }
    return made
  }
}
