// What the kernel says of a program: struct bpf_prog_info of include/uapi/linux/bpf.h.
//
//     0 type  4 id  8 tag[8]  16 jited_prog_len  20 xlated_prog_len  40 load_time  48 created_by_uid
//     52 nr_map_ids  56 map_ids  64 name[16]  128 btf_id  192 run_time_ns  200 run_cnt  208 recursion_misses
//     216 verified_insns

import { bpfObjGetInfoByFd, checkSyscall, getU64, LITTLE_ENDIAN } from '../sys/index.ts'

export interface ProgramInfo {
  /** BPF_PROG_TYPE_* */
  readonly type: number
  readonly id: number
  /** hash of the instructions, as bpftool prints it */
  readonly tag: string
  readonly name: string
  readonly jitedBytes: number
  /** bytes of the instructions after the verifier's rewriting */
  readonly xlatedBytes: number
  /** CLOCK_BOOTTIME ns */
  readonly loadTimeNs: number
  readonly btfId: number
  readonly mapCount: number
  /** while statistics are enabled (`enableStats`) */
  readonly runTimeNs: number
  readonly runCount: number
  /** runs left out because the program was already running on that CPU. Linux 5.12 */
  readonly recursionMisses: number
  /** instructions the verifier walked. Linux 5.16 */
  readonly verifiedInsns: number
}

const INFO_BYTES = 232

/** Throws SyscallError. */
export const readProgramInfo = (fd: number): ProgramInfo => {
  const bytes = new Uint8Array(new ArrayBuffer(INFO_BYTES))
  checkSyscall(bpfObjGetInfoByFd(fd, bytes), 'bpf(BPF_OBJ_GET_INFO_BY_FD)', 'read program information')
  const data = new DataView(bytes.buffer)
  const u32 = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
  return {
    type: u32(0),
    id: u32(4),
    tag: Buffer.from(bytes.subarray(8, 16)).toString('hex'),
    name: Buffer.from(bytes.subarray(64, 80)).toString('latin1').replace(/\0.*$/s, ''),
    jitedBytes: u32(16),
    xlatedBytes: u32(20),
    loadTimeNs: getU64(data, 40),
    btfId: u32(128),
    mapCount: u32(52),
    runTimeNs: getU64(data, 192),
    runCount: getU64(data, 200),
    recursionMisses: getU64(data, 208),
    verifiedInsns: u32(216),
  }
}
