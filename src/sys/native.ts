// The machine's own Linux, through koffi: the only file of the package that knows the FFI. One foreign function,
// syscall(2), serves nearly everything: declaring it costs 0.06 ms once, calling it 0.2 µs.
//
// koffi facts this rests on: an int64 argument may be a JavaScript number; a result is a number while it is exact,
// else a BigInt; errno is kept per call; a TypedArray's address stays put while its ArrayBuffer is referenced.

import { NotSupportedError } from '../errors/index.ts'
import type { Linux, ReadablePoll } from './linux.ts'
import { nativeCloseAtOnce } from './native-close.ts'
import { type Koffi, loadKoffi } from './native-koffi.ts'
import { nativeSpawn } from './native-spawn.ts'
import { SYSCALL_NUMBERS } from './syscall-numbers.ts'

export const nativeLinux = (): Linux => {
  const numbers = process.platform === 'linux' ? SYSCALL_NUMBERS[process.arch] : undefined
  if (numbers === undefined) {
    throw new NotSupportedError(`${process.platform} on ${process.arch}`, {
      reason: 'beetrace speaks to Linux on x86-64, arm64 and riscv64',
    })
  }
  const koffi = loadKoffi()
  const libc = koffi.load(null)
  const syscall = libc.func('int64 syscall(int64 nr, int64 a, int64 b, int64 c, int64 d, int64 e, int64 f)')
  const call = (nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number => {
    const result = syscall(nr, a, b, c, d, e, f) as number
    return result === -1 ? -koffi.errno() : result
  }
  return {
    address: bytes => Number(koffi.address(bytes)),
    // a view over an address needs a pointer value, which koffi takes as a BigInt
    view: (address, byteLength) => koffi.view(BigInt(address), byteLength),

    bpf: (cmd, attr, size) => call(numbers.bpf, cmd, attr, size),
    bpfAsync: (cmd, attr, size) =>
      new Promise(resolve => {
        syscall.async(numbers.bpf, cmd, attr, size, 0, 0, 0, (error: unknown, result: number) =>
          resolve(error ? -1 : result),
        )
      }),
    perfEventOpen: (attr, pid, cpu, groupFd, flags) =>
      call(numbers.perf_event_open, attr, pid, cpu, groupFd, flags),
    ioctl: (fd, request, arg) => call(numbers.ioctl, fd, request, arg),

    mmap: (address, length, prot, flags, fd, offset) =>
      call(numbers.mmap, address, length, prot, flags, fd, offset),
    munmap: (address, length) => call(numbers.munmap, address, length),

    openat: (dirFd, path, flags, mode) => call(numbers.openat, dirFd, path, flags, mode),
    close: fd => call(numbers.close, fd),
    closeAtOnce: fds => nativeCloseAtOnce(koffi, libc, fds, fd => call(numbers.close, fd)),
    dup: fd => call(numbers.dup, fd),
    fcntl: (fd, cmd, arg) => call(numbers.fcntl, fd, cmd, arg),
    read: (fd, buffer, byteLength) => call(numbers.read, fd, buffer, byteLength),
    write: (fd, buffer, byteLength) => call(numbers.write, fd, buffer, byteLength),
    pread: (fd, buffer, byteLength, offset) => call(numbers.pread64, fd, buffer, byteLength, offset),
    pipe2: (fds, flags) => call(numbers.pipe2, fds, flags),

    socket: (domain, type, protocol) => call(numbers.socket, domain, type, protocol),
    setsockopt: (fd, level, option, value, byteLength) =>
      call(numbers.setsockopt, fd, level, option, value, byteLength),

    epollCreate: flags => call(numbers.epoll_create1, flags),
    epollCtl: (epollFd, op, fd, event) => call(numbers.epoll_ctl, epollFd, op, fd, event),
    epollWait: (epollFd, events, maxEvents, timeoutMs) =>
      call(numbers.epoll_pwait, epollFd, events, maxEvents, timeoutMs, 0, 8),
    eventfd: (initial, flags) => call(numbers.eventfd2, initial, flags),

    pidfdOpen: (pid, flags) => call(numbers.pidfd_open, pid, flags),
    pidfdSendSignal: (pidfd, signal) => call(numbers.pidfd_send_signal, pidfd, signal, 0, 0),
    waitid: (idType, id, info, options) => call(numbers.waitid, idType, id, info, options, 0),
    wait4: (pid, status, options, rusage) => call(numbers.wait4, pid, status, options, rusage),
    kill: (pid, signal) => call(numbers.kill, pid, signal),
    ptrace: (request, pid, address, data) => call(numbers.ptrace, request, pid, address, data),
    tgkill: (tgid, tid, signal) => call(numbers.tgkill, tgid, tid, signal),
    gettid: () => call(numbers.gettid),

    prlimit: (pid, resource, newLimit, oldLimit) =>
      call(numbers.prlimit64, pid, resource, newLimit, oldLimit),
    prctl: (option, arg2, arg3, arg4, arg5) => call(numbers.prctl, option, arg2, arg3, arg4, arg5),
    rtSigaction: (signal, action, oldAction) => call(numbers.rt_sigaction, signal, action, oldAction, 8),
    rtSigprocmask: (how, set, oldSet) => call(numbers.rt_sigprocmask, how, set, oldSet, 8),
    geteuid: () => call(numbers.geteuid),
    capget: (header, data) => call(numbers.capget, header, data),
    clockGettime: (clock, timespec) => call(numbers.clock_gettime, clock, timespec),
    schedGetaffinity: (pid, byteLength, mask) => call(numbers.sched_getaffinity, pid, byteLength, mask),
    schedSetaffinity: (pid, byteLength, mask) => call(numbers.sched_setaffinity, pid, byteLength, mask),

    addKey: (type, description, payload, byteLength, keyring) =>
      call(numbers.add_key, type, description, payload, byteLength, keyring),

    mount: (source, target, type, flags, data) => call(numbers.mount, source, target, type, flags, data),
    umount: (target, flags) => call(numbers.umount2, target, flags),
    exitGroup: status => call(numbers.exit_group, status),

    spawn: request => nativeSpawn(koffi, libc, request),
    pollReadable: (fd, onReadable) => nativePoll(koffi, fd, onReadable),
  }
}

const nativePoll = (koffi: Koffi, fd: number, onReadable: () => void): ReadablePoll => {
  const handle = koffi.node.poll(fd, { readable: true }, onReadable)
  handle.stop()
  let closed = false
  return {
    start: () => {
      if (!closed) handle.start({ readable: true }, onReadable)
    },
    stop: () => {
      if (!closed) handle.stop()
    },
    ref: () => handle.ref(),
    unref: () => handle.unref(),
    close: () => {
      if (closed) return
      closed = true
      handle.close()
    },
  }
}
