// Waiting for descriptors: pollfd, epoll_event, fd_set.
import { CAPTURE_BYTES } from '../../record.ts'
import type { Sink } from '../../write/sink.ts'
import type { Argument } from '../argument.ts'
import type { Call } from '../call.ts'
import { printAddress } from '../fetched.ts'
import { printFd } from '../scalars.ts'
import type { Struct } from '../struct.ts'

const POLLFD_BYTES = 8
const ARRAY_BYTES = 4096

/** `[{fd=3, events=POLLIN}]` before the call; what came of it is `pollResult`'s. Argument `countArg` says how many. */
export function pollfds(countArg: number): Argument {
  return {
    captures: arg =>
      (['entry', 'exit'] as const).map(when => ({
        op: CAPTURE_BYTES,
        arg,
        when,
        length: { kind: 'argument', arg: countArg } as const,
        elementBytes: POLLFD_BYTES,
        limit: ARRAY_BYTES,
      })),
    printer: () => (w, call, arg) => {
      if (!call.input(arg)) {
        if (!call.isNull(arg) && call.lo[countArg] === 0) {
          w.array()
          w.endArray()
        } else printAddress(w, call, arg)
        return
      }
      const count = Math.floor(call.length / POLLFD_BYTES)
      const shown = Math.min(count, call.stringLimit)
      const { view, at, truncated } = call
      w.array()
      for (let i = 0; i < shown; i++) {
        w.item()
        w.struct()
        w.field('fd')
        printFd(w, call, view.getInt32(at + i * POLLFD_BYTES, true))
        w.field('events')
        call.families.flags('POLL_EVENTS').print(w, view.getUint16(at + i * POLLFD_BYTES + 4, true))
        w.endStruct()
      }
      if (shown < count || truncated) w.more()
      w.endArray()
    },
  }
}

/** `1 ([{fd=3, revents=POLLIN}])`, `0 (Timeout)` */
export function pollResult(w: Sink, call: Call): void {
  w.i32(call.retLo | 0)
  if (call.retLo === 0) {
    w.meaning('Timeout')
    return
  }
  if (!call.output(0)) return
  const { view, at } = call
  const count = Math.floor(call.length / POLLFD_BYTES)
  w.openMeaning()
  w.array()
  for (let i = 0; i < count; i++) {
    const revents = view.getUint16(at + i * POLLFD_BYTES + 6, true)
    if (revents === 0) continue
    w.item()
    w.struct()
    w.field('fd')
    printFd(w, call, view.getInt32(at + i * POLLFD_BYTES, true))
    w.field('revents')
    call.families.flags('POLL_EVENTS').print(w, revents)
    w.endStruct()
  }
  w.endArray()
  w.closeMeaning()
}

/** struct epoll_event: packed on x86-64, padded to 16 elsewhere. */
function printEpollEvent(w: Sink, view: DataView, at: number, call: Call, dataAt: number): void {
  w.struct()
  w.field('events')
  call.families.flags('EPOLL_EVENTS').print(w, view.getUint32(at, true))
  w.field('data')
  const lo = view.getUint32(at + dataAt, true)
  w.struct()
  w.field('u32')
  w.u32(lo)
  w.field('u64')
  w.u64(lo, view.getUint32(at + dataAt + 4, true))
  w.endStruct()
  w.endStruct()
}

export const EPOLL_EVENT: Struct = {
  size: 12,
  compatSize: 12,
  arm64: { size: 16, print: (w, view, at, call) => printEpollEvent(w, view, at, call, 8) },
  print: (w, view, at, call) => printEpollEvent(w, view, at, call, 4),
}
const FD_SET_BYTES = 128

/** `[3 4]`: the descriptors of a set below the number that argument 0 gives. */
export const fdSet: Argument = {
  captures: arg =>
    (['entry', 'exit'] as const).map(when => ({
      op: CAPTURE_BYTES,
      arg,
      when,
      length: { kind: 'constant', count: FD_SET_BYTES } as const,
      limit: FD_SET_BYTES,
    })),
  printer: () => (w, call, arg) => {
    if (call.input(arg)) printFdSet(w, call)
    else printAddress(w, call, arg)
  },
}

function printFdSet(w: Sink, call: Call): void {
  const { bytes, at } = call
  const count = Math.min(call.lo[0]! | 0, call.length * 8)
  w.set(false)
  for (let fd = 0; fd < count; fd++) if (bytes[at + (fd >> 3)]! & (1 << (fd & 7))) w.member(`${fd}`)
  w.endSet()
}

/** `1 (in [3], left {tv_sec=0, tv_usec=5})`, `0 (Timeout)`; `timeout` is what argument 4 points to. */
export function selectResult(timeout: Struct): (w: Sink, call: Call) => void {
  return (w, call) => printSelectResult(w, call, timeout)
}

function printSelectResult(w: Sink, call: Call, timeout: Struct): void {
  w.i32(call.retLo | 0)
  if (call.retLo === 0) {
    w.meaning('Timeout')
    return
  }
  w.openParts()
  for (const [index, name] of ['in', 'out', 'except'].entries()) {
    if (call.isNull(index + 1) || !call.output(index + 1) || !anySet(call)) continue
    w.part(name)
    printFdSet(w, call)
  }
  const size = call.compat ? (timeout.compatSize ?? timeout.size) : timeout.size
  if (!call.isNull(4) && call.output(4) && call.length >= size) {
    w.part('left')
    const print = (call.compat ? timeout.printCompat : undefined) ?? timeout.print
    print(w, call.view, call.at, call)
  }
  w.closeParts()
}

function anySet(call: Call): boolean {
  const count = Math.min(call.lo[0]! | 0, call.length * 8)
  for (let fd = 0; fd < count; fd++) if (call.bytes[call.at + (fd >> 3)]! & (1 << (fd & 7))) return true
  return false
}
