// One attachment of a program, owned: closing it detaches.

import { errno, NotSupportedError, SyscallError } from '../errors/index.ts'
import { allocate, bpfObjGetInfoByFd, bpfObjPin, checkSyscall, closeFd, LITTLE_ENDIAN } from '../sys/index.ts'

/** What attaching needs of a loaded program; `Program` is one. The program may be closed once it is attached. */
export interface Attachable {
  /** descriptor of the loaded program */
  readonly fd: number
  /** for messages */
  readonly name: string
}

/** What a link is attached to, for messages: `tracepoint sched:sched_switch`. */
export type LinkTarget = string

/** struct bpf_link_info, the part all kinds share. */
export interface LinkInfo {
  /** BPF_LINK_TYPE_* */
  readonly type: number
  readonly id: number
  readonly progId: number
}

/**
 * An attached program. It stays attached until `close()` or the end of this process, whatever ends it; a pinned link
 * outlives both.
 */
export class Link implements Disposable {
  readonly target: LinkTarget
  /**
   * `bpf_link`: the kernel's own object, with an id, which can be pinned. `perf_event`: a perf event with a program
   * set by ioctl, on kernels without a bpf_link for it.
   */
  readonly kind: 'bpf_link' | 'perf_event'
  #fd: number

  /** Takes over `fd`. Use the attach functions. */
  constructor(kind: 'bpf_link' | 'perf_event', fd: number, target: LinkTarget) {
    this.kind = kind
    this.#fd = fd
    this.target = target
  }

  /** The descriptor; -1 once closed. */
  get fd(): number {
    return this.#fd
  }

  /**
   * Identity of a bpf_link; undefined for a perf event, which the kernel gives no id.
   * @throws SyscallError, also when the link is closed (EBADF)
   */
  info(): LinkInfo | undefined {
    if (this.kind === 'perf_event') return undefined
    const { bytes, data } = allocate(LINK_INFO_BYTES)
    const result = bpfObjGetInfoByFd(this.#fd, bytes)
    checkSyscall(result, 'bpf(BPF_OBJ_GET_INFO_BY_FD)', `ask about the link to ${this.target}`)
    const word = (offset: number) => data.getUint32(offset, LITTLE_ENDIAN)
    return { type: word(0), id: word(4), progId: word(8) }
  }

  /**
   * Gives the link a name under a BPF file system (`openBpfFs()`); it then stays attached until that file is removed.
   * @throws NotSupportedError for a perf event, SyscallError otherwise
   */
  pin(path: string): void {
    if (this.kind === 'perf_event')
      throw new NotSupportedError(`pinning a link to ${this.target}`, {
        since: '5.15',
        reason: 'it is held by a perf event here, which has no name to give',
      })
    const result = bpfObjPin(this.#fd, path)
    if (result < 0)
      throw new SyscallError('bpf(BPF_OBJ_PIN)', result, `pin the link to ${this.target} as ${path}`, {
        ...(PIN_HINTS[-result] && { hint: PIN_HINTS[-result]! }),
      })
  }

  /** Detaches, and waits for programs still running where the kernel does. Twice is harmless. */
  close(): void {
    if (this.#fd < 0) return
    closeFd(this.#fd)
    this.#fd = -1
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

const LINK_INFO_BYTES = 16
