// Calls on sockets.
import { call } from '../argument.ts'
import { bytesIn, bytesOut } from '../buffers.ts'
import { fd, flags, int, oneOf, pointer, size, uint } from '../scalars.ts'
import { lengthInOut, structIn, structOut, structsOut } from '../struct.ts'
import { INT } from '../structs/cells.ts'
import {
  MSGHDR,
  optionValue,
  sockaddrIn,
  sockaddrOut,
  socketOption,
  socketProtocol,
  socketType,
} from '../structs/network.ts'
import { TIMESPEC, TIMESPEC64 } from '../structs/time.ts'

const family = oneOf('ADDRESS_FAMILIES')
const messageFlags = flags('MSG_FLAGS')

export const NETWORK_CALLS = {
  socket: call('network', [family, socketType, socketProtocol], 'fd'),
  socketpair: call('network', [
    family,
    socketType,
    socketProtocol,
    structsOut(INT, { kind: 'constant', count: 2 }),
  ]),
  bind: call('network', [fd, sockaddrIn(2), int]),
  connect: call('network', [fd, sockaddrIn(2), int]),
  listen: call('network', [fd, int]),
  accept: call('network', [fd, sockaddrOut(2), lengthInOut], 'fd'),
  accept4: call('network', [fd, sockaddrOut(2), lengthInOut, flags('SOCKET_FLAGS')], 'fd'),
  getsockname: call('network', [fd, sockaddrOut(2), lengthInOut]),
  getpeername: call('network', [fd, sockaddrOut(2), lengthInOut]),
  sendto: call('network', [fd, bytesIn(2), size, messageFlags, sockaddrIn(5), int]),
  recvfrom: call('network', [fd, bytesOut, size, messageFlags, sockaddrOut(5), lengthInOut]),
  sendmsg: call('network', [fd, structIn(MSGHDR), messageFlags]),
  recvmsg: call('network', [fd, structOut(MSGHDR), messageFlags]),
  sendmmsg: call('network', [fd, pointer, uint, messageFlags]),
  recvmmsg: call('network', [fd, pointer, uint, messageFlags, structIn(TIMESPEC)]),
  recvmmsg_time64: call('network', [fd, pointer, uint, messageFlags, structIn(TIMESPEC64)]),
  shutdown: call('network', [fd, oneOf('SHUTDOWN_HOW')]),
  setsockopt: call('network', [fd, oneOf('SOCKET_LEVELS'), socketOption, optionValue('entry', 4), int]),
  getsockopt: call('network', [
    fd,
    oneOf('SOCKET_LEVELS'),
    socketOption,
    optionValue('exit', 4),
    lengthInOut,
  ]),
  socketcall: call('desc', [oneOf('SOCKETCALLS'), pointer]),
  sethostname: call('', [bytesIn(1), size]),
  setdomainname: call('', [bytesIn(1), size]),
} as const
