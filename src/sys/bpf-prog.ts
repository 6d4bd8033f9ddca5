// bpf(2) commands on programs and BTF: load, test-run, statistics, the older attach.

import {
  beganAttr,
  beginAttr,
  callBpf,
  callBpfAsync,
  getU32,
  objectName,
  pointer,
  s32,
  u32,
} from './bpf-attr.ts'
import {
  BPF_BTF_LOAD,
  BPF_ENABLE_STATS,
  BPF_PROG_ATTACH,
  BPF_PROG_BIND_MAP,
  BPF_PROG_DETACH,
  BPF_PROG_LOAD,
  BPF_PROG_QUERY,
  BPF_PROG_STREAM_READ_BY_FD,
  BPF_PROG_TEST_RUN,
} from './bpf-constants.generated.ts'
import { addToken } from './bpf-token.ts'
import { cString, LITTLE_ENDIAN } from './bytes.ts'

export interface ProgLoadAttr {
  readonly progType: number
  /** array of struct bpf_insn */
  readonly insns: Uint8Array
  readonly license: string
  readonly progName?: string
  readonly progFlags?: number
  /** LINUX_VERSION_CODE, which kprobe programs had to give before Linux 5.0 */
  readonly kernVersion?: number
  readonly expectedAttachType?: number
  /** 0 none, 1 the verifier's reasoning, 2 more of it, 4 statistics only (bits) */
  readonly logLevel?: number
  readonly logBuf?: Uint8Array
  readonly progIfindex?: number
  readonly progBtfFd?: number
  /** array of struct bpf_func_info, sorted by insn_off */
  readonly funcInfo?: { readonly bytes: Uint8Array; readonly recSize: number }
  /** array of struct bpf_line_info, sorted by insn_off */
  readonly lineInfo?: { readonly bytes: Uint8Array; readonly recSize: number }
  readonly attachBtfId?: number
  /** the program to extend or trace, or the descriptor of the module's BTF that `attachBtfId` is of */
  readonly attachProgFd?: number
  /** array of int: module BTF descriptors for kfunc calls and maps by index */
  readonly fdArray?: Int32Array
  /** PKCS#7 of the instructions. Linux 6.18 */
  readonly signature?: { readonly bytes: Uint8Array; readonly keyringId: number }
}

/** A descriptor of the verified program (close-on-exec), or -errno with the reason in `logBuf`. */
export const bpfProgLoad = (a: ProgLoadAttr): number => {
  return callBpf(BPF_PROG_LOAD, fillProgLoad(a))
}

export interface LoggedLoad {
  /** as of `bpfProgLoad` */
  readonly result: number
  /** bytes that the log takes with its NUL, however much room there was; 0 on kernels that do not tell. Linux 6.4 */
  readonly logTrueBytes: number
}

export const bpfProgLoadLogged = (a: ProgLoadAttr): LoggedLoad => {
  const bytes = fillProgLoad(a)
  const [result, attr] = [callBpf(BPF_PROG_LOAD, Math.max(bytes, LOG_TRUE_SIZE + 4)), beganAttr()]
  return { result, logTrueBytes: getU32(attr, LOG_TRUE_SIZE) }
}

/** offset of log_true_size, an output: older kernels take it as it is 0 */
const LOG_TRUE_SIZE = 140

/** The same in a thread of its own, so that programs are verified side by side; -1 for any failure. */
export const bpfProgLoadAsync = (a: ProgLoadAttr): Promise<number> => {
  return callBpfAsync(BPF_PROG_LOAD, fillProgLoad(a))
}

const PROG_LOAD_BYTES = 128
/** with the fields of signatures, which older kernels do not know */
const PROG_LOAD_SIGNED_BYTES = 168

/** Bytes of the attribute. */
const fillProgLoad = (a: ProgLoadAttr): number => {
  const attr = beginAttr()
  u32(attr, 0, a.progType)
  u32(attr, 4, a.insns.byteLength / 8)
  pointer(attr, 8, a.insns)
  pointer(attr, 16, cString(a.license))
  u32(attr, 24, a.logLevel)
  if (a.logBuf !== undefined) {
    u32(attr, 28, a.logBuf.byteLength)
    pointer(attr, 32, a.logBuf)
  }
  u32(attr, 40, a.kernVersion)
  u32(attr, 44, a.progFlags)
  objectName(attr, 48, a.progName)
  u32(attr, 64, a.progIfindex)
  u32(attr, 68, a.expectedAttachType)
  s32(attr, 72, a.progBtfFd)
  if (a.funcInfo !== undefined) {
    u32(attr, 76, a.funcInfo.recSize)
    pointer(attr, 80, a.funcInfo.bytes)
    u32(attr, 88, a.funcInfo.bytes.byteLength / a.funcInfo.recSize)
  }
  if (a.lineInfo !== undefined) {
    u32(attr, 92, a.lineInfo.recSize)
    pointer(attr, 96, a.lineInfo.bytes)
    u32(attr, 104, a.lineInfo.bytes.byteLength / a.lineInfo.recSize)
  }
  u32(attr, 108, a.attachBtfId)
  s32(attr, 112, a.attachProgFd)
  pointer(attr, 120, a.fdArray)
  if (a.signature === undefined) return addToken(attr, 44, 144, PROG_LOAD_BYTES)
  pointer(attr, 152, a.signature.bytes)
  u32(attr, 160, a.signature.bytes.byteLength)
  s32(attr, 164, a.signature.keyringId)
  return addToken(attr, 44, 144, PROG_LOAD_SIGNED_BYTES)
}

export interface ProgTestRunAttr {
  readonly progFd: number
  readonly dataIn?: Uint8Array
  readonly dataOut?: Uint8Array
  readonly ctxIn?: Uint8Array
  readonly ctxOut?: Uint8Array
  readonly repeat?: number
  readonly flags?: number
  readonly cpu?: number
  readonly batchSize?: number
}

export interface ProgTestRunResult {
  /** 0, or -errno */
  readonly result: number
  /** what the program returned, as a u32 */
  readonly retval: number
  /** mean time of one run, ns */
  readonly durationNs: number
  readonly dataSizeOut: number
  readonly ctxSizeOut: number
}

export const bpfProgTestRun = (a: ProgTestRunAttr): ProgTestRunResult => {
  const attr = beginAttr()
  s32(attr, 0, a.progFd)
  u32(attr, 8, a.dataIn?.byteLength)
  u32(attr, 12, a.dataOut?.byteLength)
  pointer(attr, 16, a.dataIn)
  pointer(attr, 24, a.dataOut)
  u32(attr, 32, a.repeat)
  u32(attr, 40, a.ctxIn?.byteLength)
  u32(attr, 44, a.ctxOut?.byteLength)
  pointer(attr, 48, a.ctxIn)
  pointer(attr, 56, a.ctxOut)
  u32(attr, 64, a.flags)
  u32(attr, 68, a.cpu)
  u32(attr, 72, a.batchSize)
  const result = callBpf(BPF_PROG_TEST_RUN, 80)
  return {
    result,
    retval: getU32(attr, 4),
    durationNs: getU32(attr, 36),
    dataSizeOut: getU32(attr, 12),
    ctxSizeOut: getU32(attr, 44),
  }
}

/** Counts runs and time of all programs while the descriptor it gives is open (BPF_STATS_RUN_TIME). Linux 5.8. */
export const bpfEnableStats = (type: number): number => {
  const attr = beginAttr()
  u32(attr, 0, type)
  return callBpf(BPF_ENABLE_STATS, 4)
}

/** Takes what a program said on a stream (BPF_STREAM_STDOUT, _STDERR) into `buffer`: bytes, 0 when there is nothing. Linux 6.17 */
export const bpfProgStreamRead = (progFd: number, stream: number, buffer: Uint8Array): number => {
  const attr = beginAttr()
  pointer(attr, 0, buffer)
  u32(attr, 8, buffer.byteLength)
  u32(attr, 12, stream)
  s32(attr, 16, progFd)
  return callBpf(BPF_PROG_STREAM_READ_BY_FD, 20)
}

/** Lets a program own a map that its code does not mention. Linux 5.10. */
export const bpfProgBindMap = (progFd: number, mapFd: number): number => {
  const attr = beginAttr()
  s32(attr, 0, progFd)
  s32(attr, 4, mapFd)
  return callBpf(BPF_PROG_BIND_MAP, 12)
}

export interface ProgAttachAttr {
  /** cgroup, map or network namespace descriptor, or an interface index (tcx) */
  readonly target: number
  readonly progFd: number
  readonly attachType: number
  readonly attachFlags?: number
  readonly replaceBpfFd?: number
}

export const bpfProgAttach = (a: ProgAttachAttr): number => {
  const attr = attachAttr(a)
  s32(attr, 16, a.replaceBpfFd)
  return callBpf(BPF_PROG_ATTACH, 20)
}

export const bpfProgDetach = (a: ProgAttachAttr): number => {
  attachAttr(a)
  return callBpf(BPF_PROG_DETACH, 20)
}

const attachAttr = (a: ProgAttachAttr): DataView => {
  const attr = beginAttr()
  s32(attr, 0, a.target)
  s32(attr, 4, a.progFd)
  u32(attr, 8, a.attachType)
  u32(attr, 12, a.attachFlags)
  return attr
}

export interface ProgQueryResult {
  /** 0, or -errno; -ENOSPC when `progIds` was too short, with `count` of all */
  readonly result: number
  readonly attachFlags: number
  readonly count: number
  readonly revision: bigint
}

/** Ids of the programs attached to a target into `progIds`. Linux 4.15. */
export const bpfProgQuery = (
  target: number,
  attachType: number,
  queryFlags: number,
  progIds: Uint32Array,
  linkIds?: Uint32Array,
): ProgQueryResult => {
  const attr = beginAttr()
  s32(attr, 0, target)
  u32(attr, 4, attachType)
  u32(attr, 8, queryFlags)
  pointer(attr, 16, progIds)
  u32(attr, 24, progIds.length)
  pointer(attr, 40, linkIds)
  const result = callBpf(BPF_PROG_QUERY, 64)
  const revision = attr.getBigUint64(56, LITTLE_ENDIAN)
  return { result, attachFlags: getU32(attr, 12), count: getU32(attr, 24), revision }
}

/** A descriptor of BTF made known to the kernel; the reason for a refusal goes to `logBuf`. Linux 4.18. */
export const bpfBtfLoad = (btf: Uint8Array, logBuf?: Uint8Array): number => {
  const attr = beginAttr()
  pointer(attr, 0, btf)
  u32(attr, 16, btf.byteLength)
  if (logBuf !== undefined) {
    pointer(attr, 8, logBuf)
    u32(attr, 20, logBuf.byteLength)
    u32(attr, 24, 1)
  }
  return callBpf(BPF_BTF_LOAD, addToken(attr, 32, 36, 28))
}
