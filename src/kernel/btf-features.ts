// What BTF the kernel takes along with maps and programs: each kind of type is tried in the smallest object.

import type { Feature } from './feature.ts'
import { answer, tryBtf } from './probe.ts'
import { btfBlob, INT_U32, info, NAME_DATA, NAME_QUESTION_DATA, NAME_X } from './probe-btf.ts'

/** Kind numbers of include/uapi/linux/btf.h. */
const KIND = {
  PTR: 2,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const

/** void x(unsigned int x); as types 2 (prototype) and 3 (function); `linkage` 0 static, 1 global */
const func = (linkage: number) => [
  ...[0, info(KIND.FUNC_PROTO, 1), 0, NAME_X, 1],
  ...[NAME_X, info(KIND.FUNC, linkage), 2],
]
/** static unsigned int x; as type 2 */
const VAR_X = [NAME_X, info(KIND.VAR, 0), 1, 0]

const btf = (name: string, since: string, types: readonly number[]): Feature => ({
  name: `BTF ${name}`,
  since,
  probe: () => answer(tryBtf(btfBlob(INT_U32, types))),
})

/** Kinds of BTF types that came after the first kernels with BTF; an object that uses them can be simplified. */
export const btfFeatures = {
  btf: btf('object', '4.18', []),
  btfFunc: btf('FUNC', '5.0', func(0)),
  btfDatasec: btf('DATASEC', '5.2', [...VAR_X, NAME_DATA, info(KIND.DATASEC, 1), 4, 2, 0, 4]),
  /** `?.data`: what need not be there */
  btfQuestionMark: btf('DATASEC with a question mark', '6.9', [
    ...[...VAR_X, NAME_QUESTION_DATA, info(KIND.DATASEC, 1), 4],
    ...[2, 0, 4],
  ]),
  btfFuncGlobal: btf('FUNC with global linkage', '5.6', func(1)),
  btfFloat: btf('FLOAT', '5.13', [NAME_X, info(KIND.FLOAT, 0), 4]),
  btfDeclTag: btf('DECL_TAG', '5.16', [...VAR_X, NAME_X, info(KIND.DECL_TAG, 0), 2, -1]),
  btfTypeTag: btf('TYPE_TAG', '5.17', [NAME_X, info(KIND.TYPE_TAG, 0), 1, 0, info(KIND.PTR, 0), 2]),
  btfEnum64: btf('ENUM64', '6.0', [NAME_X, info(KIND.ENUM64, 1), 8, NAME_X, 0, 1]),
} satisfies Record<string, Feature>
