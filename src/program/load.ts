// From a ProgramSpec to a program descriptor: references resolved, labels placed, line info built, the verifier asked,
// and asked again for its reasons when it refuses.

import { encode, type Insn, resolveLabels, resolveRefs } from '../asm/index.ts'
import type { ProgramInfo as ProgramBtf } from '../btf/index.ts'
import {
  type CapabilityName,
  errno,
  NotSupportedError,
  SyscallError,
  VerifierError,
} from '../errors/index.ts'
import {
  askFeature,
  type Feature,
  features,
  isAtLeast,
  kernelRelease,
  programTypeFeatures,
  whyForbidden,
  withMemlock,
} from '../kernel/index.ts'
import type { ProgramSpec } from '../spec/spec.ts'
import {
  BPF_TRACE_FENTRY_MULTI,
  BPF_TRACE_FEXIT_MULTI,
  BPF_TRACE_FSESSION,
  BPF_TRACE_FSESSION_MULTI,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
  bpfBtfLoad,
  bpfProgLoad,
  bpfProgLoadAsync,
  bpfProgLoadLogged,
  bpfProgTypeNames,
  closeFd,
  type ProgLoadAttr,
} from '../sys/index.ts'
import { attachesByBtf, resolveAttachTarget } from './attach-target.ts'
import { whatIsLacking } from './lack.ts'
import { type PreparedProgram, programBtf, withMaps } from './prepare.ts'

/** What names in a program stand for on this machine. */
export interface LoadOptions {
  /** maps by the names the program's references use; a missing one throws AsmError */
  readonly maps?: Readonly<Record<string, { readonly fd: number }>>
  /** a kernel function's BTF id, with the place of its module's descriptor in `fdArray` (0: vmlinux) */
  readonly kfunc?: (name: string) => { readonly btfId: number; readonly fdIndex?: number } | undefined
  /** a kernel variable's BTF id */
  readonly ksym?: (name: string) => { readonly btfId: number; readonly btfFd?: number } | undefined
  /** descriptors of module BTF that kfunc calls index */
  readonly fdArray?: Int32Array
  /** BTF id of what `spec.attachTo` names; found in the BTF of the kernel and its modules unless told */
  readonly attachBtfId?: number
  /** program to extend or trace, or descriptor of the module's BTF of `attachBtfId` */
  readonly attachProgFd?: number
  /** a network interface that the program is bound to */
  readonly ifindex?: number
  /** a descriptor of the BTF in `spec.info`, when it is loaded already; the caller's */
  readonly btfFd?: number
  /**
   * what the verifier is to tell of a program that it takes, too: 1 its reasoning, 2 more of it, 4 statistics, or their sum. It
   * takes longer then
   */
  readonly logLevel?: number
  /** told what it said of a program that was taken */
  readonly onLog?: (log: string) => void
  /** by which the kernel knows who has made the instructions, and the keyring with the key. Linux 6.18 */
  readonly signature?: ProgLoadAttr['signature']
  /** whether jumps may be made long (v4, Linux 6.6); asked of the kernel's release unless told */
  readonly longJumps?: boolean
}

/** A program whose instructions are ready for the kernel: nothing in them is left to be resolved. */
export interface EncodedProgram extends Omit<ProgramSpec, 'insns' | 'globals'> {
  /** array of struct bpf_insn */
  readonly code: Uint8Array
}

/** The kernel's cap is UINT_MAX >> 2 since 5.2; a log of a million instructions takes some 100 MiB. */
const LOG_BYTES_FIRST = 64 * 1024
const LOG_BYTES_MAX = 256 * 1024 * 1024
const LOG_LEVEL = 1

/** A descriptor of the loaded program. Throws VerifierError, SyscallError, NotSupportedError, AsmError. */
export const loadProgram = (spec: ProgramSpec | EncodedProgram, options: LoadOptions = {}): number => {
  if (spec.attachTo === undefined || options.attachBtfId !== undefined || !attachesByBtf(spec.type))
    return loadAt(spec, options)
  const { close, ...target } = resolveAttachTarget({ ...spec, attachTo: spec.attachTo })
  try {
    return loadAt(spec, { ...options, ...target })
  } finally {
    close()
  }
}

/**
 * The same in a thread of Node's pool: several at once take the processors that there are. Everything but the verifier's part
 * is done when this returns. -1 for any failure: `loadProgram` says why.
 */
export const loadProgramAsync = async (spec: EncodedProgram, options: LoadOptions): Promise<number> => {
  const { info } = spec
  const base = attrOf(spec, spec.code, options)
  if (info === undefined || options.btfFd === undefined) return bpfProgLoadAsync(base)
  return bpfProgLoadAsync(withInfo(base, info, options.btfFd))
}

const loadAt = (spec: ProgramSpec | EncodedProgram, options: LoadOptions): number => {
  const isEncoded = 'code' in spec
  const base = attrOf(spec, isEncoded ? spec.code : encodeSpec(spec, options), options)
  return loadWithInfo(spec, base, isEncoded ? spec.info : programBtf(spec), options)
}

const attrOf = (spec: Omit<ProgramSpec, 'insns'>, insns: Uint8Array, options: LoadOptions): ProgLoadAttr => {
  return {
    progType: spec.type,
    insns,
    license: spec.license,
    progName: spec.name,
    ...(spec.flags === undefined ? {} : { progFlags: spec.flags }),
    ...(spec.expectedAttachType === undefined ? {} : { expectedAttachType: spec.expectedAttachType }),
    ...(options.attachBtfId === undefined ? {} : { attachBtfId: options.attachBtfId }),
    ...(options.attachProgFd === undefined ? {} : { attachProgFd: options.attachProgFd }),
    ...(options.fdArray === undefined ? {} : { fdArray: options.fdArray }),
    ...(options.signature === undefined ? {} : { signature: options.signature }),
    ...(options.ifindex === undefined ? {} : { progIfindex: options.ifindex }),
    ...(spec.kernelVersion === undefined ? {} : { kernVersion: spec.kernelVersion }),
  }
}

const encodeSpec = ({ insns }: ProgramSpec, options: LoadOptions): Uint8Array => {
  const { maps = {}, kfunc, ksym } = options
  const longJumps = options.longJumps ?? isAtLeast(kernelRelease(), '6.6')
  const placed = insns.some(refersToLabel) ? resolveLabels(insns, { longJumps }) : insns
  const resolved = resolveRefs(placed, {
    map: name => maps[name]?.fd,
    ...(kfunc === undefined ? {} : { kfunc }),
    ...(ksym === undefined ? {} : { ksym }),
  })
  return encode(resolved)
}

/** Compiled code has its distances already. */
const refersToLabel = ({ ref }: Insn): boolean =>
  ref !== undefined && (ref.kind === 'label' || ref.kind === 'subprog' || ref.kind === 'funcAddress')

/**
 * A descriptor of a program that was prepared before, verified in a thread of Node's pool: several at once take the
 * processors that there are. Throws as `loadProgram` does.
 */
export const loadPrepared = async (
  prepared: PreparedProgram,
  maps: Readonly<Record<string, { readonly fd: number }>>,
): Promise<number> => {
  const { name, type, license, info } = prepared
  const base: ProgLoadAttr = { progType: type, insns: withMaps(prepared, maps), license, progName: name }
  const btfFd = info === undefined ? -1 : bpfBtfLoad(info.btf)
  try {
    const attr = info === undefined || btfFd < 0 ? base : withInfo(base, info, btfFd)
    const fd = await bpfProgLoadAsync(attr)
    if (fd >= 0) return fd
  } finally {
    if (btfFd >= 0) closeFd(btfFd)
  }
  return loadWithInfo(prepared, base, info)
}

type Named = Pick<ProgramSpec, 'name' | 'type' | 'attachTo'>

const loadWithInfo = (
  spec: Named,
  base: ProgLoadAttr,
  btf: ProgramBtf | undefined,
  options: LoadOptions = {},
): number => {
  const { btfFd: loadedFd } = options
  const btfFd = btf === undefined ? -1 : (loadedFd ?? bpfBtfLoad(btf.btf))
  try {
    if (btf !== undefined && btfFd >= 0) {
      const whole = withInfo(base, btf, btfFd)
      const fd = loadPatiently(whole, options)
      if (fd >= 0) return fd
      if (fd !== -errno.EINVAL && fd !== -errno.E2BIG) throw refused(spec, whole, fd, options)
    }
    // without info: on a kernel that takes none of this kind, and to see whether the info was what it refused
    const fd = loadPatiently(base, options)
    if (fd >= 0) return fd
    throw refused(spec, btf !== undefined && btfFd >= 0 ? withInfo(base, btf, btfFd) : base, fd, options)
  } finally {
    if (btfFd >= 0 && btfFd !== loadedFd) closeFd(btfFd)
  }
}

/** A signal that is pending (a profiler's, a timer's) makes the verifier give up with EAGAIN: asked again, it goes on. */
const loadPatiently = (attr: ProgLoadAttr, options: LoadOptions): number => {
  for (let tries = 5; ; tries--) {
    const fd = withMemlock(() => loadTelling(attr, options))
    if (fd !== -errno.EAGAIN || tries === 1) return fd
  }
}

const loadTelling = (attr: ProgLoadAttr, { logLevel = 0, onLog }: LoadOptions): number => {
  if (logLevel === 0) return bpfProgLoad(attr)
  const { result, log } = loadForLog(attr, logLevel)
  if (result >= 0) onLog?.(log)
  return result
}

const withInfo = (base: ProgLoadAttr, btf: ProgramBtf, progBtfFd: number): ProgLoadAttr => ({
  ...base,
  progBtfFd,
  funcInfo: { bytes: btf.funcInfo, recSize: btf.funcInfoRecSize },
  ...(btf.lineInfo.length === 0 ? {} : { lineInfo: { bytes: btf.lineInfo, recSize: btf.lineInfoRecSize } }),
})

/** The error of a refused load, with the verifier's log when there is one. */
const refused = (spec: Named, attr: ProgLoadAttr, first: number, { logLevel = 0 }: LoadOptions): Error => {
  const { result, log } = loadForLog(attr, LOG_LEVEL | logLevel)
  // it may pass the second time (a signal interrupted the first): then the first answer stands, without a log
  if (result >= 0) closeFd(result)
  const failure = result < 0 ? result : first
  const typeName = bpfProgTypeNames[spec.type] ?? `program type ${spec.type}`
  const hint =
    whatIsLacking(log, attr.insns) ??
    hintFor(spec, failure, attr) ??
    (failure === -errno.EPERM ? whyForbidden(capabilitiesFor(typeName)) : undefined)
  const error =
    log === ''
      ? new SyscallError(
          'bpf(BPF_PROG_LOAD)',
          -failure,
          `load program "${spec.name}" (${typeName})`,
          hint === undefined ? { capabilities: capabilitiesFor(typeName) } : { hint },
        )
      : new VerifierError(spec.name, -failure, log, { hint })
  const younger = ATTACH_TYPE_FEATURES[attr.expectedAttachType ?? 0]
  if (younger !== undefined) return notSupported(failure, younger, error) ?? error
  return log === '' ? (notSupported(failure, programTypeFeatures[typeName], error) ?? error) : error
}

/** Ways to attach that are younger than their program type: older kernels refuse the number. */
const ATTACH_TYPE_FEATURES: Readonly<Record<number, Feature>> = {
  [BPF_TRACE_KPROBE_MULTI]: features.kprobeMulti,
  [BPF_TRACE_KPROBE_SESSION]: features.kprobeSession,
  [BPF_TRACE_UPROBE_MULTI]: features.uprobeMulti,
  [BPF_TRACE_UPROBE_SESSION]: features.uprobeSession,
  [BPF_TRACE_FSESSION]: features.fsession,
  [BPF_TRACE_FENTRY_MULTI]: features.tracingMulti,
  [BPF_TRACE_FEXIT_MULTI]: features.tracingMulti,
  [BPF_TRACE_FSESSION_MULTI]: features.tracingMulti,
}

const notSupported = (
  failure: number,
  feature: Feature | undefined,
  cause: Error,
): NotSupportedError | undefined =>
  failure === -errno.EINVAL && feature !== undefined && askFeature(feature).kind === 'missing'
    ? new NotSupportedError(feature.name, { since: feature.since, cause })
    : undefined

/** Loads again with a log, and with a larger one until it fits. */
const loadForLog = (attr: ProgLoadAttr, logLevel: number): { result: number; log: string } => {
  for (let size = LOG_BYTES_FIRST; ; ) {
    const logBuf = new Uint8Array(new ArrayBuffer(size))
    const { result, logTrueBytes } = bpfProgLoadLogged({ ...attr, logLevel, logBuf })
    // since 6.4 a log that does not fit keeps its end, and its size is told; before, its beginning. ENOSPC says that it was cut
    if (result === -errno.ENOSPC && size < LOG_BYTES_MAX) {
      size = Math.min(Math.max(size * 2, logTrueBytes), LOG_BYTES_MAX)
      continue
    }
    const end = logBuf.indexOf(0)
    return { result, log: Buffer.from(logBuf.buffer, 0, end === -1 ? size : end).toString('utf8') }
  }
}

const capabilitiesFor = (typeName: string): CapabilityName[] =>
  /KPROBE|TRACEPOINT|PERF_EVENT|TRACING|LSM|EXT$/.test(typeName)
    ? ['CAP_BPF', 'CAP_PERFMON']
    : /SOCKET_FILTER|SYSCALL$/.test(typeName)
      ? ['CAP_BPF']
      : ['CAP_BPF', 'CAP_NET_ADMIN']

const MAX_INSNS = 1_000_000

const hintFor = (spec: Named, result: number, attr: ProgLoadAttr): string | undefined => {
  if (attr.signature !== undefined) {
    if (result === -errno.EOPNOTSUPP)
      return 'this kernel was built without checking signatures (CONFIG_SYSTEM_DATA_VERIFICATION)'
    if (result === -errno.ENOKEY) return 'the keyring has no key of the one who signed it'
    if (result === -errno.EKEYREJECTED || result === -errno.EBADMSG)
      return 'it is not what was signed, or was signed by another key'
  }
  const insnCount = attr.insns.byteLength / 8
  if (result === -errno.E2BIG && insnCount > MAX_INSNS) {
    return `the program has ${insnCount} instructions, and the kernel takes ${MAX_INSNS}: make it smaller`
  }
  if (result === -errno.E2BIG) {
    return 'the verifier had too many paths to walk: fewer branches inside loops, smaller loops, or a helper loop'
  }
  if (result === -errno.EINTR || result === -errno.EAGAIN)
    return 'a signal interrupted the verifier: try again'
  if (result === -errno.EINVAL && spec.attachTo !== undefined && attr.attachBtfId === undefined) {
    return `the kernel needs the BTF id of "${spec.attachTo}"`
  }
  return undefined
}
