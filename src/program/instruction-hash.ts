// The hash by which the kernel knows a program: what an exclusive map (Linux 6.18) is bound to.

import { createHash } from 'node:crypto'
import { BPF_DW, BPF_IMM, BPF_LD, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from '../sys/index.ts'

/**
 * SHA-256 of instructions as they are given to the kernel, without the descriptors of maps, which differ from load to load
 * (kernel/bpf/core.c, bpf_prog_calc_tag).
 * @param code array of struct bpf_insn, relocated; the descriptors of maps in it do not matter
 */
export function instructionHash(code: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(code)
  for (let at = 0; at + 16 <= bytes.length; at += 8) {
    if (bytes[at] !== (BPF_LD | BPF_IMM | BPF_DW)) continue
    const source = bytes[at + 1]! >> 4
    if (source === BPF_PSEUDO_MAP_FD || source === BPF_PSEUDO_MAP_VALUE) {
      bytes.fill(0, at + 4, at + 8)
      bytes.fill(0, at + 12, at + 16)
    }
    at += 8 // its second half
  }
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}
