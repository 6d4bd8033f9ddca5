// The word by which the consumer tells the kernel half that it is about to sleep. The kernel half submits with
// BPF_RB_NO_WAKEUP while it is 0; where it is 1, it clears it and submits with BPF_RB_FORCE_WAKEUP. A wake-up costs
// the traced program a microsecond and us a hundred, so a busy reader is better left alone: its timer comes anyway.

import type { BpfMap } from '../map/index.ts'

export interface WaitingFlag {
  /** shared with the kernel */
  readonly word: Int32Array
}

/** A u32 at `offset` in the values of an array map created with BPF_F_MMAPABLE. Throws as `BpfMap.memory` does. */
export const waitingFlag = (map: BpfMap, offset = 0): WaitingFlag => {
  const memory = map.memory()
  return { word: new Int32Array(memory.buffer, memory.byteOffset + offset, 1) }
}

/** A full barrier each: what is written before is seen by whoever sees the word. */
export const setWaiting = (flag: WaitingFlag): void => {
  Atomics.store(flag.word, 0, 1)
}

export const clearWaiting = (flag: WaitingFlag): void => {
  Atomics.store(flag.word, 0, 0)
}
