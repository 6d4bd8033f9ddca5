// Calls on plain descriptors. Node's fs would do for some of them, but it throws, allocates and goes by its own
// table; these give the kernel's answer. Each returns a number, -errno on failure.

import { allocate, cString, LITTLE_ENDIAN } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

const AT_FDCWD = -100
const F_GETFD = 1
const F_SETFD = 2
const F_DUPFD_CLOEXEC = 1030
const FD_CLOEXEC = 1
const O_RDWR = 2

export const O_CLOEXEC = 0o2000000
export const O_NONBLOCK = 0o4000

export const closeFd = (fd: number): number => linux().close(fd)

/** Closes them side by side: for descriptors whose closing waits in the kernel. */
export const closeAtOnce = (fds: readonly number[]): void => linux().closeAtOnce(fds)

/** Opens a file or directory for reading, close-on-exec. */
export const openForReading = (path: string): number => {
  const name = cString(path)
  const fd = linux().openat(AT_FDCWD, linux().address(name), O_CLOEXEC, 0)
  keepAlive(name)
  return fd
}

/** Opens a device or file for reading and writing, close-on-exec. */
export const openReadWrite = (path: string): number => {
  const name = cString(path)
  const fd = linux().openat(AT_FDCWD, linux().address(name), O_CLOEXEC | O_RDWR, 0)
  keepAlive(name)
  return fd
}

/** A second descriptor of the same object, close-on-exec. */
export const dupFd = (fd: number): number => linux().fcntl(fd, F_DUPFD_CLOEXEC, 0)

export const setCloseOnExec = (fd: number, on: boolean): number =>
  linux().fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0)

/** 1 or 0, or -errno when `fd` is not open. */
export const getCloseOnExec = (fd: number): number => {
  const flags = linux().fcntl(fd, F_GETFD, 0)
  return flags < 0 ? flags : flags & FD_CLOEXEC
}

/** Bytes read; 0 at the end. Blocks as the descriptor does. */
export const readFd = (fd: number, into: Uint8Array): number => {
  const result = linux().read(fd, linux().address(into), into.byteLength)
  keepAlive(into)
  return result
}

/** Bytes read at an offset, without moving the descriptor's own. */
export const preadFd = (fd: number, into: Uint8Array, offset: number): number => {
  const result = linux().pread(fd, linux().address(into), into.byteLength, offset)
  keepAlive(into)
  return result
}

/** Bytes written, which may be fewer than given. */
export const writeFd = (fd: number, bytes: Uint8Array): number => {
  const result = linux().write(fd, linux().address(bytes), bytes.byteLength)
  keepAlive(bytes)
  return result
}

export const ioctl = (fd: number, request: number, arg = 0): number => linux().ioctl(fd, request, arg)

/** ioctl(2) whose argument points to bytes the kernel reads or fills. */
export const ioctlBytes = (fd: number, request: number, bytes: ArrayBufferView): number => {
  const result = linux().ioctl(fd, request, linux().address(bytes))
  keepAlive(bytes)
  return result
}

/** A counter that can be waited for; non-blocking, close-on-exec. */
export const eventfd = (initial = 0): number => linux().eventfd(initial, O_CLOEXEC | O_NONBLOCK)

/** Both ends of a pipe, close-on-exec; a number is -errno. */
export const pipe = (): { readonly readFd: number; readonly writeFd: number } | number => {
  const memory = allocate(8)
  const result = linux().pipe2(memory.address, O_CLOEXEC)
  if (result < 0) return result
  return { readFd: memory.data.getInt32(0, LITTLE_ENDIAN), writeFd: memory.data.getInt32(4, LITTLE_ENDIAN) }
}

/** mount(2). `type`: "tracefs", "bpf" … */
export const mount = (source: string, target: string, type: string, flags = 0): number => {
  const [s, t, y] = [cString(source), cString(target), cString(type)]
  const result = linux().mount(linux().address(s), linux().address(t), linux().address(y), flags, 0)
  keepAlive(s, t, y)
  return result
}

export const umount = (target: string, flags = 0): number => {
  const t = cString(target)
  const result = linux().umount(linux().address(t), flags)
  keepAlive(t)
  return result
}
