// Iterators: a program that the kernel runs once for each task, map element, socket …, and whose output is read like a file.

import { errno } from '../errors/index.ts'
import {
  BPF_TRACE_ITER,
  bpfIterCreate,
  checkSyscall,
  closeFd,
  LITTLE_ENDIAN,
  type LinkCreateOptions,
  readFd,
} from '../sys/index.ts'
import { createLink } from './create.ts'
import type { Attachable, Link } from './link.ts'

/** What to walk, where the kind of iterator asks (union bpf_iter_link_info). */
export type IteratorScope =
  /** the elements of a map: `map_elem`, `sk_storage`, `sockmap` */
  | { readonly kind: 'map'; readonly fd: number }
  /** one thread, one process' threads, or the process of a pidfd: `task`, `task_file`, `task_vma`. Linux 6.1 */
  | { readonly kind: 'task'; readonly tid?: number; readonly pid?: number; readonly pidfd?: number }
  /** a control group and those below or above it: `cgroup`. Linux 6.1 */
  | {
      readonly kind: 'cgroup'
      /** descriptor of its directory; or its id */
      readonly fd?: number
      readonly id?: bigint
      readonly order: 'self' | 'descendants-pre' | 'descendants-post' | 'ancestors-up'
    }

/**
 * Attaches a program of type TRACING loaded for BPF_TRACE_ITER. Nothing runs until it is read; each `readIterator` is a new
 * walk. A pinned link is a file that anybody reads. Linux 5.8.
 * @throws SyscallError
 */
export function attachIterator(
  program: Attachable,
  scope?: IteratorScope,
  { target = 'its iterator' }: { readonly target?: string } = {},
): Link {
  const options: LinkCreateOptions = scope ? { kind: 'iter', info: packScope(scope) } : { kind: 'none' }
  return createLink(program, target, { target: 0, attachType: BPF_TRACE_ITER, options }, hintFor)
}

/** One walk, piece by piece as the kernel gives it: up to 64 KiB each. Throws SyscallError. */
export function* iteratorChunks(link: Link): Generator<Uint8Array> {
  const action = `read ${link.target}`
  const fd = checkSyscall(bpfIterCreate(link.fd), 'bpf(BPF_ITER_CREATE)', action)
  try {
    const buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES))
    for (;;) {
      const count = readFd(fd, buffer)
      // the program asked to see the same object again, or a signal came
      if (count === -errno.EAGAIN || count === -errno.EINTR) continue
      if (checkSyscall(count, 'read', action) === 0) return
      yield buffer.slice(0, count)
    }
  } finally {
    closeFd(fd)
  }
}

/** All that one walk writes. Throws SyscallError. */
export const readIterator = (link: Link): Buffer => Buffer.concat([...iteratorChunks(link)])

/** The same as text, for programs that print. Throws SyscallError. */
export const readIteratorText = (link: Link): string => readIterator(link).toString('utf8')

const CHUNK_BYTES = 64 * 1024

const CGROUP_ORDER = { self: 1, 'descendants-pre': 2, 'descendants-post': 3, 'ancestors-up': 4 } as const

/**
 *     map      0 map_fd
 *     cgroup   0 order   4 cgroup_fd  8 cgroup_id
 *     task     0 tid     4 pid        8 pid_fd
 */
function packScope(scope: IteratorScope): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(16))
  const data = new DataView(bytes.buffer)
  const u32 = (offset: number, value: number) => data.setUint32(offset, value, LITTLE_ENDIAN)
  switch (scope.kind) {
    case 'map':
      u32(0, scope.fd)
      return bytes.subarray(0, 4)
    case 'cgroup':
      u32(0, CGROUP_ORDER[scope.order])
      u32(4, scope.fd ?? 0)
      data.setBigUint64(8, scope.id ?? 0n, LITTLE_ENDIAN)
      return bytes
    case 'task':
      u32(0, scope.tid ?? 0)
      u32(4, scope.pid ?? 0)
      u32(8, scope.pidfd ?? 0)
      return bytes
  }
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return { hint: 'the program must be an iterator, and its scope one that this kind of iterator takes' }
    case errno.EBADF:
      return { hint: 'iterators over the elements of a map need the map' }
    case errno.ESRCH:
      return { hint: 'there is no such process' }
    default:
      return { capabilities: ['CAP_BPF', 'CAP_PERFMON'] as const }
  }
}
