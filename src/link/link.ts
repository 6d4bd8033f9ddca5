// One attachment of a program, owned: closing it detaches.

import { errno, NotSupportedError, SyscallError } from '../errors/index.ts'
import { bpfLinkDetach, bpfLinkUpdate, bpfObjPin, checkSyscall, closeFd } from '../sys/index.ts'
import { type LinkInfo, readLinkInfo } from './link-info.ts'

/** What attaching needs of a loaded program; `Program` is one. The program may be closed once it is attached. */
export interface Attachable {
  /** descriptor of the loaded program */
  readonly fd: number
  /** for messages */
  readonly name: string
  /** BPF_*, as it was loaded; where attaching asks for it again */
  readonly expectedAttachType?: number | undefined
}

/** What a link is attached to, for messages: `tracepoint sched:sched_switch`. */
export type LinkTarget = string

/**
 * - `bpf_link`: the kernel's own object, with an id, which can be pinned;
 * - `perf_event`: a perf event with a program set by ioctl, on kernels without a bpf_link for it;
 * - `attachment`: an entry in a table of the target (BPF_PROG_ATTACH, netlink, setsockopt), which stays when this process
 *   is killed: the older way for control groups, interfaces and sockets.
 */
export type LinkKind = 'bpf_link' | 'perf_event' | 'attachment'

/** What a link is made of. */
export interface LinkHold {
  /** descriptors of bpf_links: one, or one a CPU */
  readonly links?: readonly number[]
  /** perf events: under the links, or with the program set on them; closed after the links */
  readonly events?: readonly number[]
  /** taking the events down waits for the kernel, and there is nothing to be seen of them once their programs are off */
  readonly lingers?: boolean
  /** undoes what does not hang on a descriptor; called once, after the descriptors are closed */
  readonly release?: () => void
  /** puts another program in place, for an `attachment` */
  readonly replace?: (program: Attachable) => void
}

/**
 * An attached program. It stays attached until `close()` or the end of this process, whatever ends it (but see
 * `LinkKind`); a pinned link outlives both.
 */
export class Link implements Disposable {
  readonly target: LinkTarget
  readonly kind: LinkKind
  #hold: LinkHold | undefined

  /** Takes over what is in `hold`. Use the attach functions. */
  constructor(target: LinkTarget, hold: LinkHold) {
    this.target = target
    this.#hold = hold
    this.kind = hold.links?.length ? 'bpf_link' : hold.events?.length ? 'perf_event' : 'attachment'
  }

  /** The descriptor, the first if there are several; -1 once closed and for an `attachment`. */
  get fd(): number {
    return this.#hold?.links?.[0] ?? this.#hold?.events?.[0] ?? -1
  }

  /** All bpf_link descriptors: a perf event on several CPUs has one for each. */
  get linkFds(): readonly number[] {
    return this.#hold?.links ?? []
  }

  get closed(): boolean {
    return this.#hold === undefined
  }

  /**
   * What the kernel says of the (first) bpf_link; undefined for the other kinds, which the kernel gives no id.
   * @throws SyscallError, also when the link is closed (EBADF)
   */
  info(): LinkInfo | undefined {
    return this.kind === 'bpf_link' ? readLinkInfo(this.fd, this.target) : undefined
  }

  /**
   * Gives the link a name under a BPF file system (`openBpfFs()`); it then stays attached until that file is removed.
   * @throws NotSupportedError for a link that is no bpf_link or is several; SyscallError otherwise
   */
  pin(path: string): void {
    if (this.kind !== 'bpf_link')
      throw new NotSupportedError(`pinning a link to ${this.target}`, {
        ...(this.kind === 'perf_event' && { since: '5.15' }),
        reason: `it is held by ${this.kind === 'perf_event' ? 'a perf event' : 'its target'} here, which has no name to give`,
      })
    if (this.linkFds.length > 1)
      throw new NotSupportedError(`pinning a link to ${this.target}`, {
        reason: `it is ${this.linkFds.length} links, one for each CPU`,
      })
    const result = bpfObjPin(this.fd, path)
    if (result < 0)
      throw new SyscallError('bpf(BPF_OBJ_PIN)', result, `pin the link to ${this.target} as ${path}`, {
        ...(PIN_HINTS[-result] && { hint: PIN_HINTS[-result]! }),
      })
  }

  /**
   * Puts another program in the place of the attached one, with no moment without either. Kernels allow it for control
   * groups, network namespaces, interfaces (XDP, tcx, netkit), sockmaps and iterators; for struct_ops the "program" is a map.
   * @param old must be the one attached now, else the kernel refuses (EPERM)
   * @throws NotSupportedError for kinds that cannot; SyscallError
   */
  update(program: Attachable, old?: Attachable): void {
    const action = `put "${program.name}" on ${this.target}`
    if (this.#hold?.replace !== undefined) {
      this.#hold.replace(program)
      return
    }
    if (this.kind !== 'bpf_link')
      throw new NotSupportedError(action, { reason: 'only a bpf_link changes its program' })
    for (const fd of this.linkFds) {
      const result = bpfLinkUpdate(fd, program.fd, old && { flags: BPF_F_REPLACE_OLD, oldProgFd: old.fd })
      if (result === -errno.EINVAL || result === -errno.EOPNOTSUPP)
        throw new NotSupportedError(action, {
          reason:
            'the kernel does not change the program of this kind of link, or the program is of another type',
          cause: new SyscallError('bpf(BPF_LINK_UPDATE)', result, action),
        })
      checkSyscall(result, 'bpf(BPF_LINK_UPDATE)', action)
    }
  }

  /**
   * Detaches while the link stays open, for whoever else has it open or pinned: control groups, network namespaces,
   * XDP, tcx, netkit, sockmaps, struct_ops. Linux 5.9.
   * @throws NotSupportedError for the kinds that only closing detaches
   */
  detach(): void {
    const action = `detach the link to ${this.target}`
    const result = this.kind === 'bpf_link' ? bpfLinkDetach(this.fd) : -errno.EOPNOTSUPP
    if (result === -errno.EOPNOTSUPP || result === -errno.EINVAL)
      throw new NotSupportedError(action, { reason: 'this kind is detached by closing it' })
    checkSyscall(result, 'bpf(BPF_LINK_DETACH)', action)
  }

  /** Detaches, and waits for programs still running where the kernel does. Twice is harmless. */
  close(): void {
    const hold = this.surrender()
    if (hold === undefined) return
    for (const fd of hold.links ?? []) closeFd(fd)
    for (const fd of hold.events ?? []) closeFd(fd)
    hold.release?.()
  }

  /** Hands over what the link is made of and leaves it closed, for who closes many at once (`closeLinks`). */
  surrender(): LinkHold | undefined {
    const hold = this.#hold
    this.#hold = undefined
    return hold
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

const PIN_HINTS: Readonly<Record<number, string>> = {
  [errno.EPERM]: 'the path must be on a BPF file system, such as /sys/fs/bpf',
  [errno.EINVAL]: 'the path must be on a BPF file system, such as /sys/fs/bpf',
  [errno.ENOENT]: 'the directory does not exist',
  [errno.EEXIST]: 'remove the file first, or choose another name',
}

/** BPF_F_REPLACE of BPF_LINK_UPDATE: the old program is named, and must be there */
const BPF_F_REPLACE_OLD = 4
