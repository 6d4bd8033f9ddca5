// Programs that attach by BTF (fentry, tp_btf, LSM, iterators, extensions) are told where when they are loaded: as the id
// of a type in the kernel's BTF, a module's, or another program's.

import { type Btf, nearNames } from '../btf/index.ts'
import { BtfError } from '../errors/index.ts'
import { btfById, moduleBtf, modulesWithBtf, openModuleBtf, vmlinuxBtf } from '../kernel/index.ts'
import {
  BPF_LSM_CGROUP,
  BPF_LSM_MAC,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY_MULTI,
  BPF_TRACE_FEXIT_MULTI,
  BPF_TRACE_FSESSION_MULTI,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
  closeFd,
} from '../sys/index.ts'
import { readProgramInfo } from './program-info.ts'
import { splitModule } from './traceable-functions.ts'

/** What BPF_PROG_LOAD takes. */
export interface AttachTarget {
  readonly attachBtfId: number
  /** a module's BTF object (to close after loading) or the program to extend or trace (the caller's) */
  readonly attachProgFd?: number
  /** lets go of what was opened to resolve it */
  readonly close: () => void
}

export interface AttachTargetSpec {
  /** BPF_PROG_TYPE_* */
  readonly type: number
  readonly expectedAttachType?: number
  /** `vfs_read`, `nf_nat:nf_nat_setup_info`, a tracepoint, an LSM hook, a kind of iterator, by the short name */
  readonly attachTo: string
}

/** Whether programs of that type are told where to attach when they are loaded. */
export const attachesByBtf = (type: number): boolean =>
  type === BPF_PROG_TYPE_TRACING || type === BPF_PROG_TYPE_LSM || type === BPF_PROG_TYPE_EXT

/**
 * Finds a kernel function, tracepoint, hook or iterator: in the kernel's own BTF first, then in each loaded module's.
 * @throws BtfError with similar names; NotSupportedError when the kernel has no BTF
 */
export function resolveAttachTarget(spec: AttachTargetSpec): AttachTarget {
  if (attachesToMany(spec.expectedAttachType)) return moduleTarget(spec.attachTo)
  const { prefix, kind } = targetNaming(spec)
  const colon = spec.attachTo.indexOf(':')
  const module = colon < 0 ? undefined : spec.attachTo.slice(0, colon)
  const name = prefix + spec.attachTo.slice(colon + 1)
  if (module === undefined || module === 'vmlinux') {
    const type = vmlinuxBtf().find(name, kind)
    if (type !== undefined) return { attachBtfId: type.id, close: () => {} }
  }
  const modules = module === undefined ? modulesWithBtf() : module === 'vmlinux' ? [] : [module]
  for (const each of modules) {
    const btf = moduleBtf(each)
    const type = btf.findAll(name, kind).find(found => found.id >= btf.firstId)
    if (type === undefined) continue
    const fd = openModuleBtf(each)
    return { attachBtfId: type.id, attachProgFd: fd, close: () => closeFd(fd) }
  }
  throw new BtfError(`the kernel's BTF has no ${kind} ${name}${similar(name, kind)}`)
}

/** Whether such programs are told the functions when they are attached, all at once; when loaded, only the module (Linux 7.2). */
export const attachesToMany = (attachType: number | undefined): boolean =>
  attachType === BPF_TRACE_FENTRY_MULTI ||
  attachType === BPF_TRACE_FEXIT_MULTI ||
  attachType === BPF_TRACE_FSESSION_MULTI

function moduleTarget(pattern: string): AttachTarget {
  const { module } = splitModule(pattern)
  if (module === undefined) return { attachBtfId: 0, close: () => {} }
  const fd = openModuleBtf(module)
  return { attachBtfId: 0, attachProgFd: fd, close: () => closeFd(fd) }
}

/**
 * A function of another loaded program, to replace (freplace) or to trace.
 * @param target stays the caller's
 * @throws BtfError when it has no such function or no BTF
 */
export function resolveProgramTarget(target: { readonly fd: number }, functionName: string): AttachTarget {
  const { btfId, name } = readProgramInfo(target.fd)
  if (btfId === 0) throw new BtfError(`program "${name}" has no BTF: it cannot be extended or traced`)
  const type = btfById(btfId).find(functionName, 'func')
  if (type === undefined) throw new BtfError(`program "${name}" has no function "${functionName}"`)
  return { attachBtfId: type.id, attachProgFd: target.fd, close: () => {} }
}

/**
 * How the kernel spells what programs attach to: what stands in front of the name, and the kind of its type.
 * Source: include/linux/bpf_lsm.h, trace/bpf_probe.h, bpf_iter.c.
 */
export function targetNaming({ type, expectedAttachType }: Omit<AttachTargetSpec, 'attachTo'>) {
  switch (expectedAttachType) {
    case BPF_TRACE_RAW_TP:
      return { prefix: 'btf_trace_', kind: 'typedef' } as const
    case BPF_TRACE_ITER:
      return { prefix: 'bpf_iter_', kind: 'func' } as const
    case BPF_LSM_MAC:
    case BPF_LSM_CGROUP:
      return { prefix: type === BPF_PROG_TYPE_LSM ? 'bpf_lsm_' : '', kind: 'func' } as const
    default:
      return { prefix: '', kind: 'func' } as const
  }
}

function similar(name: string, kind: 'func' | 'typedef'): string {
  const near = nearNames(name, namesOf(vmlinuxBtf(), kind))
  return near.length > 0 ? `, did you mean ${near.join(' or ')}?` : ''
}

function* namesOf(btf: Btf, kind: string): Generator<string> {
  for (let id = 1; id <= btf.typeCount; id++) {
    const type = btf.type(id)
    if (type.kind === kind && 'name' in type) yield type.name
  }
}
