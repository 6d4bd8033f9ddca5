// close(2) on a thread for each descriptor, with the C library's own close as what the thread runs: nothing of JavaScript
// is on it. Where closing waits for the kernel (an RCU grace period of 20 to 70 ms for a program on a tracepoint), the waits
// of many overlap. Node's thread pool would do for four at a time.

import type { LibraryHandle } from 'koffi'

/** pthread_attr_t is 56 bytes (x86-64) or 64 (arm64) in glibc, 56 in musl. */
const ATTR_BYTES = 128
/** Enough for a system call; the default is 8 MiB of address space each. */
const STACK_BYTES = 256 * 1024
/** More waits at a time than this gain nothing. */
const THREADS_MAX = 512

interface ThreadFunctions {
  readonly create: (thread: number, attr: number, start: bigint, arg: number) => number
  readonly join: (thread: bigint, result: number) => number
  readonly attrInit: (attr: number) => number
  readonly attrSetStackSize: (attr: number, bytes: number) => number
  readonly attrDestroy: (attr: number) => number
  readonly closeAddress: bigint
}

let functions: ThreadFunctions | undefined

/** Closes all, and returns when all are closed. What no thread can be had for is closed on this one, by `close`. */
export const nativeCloseAtOnce = (
  koffi: { address(value: unknown): bigint },
  libc: LibraryHandle,
  fds: readonly number[],
  close: (fd: number) => void,
): void => {
  functions ??= declare(libc)
  const f = functions
  const memory = new Uint8Array(new ArrayBuffer(ATTR_BYTES + THREADS_MAX * 8))
  const ids = new BigUint64Array(memory.buffer, ATTR_BYTES)
  const attr = Number(koffi.address(memory))
  f.attrInit(attr)
  f.attrSetStackSize(attr, STACK_BYTES)
  for (let at = 0; at < fds.length; at += THREADS_MAX) {
    let started = 0
    for (const fd of fds.slice(at, at + THREADS_MAX)) {
      if (f.create(attr + ATTR_BYTES + started * 8, attr, f.closeAddress, fd) === 0) started++
      else close(fd)
    }
    for (let i = 0; i < started; i++) f.join(ids[i]!, 0)
  }
  f.attrDestroy(attr)
}

const declare = (libc: LibraryHandle): ThreadFunctions => {
  const dlsym = libc.func('int64 dlsym(int64 handle, str name)')
  return {
    create: libc.func('int pthread_create(int64 thread, int64 attr, int64 start, int64 arg)'),
    join: libc.func('int pthread_join(uint64 thread, int64 result)'),
    attrInit: libc.func('int pthread_attr_init(int64 attr)'),
    attrSetStackSize: libc.func('int pthread_attr_setstacksize(int64 attr, int64 bytes)'),
    attrDestroy: libc.func('int pthread_attr_destroy(int64 attr)'),
    closeAddress: BigInt(dlsym(0, 'close') as number | bigint),
  }
}
