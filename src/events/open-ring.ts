// The right reader for a ring buffer: one whose records wait for it, or one whose records give way.

import type { BpfMap } from '../map/index.ts'
import { BPF_F_RB_OVERWRITE } from '../sys/index.ts'
import { OverwritingRing } from './overwriting-ring.ts'
import { RingBuffer } from './ring-buffer.ts'
import type { OnRecord } from './ring-view.ts'

/** Opens the ring of `map`, which stays the caller's to close. Throws what the two `open` throw. */
export const openRing = (map: BpfMap, onRecord: OnRecord): RingBuffer | OverwritingRing =>
  (map.flags & BPF_F_RB_OVERWRITE) === 0
    ? RingBuffer.open(map, onRecord)
    : OverwritingRing.open(map, onRecord)
