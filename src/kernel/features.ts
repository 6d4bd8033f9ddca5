// Every feature that this package asks kernels about, in one list: what `bee feature` prints and the kernel tests check.

import { btfFeatures } from './btf-features.ts'
import type { Feature } from './feature.ts'
import { helperFeatures } from './helper-features.ts'
import { instructionFeatures } from './instruction-features.ts'
import * as link from './link-features.ts'
import * as load from './load-features.ts'
import * as map from './map-features.ts'
import * as program from './program-features.ts'

const { programTypeFeatures, ...attachedPrograms } = program
const { mapTypeFeatures, ...mapAbilities } = map

/** Features by the name they have in code: `hasFeature(features.perfEventLink)`. */
export const features = {
  ringBuffer: mapTypeFeatures.BPF_MAP_TYPE_RINGBUF!,
  taskStorage: mapTypeFeatures.BPF_MAP_TYPE_TASK_STORAGE!,
  ...mapAbilities,
  ...attachedPrograms,
  ...link,
  ...load,
  ...instructionFeatures,
  ...btfFeatures,
  ...helperFeatures,
} satisfies Record<string, Feature>

/** All features, each once: the named ones, every map type and every program type. */
export function allFeatures(): Feature[] {
  return [
    ...new Set([
      ...Object.values(mapTypeFeatures),
      ...Object.values(programTypeFeatures),
      ...Object.values(features),
    ]),
  ]
}
