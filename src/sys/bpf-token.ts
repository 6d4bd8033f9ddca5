// BPF tokens (Linux 6.9): a mounted BPF file system can pass on the right to make maps and to load programs and BTF of chosen
// types. The descriptor made from it goes with each such call.

import { beginAttr, callBpf, s32, u32 } from './bpf-attr.ts'
import { BPF_F_TOKEN_FD, BPF_TOKEN_CREATE } from './bpf-constants.generated.ts'
import { LITTLE_ENDIAN } from './bytes.ts'

/** A token descriptor from a descriptor of the root of a BPF file system. -ENOENT: it passes nothing on. */
export const bpfTokenCreate = (bpffsFd: number): number => {
  const attr = beginAttr()
  u32(attr, 4, bpffsFd)
  return callBpf(BPF_TOKEN_CREATE, 8)
}

let current: number | undefined

/** Runs `work`, whose calls that load or make something use this token. It is the caller's to close. */
export const withBpfToken = <T>(tokenFd: number | undefined, work: () => T): T => {
  const before = current
  current = tokenFd
  try {
    return work()
  } finally {
    current = before
  }
}

/**
 * Puts the token into an attribute, if there is one.
 * @param flagsOffset of the command's flags, among which BPF_F_TOKEN_FD says that there is one
 * @param attrBytes of the attribute without it
 * @returns bytes of the attribute: kernels before 6.9 do not know the field
 */
export const addToken = (
  attr: DataView,
  flagsOffset: number,
  fdOffset: number,
  attrBytes: number,
): number => {
  if (current === undefined) return attrBytes
  u32(attr, flagsOffset, (attr.getUint32(flagsOffset, LITTLE_ENDIAN) | BPF_F_TOKEN_FD) >>> 0)
  s32(attr, fdOffset, current)
  return Math.max(attrBytes, fdOffset + 4)
}
