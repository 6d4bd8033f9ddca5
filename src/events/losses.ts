// What did not make it into a ring: the kernel half counts it, and it is told, never passed over.

import { possibleCpus } from '../kernel/index.ts'
import { type BpfMap, codec } from '../map/index.ts'
import { getU64 } from '../sys/index.ts'

/** A counter of lost records: reads the total so far. Exact below 2^53. */
export type LossCounter = () => number

/** The u64 under `index` of a per-CPU array, summed over the CPUs. */
export const perCpuLossCounter = (map: BpfMap, index = 0): LossCounter => {
  const typed = map.typed(codec.u32, codec.perCpu(codec.u64, possibleCpus().length))
  return () => Number((typed.get(index) ?? []).reduce((sum, n) => sum + n, 0n))
}

/** A u64 at `offset` in the values of an array map created with BPF_F_MMAPABLE: read without a system call. */
export const mappedLossCounter = (map: BpfMap, offset = 0): LossCounter => {
  const memory = map.memory()
  return () => getU64(memory, offset)
}

/** Loss counters by name ("events", "strings"), with what is new since it was last told. */
export class Losses {
  readonly #counters = new Map<string, LossCounter>()
  readonly #told = new Map<string, number>()

  add(name: string, counter: LossCounter): void {
    this.#counters.set(name, counter)
  }

  /** All that was lost so far. */
  total(): number {
    let sum = 0
    for (const counter of this.#counters.values()) sum += counter()
    return sum
  }

  /** What was lost since the last call, by name; names with nothing new are left out. */
  news(): Map<string, number> {
    const out = new Map<string, number>()
    for (const [name, counter] of this.#counters) {
      const now = counter()
      const fresh = now - (this.#told.get(name) ?? 0)
      this.#told.set(name, now)
      if (fresh > 0) out.set(name, fresh)
    }
    return out
  }
}
