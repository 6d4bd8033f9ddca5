// The seam between this package and Linux: one function per system call, in numbers. Everything above goes
// through `linux()`, so a test can put a fake in its place and run loaders and links without a kernel.

import { nativeLinux } from './native.ts'

/**
 * System calls as the kernel has them. Pointers are addresses as plain numbers (user space addresses stay below
 * 2^53 on every architecture Node runs on); a result is the kernel's, with -errno for a failure. Nothing throws.
 *
 * Whoever passes an address keeps the bytes behind it alive (referenced) until the call has returned.
 */
export interface Linux {
  /** where these bytes live; stable as long as their ArrayBuffer is referenced */
  address(bytes: ArrayBufferView): number
  /** memory of this process as an ArrayBuffer, without a copy; reading it after munmap kills the process */
  view(address: number, byteLength: number): ArrayBuffer

  bpf(cmd: number, attr: number, size: number): number
  /** the same in a thread of Node's pool, for commands that take long; a failure is -1 and does not say why */
  bpfAsync(cmd: number, attr: number, size: number): Promise<number>
  perfEventOpen(attr: number, pid: number, cpu: number, groupFd: number, flags: number): number
  ioctl(fd: number, request: number, arg: number): number

  mmap(address: number, length: number, prot: number, flags: number, fd: number, offset: number): number
  munmap(address: number, length: number): number

  openat(dirFd: number, path: number, flags: number, mode: number): number
  close(fd: number): number
  /** closes them side by side, for kinds whose closing waits in the kernel; returns when all are closed */
  closeAtOnce(fds: readonly number[]): void
  dup(fd: number): number
  fcntl(fd: number, cmd: number, arg: number): number
  read(fd: number, buffer: number, byteLength: number): number
  write(fd: number, buffer: number, byteLength: number): number
  pread(fd: number, buffer: number, byteLength: number, offset: number): number
  pipe2(fds: number, flags: number): number

  socket(domain: number, type: number, protocol: number): number
  setsockopt(fd: number, level: number, option: number, value: number, byteLength: number): number

  epollCreate(flags: number): number
  epollCtl(epollFd: number, op: number, fd: number, event: number): number
  epollWait(epollFd: number, events: number, maxEvents: number, timeoutMs: number): number
  eventfd(initial: number, flags: number): number

  pidfdOpen(pid: number, flags: number): number
  pidfdSendSignal(pidfd: number, signal: number): number
  waitid(idType: number, id: number, info: number, options: number): number
  wait4(pid: number, status: number, options: number, rusage: number): number
  kill(pid: number, signal: number): number
  tgkill(tgid: number, tid: number, signal: number): number
  gettid(): number
  ptrace(request: number, pid: number, address: number, data: number): number

  prlimit(pid: number, resource: number, newLimit: number, oldLimit: number): number
  prctl(option: number, arg2: number, arg3: number, arg4: number, arg5: number): number
  rtSigaction(signal: number, action: number, oldAction: number): number
  rtSigprocmask(how: number, set: number, oldSet: number): number
  geteuid(): number
  capget(header: number, data: number): number
  clockGettime(clock: number, timespec: number): number
  schedGetaffinity(pid: number, byteLength: number, mask: number): number
  schedSetaffinity(pid: number, byteLength: number, mask: number): number

  addKey(type: number, description: number, payload: number, byteLength: number, keyring: number): number

  mount(source: number, target: number, type: number, flags: number, data: number): number
  umount(target: number, flags: number): number
  /** does not return, except from a fake */
  exitGroup(status: number): number

  /**
   * posix_spawn(3) of the C library. Every field is an address; `fileActions` and `signals` are applied in order.
   * Gives the pid, or -errno of the step or of the execve that failed.
   */
  spawn(request: SpawnCall): number

  /**
   * Calls back whenever `fd` is readable, from Node's own event loop (uv_poll): no thread, and neither the exit of
   * the process nor its timers wait for it. Level-triggered: stop it while the data is left unread.
   */
  pollReadable(fd: number, onReadable: () => void): ReadablePoll
}

/** A watch of one descriptor in Node's event loop. Made stopped. */
export interface ReadablePoll {
  start(): void
  stop(): void
  /** keep the process alive while this watch is started (the default), or not */
  ref(): void
  unref(): void
  /** before the descriptor is closed; twice is harmless */
  close(): void
}

/** posix_spawn's arguments, in addresses. */
export interface SpawnCall {
  readonly path: number
  readonly argv: number
  readonly envp: number
  /** address of the directory's name, or 0 */
  readonly cwd: number
  /** descriptors the child keeps under their own number */
  readonly keepFds: readonly number[]
  readonly closeFds: readonly number[]
  /** POSIX_SPAWN_* */
  readonly flags: number
  /** address of a 128-byte sigset_t of signals reset to their default */
  readonly signalDefault: number
  /** address of a 128-byte sigset_t to block */
  readonly signalMask: number
  readonly pgroup: number
}

let current: Linux | undefined

/** The system calls in force: the machine's, unless a test has set its own. */
export const linux = (): Linux => (current ??= nativeLinux())

/** Put another Linux in place (`undefined`: the machine's again); gives back the one before. */
export const setLinux = (next: Linux | undefined): Linux | undefined => {
  const before = current
  current = next
  return before
}

/** Runs `fn`, and what it awaits, on another Linux. */
export const withLinux = <T>(fake: Linux, fn: () => T): T => {
  const before = setLinux(fake)
  const restore = () => {
    setLinux(before)
  }
  let result: T
  try {
    result = fn()
  } catch (error) {
    restore()
    throw error
  }
  if (result instanceof Promise) return result.finally(restore) as T
  restore()
  return result
}
