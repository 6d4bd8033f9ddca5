// Programs of a single socket: a filter of what it receives, and the choice among sockets that share a port.

import { errno, SyscallError } from '../errors/index.ts'
import { closeFd, dupFd, SOL_SOCKET, setSocketOption } from '../sys/index.ts'
import { type Attachable, Link } from './link.ts'

const SO_DETACH_FILTER = 27
const SO_ATTACH_BPF = 50
const SO_ATTACH_REUSEPORT_EBPF = 52
const SO_DETACH_REUSEPORT_BPF = 68

/**
 * Attaches a program of type SOCKET_FILTER to a socket: it says how many bytes of each packet are kept. It stays with the socket,
 * in every process that has it, until `close`.
 * @throws SyscallError
 */
export const attachSocketFilter = (program: Attachable, socketFd: number): Link =>
  attach(program, socketFd, 'the filter', SO_ATTACH_BPF, SO_DETACH_FILTER)

/**
 * Attaches a program of type SOCKET_FILTER or SK_REUSEPORT to the group of sockets that share a port with this one.
 * Taking it off needs Linux 5.3.
 * @throws SyscallError
 */
export const attachReuseport = (program: Attachable, socketFd: number): Link =>
  attach(program, socketFd, 'the choice', SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_REUSEPORT_BPF)

function attach(program: Attachable, socketFd: number, what: string, on: number, off: number): Link {
  const target = `${what} of the socket at descriptor ${socketFd}`
  const action = `attach program "${program.name}" as ${target}`
  const put = (next: Attachable) => {
    const result = setSocketOption(socketFd, SOL_SOCKET, on, next.fd)
    if (result < 0) throw new SyscallError('setsockopt', result, action, hintFor(-result))
  }
  put(program)
  const fd = dupFd(socketFd)
  return new Link(target, {
    release: () => {
      setSocketOption(fd, SOL_SOCKET, off, 0)
      closeFd(fd)
    },
    replace: put,
  })
}

function hintFor(error: number) {
  switch (error) {
    case errno.EINVAL:
      return { hint: 'the program is of another type, or the socket does not share its port (SO_REUSEPORT)' }
    case errno.EPERM:
      return { hint: 'the filter of this socket is locked' }
    default:
      return {}
  }
}
