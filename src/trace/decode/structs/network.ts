// Socket addresses, message headers and socket options.
import { CAPTURE_BYTES, type CaptureLength } from '../../record.ts'
import { errnoOf } from '../../tables/index.ts'
import type { Sink } from '../../write/sink.ts'
import type { ArgPrinter, Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { printAddress } from '../fetched.ts'
import type { Struct } from '../struct.ts'

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const AF_PACKET = 17
const SOCKADDR_BYTES = 128

/** An address that the call reads; argument `lengthArg` says how long it is. */
export function sockaddrIn(lengthArg: number): Argument {
  return sockaddr({ kind: 'argument', arg: lengthArg }, 'entry')
}

/** An address that the call fills; the int that argument `lengthArg` points to says how long it is. */
export function sockaddrOut(lengthArg: number): Argument {
  return sockaddr({ kind: 'pointee', arg: lengthArg }, 'exit')
}

function sockaddr(length: CaptureLength, when: 'entry' | 'exit'): Argument {
  return {
    late: when === 'exit',
    captures: arg => [{ op: CAPTURE_BYTES, arg, when, length, limit: SOCKADDR_BYTES }],
    printer: () => (w, call, arg) => {
      const found = when === 'entry' ? call.input(arg) : !call.failed && call.output(arg)
      if (found && call.length >= 2) printSockaddr(w, call, call.view, call.at, call.length)
      else printAddress(w, call, arg)
    },
  }
}

/** `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}` */
export function printSockaddr(w: Sink, call: Call, view: DataView, at: number, length: number): void {
  const family = view.getUint16(at, true)
  w.struct()
  w.field('sa_family')
  call.families.enum('ADDRESS_FAMILIES').print(w, family)
  if (family === AF_UNIX) printUnix(w, call, at, length)
  else if (family === AF_INET && length >= 8) {
    w.field('sin_port')
    w.call('htons', view.getUint16(at + 2, false))
    w.field('sin_addr')
    w.quotedCall('inet_addr(', ipv4(view, at + 4))
  } else if (family === AF_INET6 && length >= 24) {
    w.field('sin6_port')
    w.call('htons', view.getUint16(at + 2, false))
    w.field('sin6_flowinfo')
    w.call('htonl', view.getUint32(at + 4, false))
    w.positional('sin6_addr')
    w.quotedCall('inet_pton(AF_INET6, ', ipv6(view, at + 8), ', &sin6_addr')
    if (length >= 28) {
      w.field('sin6_scope_id')
      w.u32(view.getUint32(at + 24, true))
    }
  } else if (family === AF_NETLINK && length >= 12) {
    w.field('nl_pid')
    w.i32(view.getInt32(at + 4, true))
    w.field('nl_groups')
    w.symbol(
      view
        .getUint32(at + 8, true)
        .toString(16)
        .padStart(8, '0'),
    )
  } else if (family === AF_PACKET && length >= 12) printPacket(w, call, view, at, length)
  else if (length > 2) {
    w.field('sa_data')
    w.string(call.bytes, at + 2, length - 2, false)
  }
  w.endStruct()
}

/** A path ends at its NUL; an abstract name is all bytes behind its first, which is 0. */
function printUnix(w: Sink, call: Call, at: number, length: number): void {
  if (length <= 2) return
  w.field('sun_path')
  const { bytes } = call
  const start = at + 2
  const end = at + length
  if (bytes[start] === 0 && length > 3) {
    w.abstractName(bytes, start, end - start)
    return
  }
  let stop = start
  while (stop < end && bytes[stop] !== 0) stop++
  w.string(bytes, start, stop - start, false)
}

function printPacket(w: Sink, call: Call, view: DataView, at: number, length: number): void {
  w.field('sll_protocol')
  const protocol = view.getUint16(at + 2, false)
  const name = call.families.enum('ETHERNET_PROTOCOLS').nameOf(protocol)
  if (name === undefined) w.call('htons', protocol)
  else w.symbol(`htons(${name})`)
  w.field('sll_ifindex')
  w.i32(view.getInt32(at + 4, true))
  w.field('sll_hatype')
  call.families.enum('HARDWARE_TYPES').print(w, view.getUint16(at + 8, true))
  w.field('sll_pkttype')
  call.families.enum('PACKET_TYPES').print(w, view.getUint8(at + 10))
  const count = Math.min(view.getUint8(at + 11), 8, length - 12)
  w.field('sll_halen')
  w.u32(view.getUint8(at + 11))
  if (count <= 0) return
  w.field('sll_addr')
  w.array()
  for (let i = 0; i < count; i++) {
    w.item()
    w.hex(view.getUint8(at + 12 + i), 0)
  }
  w.endArray()
}

function ipv4(view: DataView, at: number): string {
  return `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`
}

/** Text form of RFC 5952: the longest run of two or more zero groups becomes `::`; mapped IPv4 in dots. */
export function ipv6(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + i * 2, false))
  const leadingZeros = groups.findIndex(group => group !== 0)
  if (leadingZeros === 5 && groups[5] === 0xffff) return `::ffff:${ipv4(view, at + 12)}`
  let bestStart = -1
  let bestLength = 1
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > bestLength) {
      bestStart = start
      bestLength = length
    }
  }
  const text = (list: readonly number[]) => list.map(group => group.toString(16)).join(':')
  if (bestStart === -1) return text(groups)
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`
}

/** struct user_msghdr by itself: what its pointers lead to is not fetched. */
export const MSGHDR: Struct = {
  size: 56,
  print: (w, view, at, call) => {
    const pointer = (name: string, offset: number) => {
      w.field(name)
      w.pointer(view.getUint32(at + offset, true), view.getUint32(at + offset + 4, true))
    }
    const word = (name: string, offset: number) => {
      w.field(name)
      w.u64(view.getUint32(at + offset, true), view.getUint32(at + offset + 4, true))
    }
    w.struct()
    pointer('msg_name', 0)
    w.field('msg_namelen')
    w.i32(view.getInt32(at + 8, true))
    pointer('msg_iov', 16)
    word('msg_iovlen', 24)
    if (view.getUint32(at + 40, true) !== 0 || view.getUint32(at + 44, true) !== 0) pointer('msg_control', 32)
    word('msg_controllen', 40)
    w.field('msg_flags')
    call.families.flags('MSG_FLAGS').print(w, view.getUint32(at + 48, true))
    w.endStruct()
  },
}

const OPTION_BYTES = 64
const SOL_SOCKET = 1
const SO_ERROR = 4
const SO_LINGER = 13

const OPTION_FAMILIES = new Map([
  [0, 'IP_OPTIONS'],
  [SOL_SOCKET, 'SOCKET_OPTIONS'],
  [6, 'TCP_OPTIONS'],
  [17, 'UDP_OPTIONS'],
  [41, 'IPV6_OPTIONS'],
  [270, 'NETLINK_OPTIONS'],
] as const)

/** A socket option's name, which the level before it decides. */
export const socketOption: Argument = {
  printer: () => (w, call, arg) => {
    const family = OPTION_FAMILIES.get((call.lo[arg - 1]! | 0) as 0)
    if (family === undefined) w.i32(call.lo[arg]! | 0)
    else call.families.enum(family).print(w, call.lo[arg]!)
  },
}

/** A socket option's value: one int as `[1]`, other lengths as bytes. */
export function optionValue(when: 'entry' | 'exit', lengthArg: number): Argument {
  const print: ArgPrinter = (w, call, arg) => {
    const found = when === 'entry' ? call.input(arg) : !call.failed && call.output(arg)
    if (!found) printAddress(w, call, arg)
    else if (call.length === 4) {
      const value = call.view.getInt32(call.at, true)
      const isError = call.lo[1] === SOL_SOCKET && call.lo[2] === SO_ERROR
      w.array()
      w.item()
      const errno = isError ? errnoOf(value) : undefined
      if (errno === undefined) w.i32(value)
      else w.symbol(errno.name)
      w.endArray()
    } else if (call.length === 8 && call.lo[1] === SOL_SOCKET && call.lo[2] === SO_LINGER) {
      w.struct()
      w.field('l_onoff')
      w.i32(call.view.getInt32(call.at, true))
      w.field('l_linger')
      w.i32(call.view.getInt32(call.at + 4, true))
      w.endStruct()
    } else
      w.string(
        call.bytes,
        call.at,
        Math.min(call.length, call.stringLimit),
        call.truncated || call.length > call.stringLimit,
      )
  }
  return {
    late: when === 'exit',
    captures: arg => [
      {
        op: CAPTURE_BYTES,
        arg,
        when,
        length: when === 'entry' ? { kind: 'argument', arg: lengthArg } : { kind: 'pointee', arg: lengthArg },
        limit: OPTION_BYTES,
      },
    ],
    printer: () => print,
  }
}

const SOCK_TYPE_MASK = 0xf
const NETLINK = AF_NETLINK

/** `SOCK_STREAM|SOCK_CLOEXEC` */
export const socketType: Argument = {
  printer: () => (w, call, arg) => {
    const value = call.lo[arg]!
    const type = call.families.enum('SOCKET_TYPES').nameOf(value & SOCK_TYPE_MASK)
    w.flags()
    if (type !== undefined) w.flag(type)
    const rest = type === undefined ? value : value & ~SOCK_TYPE_MASK
    if (rest !== 0) call.families.flags('SOCKET_FLAGS').inside(w, rest, 0, type === undefined)
    w.endFlags()
  },
}

/** A protocol, which the address family decides. */
export const socketProtocol: Argument = {
  printer: () => (w, call, arg) => {
    const family = call.lo[0]
    const value = call.lo[arg]!
    if (family === AF_INET || family === AF_INET6) call.families.enum('IP_PROTOCOLS').print(w, value)
    else if (family === NETLINK) call.families.enum('NETLINK_PROTOCOLS').print(w, value)
    else if (family === AF_PACKET) {
      const protocol = ((value & 0xff) << 8) | ((value >>> 8) & 0xff)
      const name = call.families.enum('ETHERNET_PROTOCOLS').nameOf(protocol)
      if (name === undefined) w.call('htons', protocol)
      else w.symbol(`htons(${name})`)
    } else w.u32(value)
  },
}
