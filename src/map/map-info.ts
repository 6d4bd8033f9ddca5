// What the kernel says of a map: struct bpf_map_info of include/uapi/linux/bpf.h.
//
//     0 type  4 id  8 key_size  12 value_size  16 max_entries  20 map_flags  24 name[16]  40 ifindex
//     64 btf_id  68 btf_key_type_id  72 btf_value_type_id  80 map_extra  88 hash  96 hash_size

import { bpfObjGetInfoByFd, checkSyscall, LITTLE_ENDIAN, linux, setU64 } from '../sys/index.ts'

export interface MapInfo {
  /** BPF_MAP_TYPE_* */
  readonly type: number
  readonly id: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
  /** 0: none */
  readonly btfId: number
  readonly btfKeyTypeId: number
  readonly btfValueTypeId: number
  readonly mapExtra: bigint
}

const INFO_BYTES = 88

/** Throws SyscallError. */
export const readMapInfo = (fd: number): MapInfo => {
  const info = new Uint8Array(new ArrayBuffer(INFO_BYTES))
  checkSyscall(bpfObjGetInfoByFd(fd, info), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', 'read map information')
  const data = new DataView(info.buffer)
  const u32 = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
  return {
    type: u32(0),
    id: u32(4),
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: Buffer.from(info.subarray(24, 40)).toString('latin1').replace(/\0.*$/s, ''),
    btfId: u32(64),
    btfKeyTypeId: u32(68),
    btfValueTypeId: u32(72),
    mapExtra: data.getBigUint64(80, LITTLE_ENDIAN),
  }
}

const HASHED_INFO_BYTES = 104
const SHA256_BYTES = 32

/**
 * SHA-256 of all values of a frozen array, by which the kernel vouches for what a program was loaded with.
 * @throws SyscallError: EPERM for a map that is not frozen, EINVAL for another type; E2BIG before Linux 6.18
 */
export const readContentHash = (fd: number): Uint8Array => {
  const info = new Uint8Array(new ArrayBuffer(HASHED_INFO_BYTES))
  const hash = new Uint8Array(new ArrayBuffer(SHA256_BYTES))
  const data = new DataView(info.buffer)
  setU64(data, 88, linux().address(hash))
  data.setUint32(96, SHA256_BYTES, LITTLE_ENDIAN)
  checkSyscall(bpfObjGetInfoByFd(fd, info), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', 'hash the values of a map', {
    hint: 'the map must be an array, and frozen before',
  })
  return hash
}
