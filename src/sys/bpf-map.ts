// bpf(2) commands on maps. Each function packs its part of union bpf_attr and gives the kernel's answer: a
// descriptor, 0, or -errno. Field names are those of include/uapi/linux/bpf.h.

import { beginAttr, callBpf, callBpfAsync, getU32, objectName, pointer, s32, u32, u64 } from './bpf-attr.ts'
import {
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_BATCH,
  BPF_MAP_UPDATE_ELEM,
} from './bpf-constants.generated.ts'
import { addToken } from './bpf-token.ts'

export interface MapCreateAttr {
  readonly mapType: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly mapFlags?: number
  readonly innerMapFd?: number
  readonly numaNode?: number
  readonly mapName?: string
  readonly mapIfindex?: number
  readonly btfFd?: number
  readonly btfKeyTypeId?: number
  readonly btfValueTypeId?: number
  readonly btfVmlinuxValueTypeId?: number
  readonly mapExtra?: bigint
  readonly valueTypeBtfObjFd?: number
  /** SHA-256 of the instructions of the only program that may use the map. Linux 6.18 */
  readonly exclProgHash?: Uint8Array
}

/** A descriptor of a new map (close-on-exec). */
export const bpfMapCreate = (a: MapCreateAttr): number => {
  return callBpf(BPF_MAP_CREATE, fillMapCreate(a))
}

/** The same in a thread of its own, for maps that take the kernel long to make; -1 for any failure. */
export const bpfMapCreateAsync = (a: MapCreateAttr): Promise<number> => {
  return callBpfAsync(BPF_MAP_CREATE, fillMapCreate(a))
}

const MAP_CREATE_BYTES = 76
/** with the fields of exclusive maps, which older kernels do not know */
const MAP_CREATE_EXCLUSIVE_BYTES = 92

/** Bytes of the attribute. */
const fillMapCreate = (a: MapCreateAttr): number => {
  const attr = beginAttr()
  u32(attr, 0, a.mapType)
  u32(attr, 4, a.keySize)
  u32(attr, 8, a.valueSize)
  u32(attr, 12, a.maxEntries)
  u32(attr, 16, a.mapFlags)
  s32(attr, 20, a.innerMapFd)
  u32(attr, 24, a.numaNode)
  objectName(attr, 28, a.mapName)
  u32(attr, 44, a.mapIfindex)
  s32(attr, 48, a.btfFd)
  u32(attr, 52, a.btfKeyTypeId)
  u32(attr, 56, a.btfValueTypeId)
  u32(attr, 60, a.btfVmlinuxValueTypeId)
  u64(attr, 64, a.mapExtra)
  s32(attr, 72, a.valueTypeBtfObjFd)
  const bytes = addToken(attr, 16, 76, MAP_CREATE_BYTES)
  if (a.exclProgHash === undefined) return bytes
  pointer(attr, 80, a.exclProgHash)
  u32(attr, 88, a.exclProgHash.byteLength)
  return MAP_CREATE_EXCLUSIVE_BYTES
}

const element = (
  cmd: number,
  mapFd: number,
  key: ArrayBufferView | undefined,
  value: ArrayBufferView | undefined,
  flags = 0,
): number => {
  const attr = beginAttr()
  s32(attr, 0, mapFd)
  pointer(attr, 8, key)
  pointer(attr, 16, value)
  u64(attr, 24, flags)
  return callBpf(cmd, 32)
}

/** Copies the value of `key` into `value`; -ENOENT when there is none. */
export const bpfMapLookup = (fd: number, key: Uint8Array | undefined, value: Uint8Array, flags?: number) =>
  element(BPF_MAP_LOOKUP_ELEM, fd, key, value, flags)

export const bpfMapUpdate = (fd: number, key: Uint8Array | undefined, value: Uint8Array, flags?: number) =>
  element(BPF_MAP_UPDATE_ELEM, fd, key, value, flags)

export const bpfMapDelete = (fd: number, key: Uint8Array) => element(BPF_MAP_DELETE_ELEM, fd, key, undefined)

/** The key after `key` (the first without one) into `nextKey`; -ENOENT after the last. */
export const bpfMapGetNextKey = (fd: number, key: Uint8Array | undefined, nextKey: Uint8Array) =>
  element(BPF_MAP_GET_NEXT_KEY, fd, key, nextKey)

/** Linux 4.20 for queues and stacks, 5.14 for hashes. */
export const bpfMapLookupAndDelete = (fd: number, key: Uint8Array | undefined, value: Uint8Array) =>
  element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value)

/** No more writes by system call. Linux 5.2. */
export const bpfMapFreeze = (fd: number): number => {
  const attr = beginAttr()
  s32(attr, 0, fd)
  return callBpf(BPF_MAP_FREEZE, 4)
}

export interface MapBatchAttr {
  readonly mapFd: number
  /** where to go on: what `outBatch` was before; none at the start */
  readonly inBatch?: Uint8Array
  readonly outBatch?: Uint8Array
  readonly keys?: Uint8Array
  readonly values?: Uint8Array
  /** elements there is room for, or given */
  readonly count: number
  readonly elemFlags?: number
}

export interface MapBatchResult {
  /** 0, or -errno; -ENOENT of a lookup means that the end was reached and `count` still counts */
  readonly result: number
  /** elements done */
  readonly count: number
}

const batch = (cmd: number, a: MapBatchAttr): MapBatchResult => {
  const attr = beginAttr()
  pointer(attr, 0, a.inBatch)
  pointer(attr, 8, a.outBatch)
  pointer(attr, 16, a.keys)
  pointer(attr, 24, a.values)
  u32(attr, 32, a.count)
  s32(attr, 36, a.mapFd)
  u64(attr, 40, a.elemFlags)
  const result = callBpf(cmd, 56)
  return { result, count: getU32(attr, 32) }
}

/** Batches of elements, Linux 5.6. -ENOSPC: a hash bucket holds more elements than there is room for. */
export const bpfMapLookupBatch = (a: MapBatchAttr) => batch(BPF_MAP_LOOKUP_BATCH, a)
export const bpfMapLookupAndDeleteBatch = (a: MapBatchAttr) => batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, a)
export const bpfMapUpdateBatch = (a: MapBatchAttr) => batch(BPF_MAP_UPDATE_BATCH, a)
export const bpfMapDeleteBatch = (a: MapBatchAttr) => batch(BPF_MAP_DELETE_BATCH, a)
