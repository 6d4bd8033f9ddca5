// What the kernel takes along with maps and programs, and tells of them: names, attach types, variables, functions, types of calls.

import {
  call,
  callSubprog,
  exit,
  ldMapValueFd,
  movImm,
  R0,
  R1,
  resolveLabels,
  storeImm,
  withLabel,
} from '../asm/index.ts'
import { errno } from '../errors/index.ts'
import * as bpf from '../sys/bpf-constants.generated.ts'
import { bpfBtfLoad, bpfObjGetInfoByFd, LITTLE_ENDIAN, linux, setU64 } from '../sys/index.ts'
import type { Feature, FeatureAnswer } from './feature.ts'
import { answer, tryMap, tryProgram, withFd, withMap, withProgram } from './probe.ts'
import { btfBlob, INT_U32, info, NAME_X } from './probe-btf.ts'

const socketFilter = bpf.BPF_PROG_TYPE_SOCKET_FILTER
const array = bpf.BPF_MAP_TYPE_ARRAY

/** Names of maps and programs. */
export const objectNames: Feature = {
  name: 'object names',
  since: '4.15',
  probe: () => answer(tryMap({ type: array, name: 'feature_test' })),
}

/** The kernel copied them without a look at their characters at first, and took letters, digits and `_` then. */
export const dotInObjectNames: Feature = {
  name: 'dot in object names',
  since: '5.2',
  probe: () => answer(tryMap({ type: array, name: '.test' })),
}

/** What a program is for, told to the verifier. */
export const expectedAttachType: Feature = {
  name: 'expected attach type',
  since: '4.17',
  probe: () => {
    const program = {
      type: bpf.BPF_PROG_TYPE_CGROUP_SOCK,
      expectedAttachType: bpf.BPF_CGROUP_INET_SOCK_CREATE,
    }
    return answer(tryProgram(program).errno)
  },
}

/** Functions that programs call. */
export const functionCalls: Feature = {
  name: 'calls of functions in a program',
  since: '4.16',
  probe: () => {
    const insns = resolveLabels([callSubprog('other'), exit(), withLabel(movImm(R0, 0), 'other'), exit()])
    return answer(tryProgram({ type: socketFilter, insns }).errno)
  },
}

/** Variables: addresses within the value of an array. */
export const globalData: Feature = {
  name: 'global variables',
  since: '5.2',
  probe: () =>
    answer(
      withMap({ type: array, valueSize: 32 }, fd => {
        const insns = [ldMapValueFd(R1, fd, 16), storeImm(8, R1, 0, 42), movImm(R0, 0), exit()]
        return tryProgram({ type: socketFilter, insns }).errno
      }),
    ),
}

/** Such addresses further than 512 MiB in, as arenas can be. Behind the end of a small array each kernel says why not. */
export const farGlobalData: Feature = {
  name: 'global variables beyond 512 MiB',
  since: '7.0',
  probe: () => {
    let log = ''
    const error = withMap({ type: array, valueSize: 1 }, fd => {
      const tried = tryProgram({ type: socketFilter, insns: [ldMapValueFd(R1, fd, 1 << 30), exit()] })
      log = tried.log
      return tried.errno
    })
    return /invalid access to map value pointer/.test(log) ? { kind: 'yes' } : answer(error)
  },
}

/** Memory of maps and programs is charged to the control group, and not to RLIMIT_MEMLOCK. A helper came with it. */
export const memcgAccounting: Feature = {
  name: 'memory charged to the control group',
  since: '5.11',
  probe: () =>
    answer(tryProgram({ type: socketFilter, insns: [call('bpf_ktime_get_coarse_ns'), exit()] }).errno),
}

/** Information about a program tells the maps that it uses. */
export const programMapIds: Feature = {
  name: 'map ids in program information',
  since: '4.15',
  probe: () =>
    answer(
      withMap({ type: array }, mapFd => {
        const insns = [ldMapValueFd(R1, mapFd, 0), movImm(R0, 0), exit()]
        return withProgram({ type: socketFilter, insns }, fd => {
          const bytes = new Uint8Array(PROGRAM_INFO_BYTES)
          const result = bpfObjGetInfoByFd(fd, bytes)
          const count = new DataView(bytes.buffer).getUint32(NR_MAP_IDS, LITTLE_ENDIAN)
          return result < 0 ? -result : count === 1 ? 0 : errno.EINVAL
        })
      }),
    ),
}

const PROGRAM_INFO_BYTES = 64
/** offset of nr_map_ids in struct bpf_prog_info */
const NR_MAP_IDS = 52

/** Types of kernel modules by themselves: information about BTF tells its name. */
export const moduleTypes: Feature = {
  name: 'BTF of kernel modules',
  since: '5.11',
  probe: () =>
    answer(
      withFd(bpfBtfLoad(btfBlob(INT_U32)), fd => {
        const [bytes, name] = [
          new Uint8Array(new ArrayBuffer(BTF_INFO_BYTES)),
          new Uint8Array(new ArrayBuffer(16)),
        ]
        const data = new DataView(bytes.buffer)
        setU64(data, 16, linux().address(name))
        data.setUint32(24, name.length, LITTLE_ENDIAN)
        const result = bpfObjGetInfoByFd(fd, bytes)
        return result < 0 ? -result : 0
      }),
    ),
}

/** struct bpf_btf_info: 16 name  24 name_len */
const BTF_INFO_BYTES = 32

/** A function that other programs may call can be told by a tag that an argument is the context. */
export const contextArgument: Feature = {
  name: 'tag for a context argument',
  since: '6.8',
  probe: tryContextArgument,
}

/**
 *     int x(void *x); int data(void *x __arg_ctx);     the second asks for a helper that takes a context only
 */
function tryContextArgument(): FeatureAnswer {
  const [FUNC, FUNC_PROTO, PTR, DECL_TAG, GLOBAL] = [12, 13, 2, 17, 1]
  const name = { tag: NAME_TAG, data: NAME_DATA_PLAIN }
  const types = [
    ...INT_U32, // 1
    ...[0, info(PTR, 0), 0], // 2: void *
    ...[0, info(FUNC_PROTO, 1), 1, NAME_X, 2], // 3
    ...[NAME_X, info(FUNC, GLOBAL), 3], // 4
    ...[0, info(FUNC_PROTO, 1), 1, NAME_X, 2], // 5
    ...[name.data, info(FUNC, GLOBAL), 5], // 6
    ...[name.tag, info(DECL_TAG, 0), 6, 0], // 7
  ]
  const insns = resolveLabels([
    callSubprog('other'),
    exit(),
    withLabel(call('bpf_get_func_ip'), 'other'),
    exit(),
  ])
  return answer(
    withFd(bpfBtfLoad(btfBlob(types)), btfFd => {
      const functions = Uint32Array.of(0, 4, 2, 6)
      return tryProgram({ type: bpf.BPF_PROG_TYPE_KPROBE, insns, btfFd, functions }).errno
    }),
  )
}

/** in the strings of `btfBlob` */
const NAME_DATA_PLAIN = 4
const NAME_TAG = 9
