// Closing many links. One tracepoint's perf event costs the kernel 20 to 70 ms: it waits for two RCU grace periods, one
// to take the program off (these waits overlap when many close at once) and one to take the event down. The second is under
// event_mutex, so these come one after the other whoever asks (perf_trace_destroy in kernel/trace/trace_event_perf.c): 360 of
// them take 10 to 27 s. So the programs are taken off on many threads, and the bare events are left to a process whose end,
// which nobody waits for, closes them. 360 system call tracepoints are closed in 0.3 s that way. A few are left to the kernel
// itself: it closes what a map held last when nobody waits for it.

import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  bpfMapCreate,
  bpfMapUpdate,
  closeAtOnce,
  closeFd,
  pipe,
  spawnProcess,
  waitChild,
} from '../sys/index.ts'
import type { Link } from './link.ts'

export interface CloseLinksOptions {
  /**
   * Whether perf events without a program may be taken down after this returns: a few tracepoints' by the kernel, many of any
   * kind by another process. True unless told. They run nothing any more; but until they are gone attaching to tracepoints anew is slow (2 s instead of
   * 0.2 for 360), and uprobes keep their breakpoints and semaphores.
   */
  readonly background?: boolean
}

/** Closes all links, whatever they are. When it returns, no program of theirs runs any more. Twice is harmless. */
export function closeLinks(links: Iterable<Link>, { background = true }: CloseLinksOptions = {}): void {
  const holds = [...links].flatMap(link => link.surrender() ?? [])
  const linkFds = holds.flatMap(hold => hold.links ?? [])
  closeAll(linkFds)
  // an event without a link above it has its program on itself: that goes now
  const programEvents = holds.flatMap(hold => (hold.links?.length ? [] : (hold.events ?? [])))
  closeAll(programEvents)
  // an entry in tracefs can be removed once its event is closed
  const late = (hold: { readonly release?: () => void }) => hold.release !== undefined
  const bare = holds.filter(hold => hold.links?.length)
  closeAll(bare.filter(late).flatMap(hold => hold.events ?? []))
  const rest = bare.filter(hold => !late(hold))
  const lingering = rest.filter(hold => hold.lingers).flatMap(hold => hold.events ?? [])
  const others = rest.filter(hold => !hold.lingers).flatMap(hold => hold.events ?? [])
  const all = [...lingering, ...others]
  if (!background) closeAll(all)
  else if (all.length < BACKGROUND_MIN) {
    leaveToKernel(lingering)
    closeAll(others)
  } else if (!handOver(all)) closeAll(all)
  for (const hold of holds) hold.release?.()
}

/**
 * From here on a process has them. The kernel's own worker would do too, but closes what is left to it for the whole machine,
 * one after another.
 */
const BACKGROUND_MIN = 4

function closeAll(fds: readonly number[]): void {
  if (fds.length > 1) closeAtOnce(fds)
  else for (const fd of fds) closeFd(fd)
}

/**
 * Puts the events into a map, closes them and the map. It drops them from an RCU callback, and as those may not wait, a worker
 * does (__bpf_event_entry_free in kernel/bpf/arraymap.c, delayed_fput in fs/file_table.c). An event that the map does not take
 * is waited for here.
 */
function leaveToKernel(eventFds: readonly number[]): void {
  if (eventFds.length === 0) return
  const mapFd = bpfMapCreate({
    mapType: BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: eventFds.length,
  })
  for (const [index, fd] of eventFds.entries()) {
    if (mapFd >= 0) bpfMapUpdate(mapFd, u32(index), u32(fd))
    closeFd(fd)
  }
  if (mapFd >= 0) closeFd(mapFd)
}

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)

/**
 * Gives the descriptors to a process and closes ours, which costs nothing while it has them. It waits for that at a pipe and
 * then ends. It is in a process group of its own and has nothing of ours but the events: no pipe or terminal waits for it.
 */
function handOver(fds: readonly number[]): boolean {
  const ends = pipe()
  if (typeof ends === 'number') return false
  const argv = ['sh', '-c', 'read line < "$0"', `/dev/fd/${ends.readFd}`]
  const keepFds = [...fds, ends.readFd]
  const pid = spawnProcess({ path: '/bin/sh', argv, env: [], keepFds, closeFds: [0, 1, 2], pgroup: 0 })
  if (pid >= 0) {
    for (const fd of fds) closeFd(fd)
    reapLater(pid)
  }
  closeFd(ends.readFd)
  closeFd(ends.writeFd)
  return pid >= 0
}

/** A process that lives on does not keep the zombie; one that ends leaves it to init. */
function reapLater(pid: number): void {
  const timer = setInterval(() => {
    if (waitChild({ pid }) !== undefined) clearInterval(timer)
  }, REAP_INTERVAL_MS)
  timer.unref()
}

const REAP_INTERVAL_MS = 1000
