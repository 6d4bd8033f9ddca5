// epoll(7): one set for many descriptors, with a number of ours for each.

import { allocate, LITTLE_ENDIAN, type Memory } from './bytes.ts'
import { O_CLOEXEC } from './descriptor.ts'
import { linux } from './linux.ts'

export const EPOLLIN = 1
export const EPOLLOUT = 4
export const EPOLLERR = 8
export const EPOLLHUP = 16
export const EPOLLET = 0x80000000

const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2

/**
 * struct epoll_event is packed on x86-64 only (linux/eventpoll.h EPOLL_PACKED):
 *
 *     x86-64   0 events  4 data             12 bytes
 *     others   0 events  4 -      8 data    16 bytes
 */
const packed = process.arch === 'x64'
const EVENT_BYTES = packed ? 12 : 16
const DATA_OFFSET = packed ? 4 : 8

/** A descriptor of a new set, or -errno. */
export const epollCreate = (): number => linux().epollCreate(O_CLOEXEC)

let event: Memory | undefined

/** Watches `fd` for `events`; `data` (u32) comes back with each. 0, or -errno. */
export const epollAdd = (epollFd: number, fd: number, events: number, data: number): number => {
  event ??= allocate(EVENT_BYTES)
  event.data.setUint32(0, events, LITTLE_ENDIAN)
  event.data.setUint32(DATA_OFFSET, data, LITTLE_ENDIAN)
  return linux().epollCtl(epollFd, EPOLL_CTL_ADD, fd, event.address)
}

export const epollDelete = (epollFd: number, fd: number): number =>
  linux().epollCtl(epollFd, EPOLL_CTL_DEL, fd, 0)

/** Room for what one `epollWait` brings. */
export interface EpollEvents {
  readonly memory: Memory
  readonly maxEvents: number
}

export const epollEvents = (maxEvents: number): EpollEvents => ({
  memory: allocate(EVENT_BYTES * maxEvents),
  maxEvents,
})

/** How many are ready, 0 after `timeoutMs` (0: at once; -1: blocks Node's event loop until one is), or -errno. */
export const epollWait = (epollFd: number, events: EpollEvents, timeoutMs: number): number =>
  linux().epollWait(epollFd, events.memory.address, events.maxEvents, timeoutMs)

/** The `data` of the event at `index`. */
export const epollEventData = (events: EpollEvents, index: number): number =>
  events.memory.data.getUint32(index * EVENT_BYTES + DATA_OFFSET, LITTLE_ENDIAN)
