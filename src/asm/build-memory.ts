// Builders: loads, stores, atomic operations, 64-bit immediates and addresses. Sizes are in bytes.
// All of them throw AsmError (ASM_OPERAND) on registers, offsets and immediates that do not fit.
import {
  BPF_ABS,
  BPF_ATOMIC,
  BPF_CMPXCHG,
  BPF_FETCH,
  BPF_IND,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_XCHG,
} from '../sys/bpf-constants.generated.ts'
import type { Insn, Ref } from './insn.ts'
import { type AtomicOp, atomicOps, LD_IMM64, type MemSize, memSizes } from './opcode.ts'
import { checkImm, checkImm32, checkImm64, checkOff, checkReg } from './operand.ts'

/** `dst = *(u8|u16|u32|u64 *)(src + off)`, zero-extended. */
export function load(size: MemSize, dst: number, src: number, off: number): Insn {
  return memory(BPF_LDX | BPF_MEM | memSizes[size], dst, src, off, 0)
}

/** `dst = *(s8|s16|s32 *)(src + off)`, sign-extended to 64 bits. v4 (Linux 6.6). */
export function loadSigned(size: 1 | 2 | 4, dst: number, src: number, off: number): Insn {
  return memory(BPF_LDX | BPF_MEMSX | memSizes[size], dst, src, off, 0)
}

/** `*(u8|u16|u32|u64 *)(dst + off) = src` */
export function store(size: MemSize, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_MEM | memSizes[size], dst, src, off, 0)
}

/** `*(u8|u16|u32|u64 *)(dst + off) = imm`; with size 8 the immediate is sign-extended. */
export function storeImm(size: MemSize, dst: number, off: number, imm: number): Insn {
  return memory(BPF_ST | BPF_MEM | memSizes[size], dst, 0, off, size === 8 ? checkImm(imm) : checkImm32(imm))
}

/** `lock *(u32|u64 *)(dst + off) op= src`. Other than `add` needs v3 and Linux 5.12. */
export function atomic(op: AtomicOp, size: 4 | 8, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, atomicOps[op])
}

/** `src = atomic_fetch_op((u32|u64 *)(dst + off), src)`: `src` gets the old value. Linux 5.12. */
export function atomicFetch(op: AtomicOp, size: 4 | 8, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, atomicOps[op] | BPF_FETCH)
}

/** `src = atomic_xchg((u32|u64 *)(dst + off), src)`. Linux 5.12. */
export function atomicXchg(size: 4 | 8, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, BPF_XCHG)
}

/** `r0 = atomic_cmpxchg((u32|u64 *)(dst + off), r0, src)`: stores `src` if the memory holds r0. Linux 5.12. */
export function atomicCmpxchg(size: 4 | 8, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, BPF_CMPXCHG)
}

/** `dst = load_acquire((u8|u16|u32|u64 *)(src + off))`. Linux 6.15. */
export function loadAcquire(size: MemSize, dst: number, src: number, off: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, BPF_LOAD_ACQ)
}

/** `store_release((u8|u16|u32|u64 *)(dst + off), src)`. Linux 6.15. */
export function storeRelease(size: MemSize, dst: number, off: number, src: number): Insn {
  return memory(BPF_STX | BPF_ATOMIC | memSizes[size], dst, src, off, BPF_STORE_REL)
}

/** `r0 = *(u8|u16|u32 *)skb[imm]`: packet bytes in network order, socket filters and tc only; clobbers r1-r5. */
export function ldAbs(size: 1 | 2 | 4, imm: number): Insn {
  return { code: BPF_LD | BPF_ABS | memSizes[size], dst: 0, src: 0, off: 0, imm: checkImm(imm) }
}

/** `r0 = *(u8|u16|u32 *)skb[src + imm]` */
export function ldInd(size: 1 | 2 | 4, src: number, imm: number): Insn {
  return { code: BPF_LD | BPF_IND | memSizes[size], dst: 0, src: checkReg(src), off: 0, imm: checkImm(imm) }
}

/** `dst = imm ll`: any 64-bit number, in two slots. */
export function ldImm64(dst: number, imm: bigint | number): Insn {
  return wide(dst, 0, checkImm64(imm))
}

/** `dst = map[name]`: the address of a map that has no descriptor yet (`resolveRefs` fills it in). */
export function ldMap(dst: number, name: string): Insn {
  return wide(dst, BPF_PSEUDO_MAP_FD, 0n, { kind: 'map', name })
}

/** `dst = map[fd:N]`: the address of an open map. */
export function ldMapFd(dst: number, fd: number): Insn {
  return wide(dst, BPF_PSEUDO_MAP_FD, BigInt(checkImm(fd)))
}

/** `dst = map[name][0]+offset`: a byte of the only value of an array map (Linux 5.2). */
export function ldMapValue(dst: number, name: string, offset: number): Insn {
  return wide(dst, BPF_PSEUDO_MAP_VALUE, 0n, { kind: 'mapValue', name, offset: checkImm(offset) })
}

/** `dst = map[fd:N][0]+offset` */
export function ldMapValueFd(dst: number, fd: number, offset: number): Insn {
  return wide(dst, BPF_PSEUDO_MAP_VALUE, (BigInt(checkImm(offset)) << 32n) | BigInt(checkImm(fd)))
}

/**
 * `dst = subprog[name]`: the address of a subprogram, as callbacks need it (Linux 5.13). The kernel takes such a
 * program only with function info (BTF) at its load.
 */
export function ldFuncAddress(dst: number, name: string): Insn {
  return wide(dst, BPF_PSEUDO_FUNC, 0n, { kind: 'funcAddress', name })
}

/** `dst = ksym[name]`: the address of a kernel variable, through its BTF (Linux 5.10). */
export function ldKsym(dst: number, name: string): Insn {
  return wide(dst, BPF_PSEUDO_BTF_ID, 0n, { kind: 'ksym', name })
}

function wide(dst: number, src: number, imm64: bigint, ref?: Ref): Insn {
  const insn = { code: LD_IMM64, dst: checkReg(dst), src, off: 0, imm: 0, imm64: BigInt.asUintN(64, imm64) }
  if (ref !== undefined) (insn as { ref?: Ref }).ref = ref
  return insn
}

function memory(code: number, dst: number, src: number, off: number, imm: number): Insn {
  return { code, dst: checkReg(dst), src: checkReg(src), off: checkOff(off), imm }
}
