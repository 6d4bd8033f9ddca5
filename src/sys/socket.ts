// Sockets, as far as netlink and attaching programs to sockets need them.

import { allocate, LITTLE_ENDIAN } from './bytes.ts'
import { keepAlive } from './keep.ts'
import { linux } from './linux.ts'

export const SOL_SOCKET = 1

const SOCK_CLOEXEC = 0o2000000

/** A descriptor (close-on-exec), or -errno. */
export const openSocket = (domain: number, type: number, protocol: number): number =>
  linux().socket(domain, type | SOCK_CLOEXEC, protocol)

/** An option that takes an int. 0, or -errno. */
export const setSocketOption = (fd: number, level: number, option: number, value: number): number => {
  const memory = allocate(4)
  memory.data.setInt32(0, value, LITTLE_ENDIAN)
  const result = linux().setsockopt(fd, level, option, memory.address, 4)
  keepAlive(memory)
  return result
}
