// User statically defined tracing: a uprobe at each place where the compiler left a note of a probe, with its semaphore.

import { features, hasFeature } from '../kernel/index.ts'
import type { Attachable, LinkHold } from './link.ts'
import { Link } from './link.ts'
import { attachUprobe } from './uprobe.ts'
import { attachUprobeMulti } from './uprobe-multi.ts'

/** A probe as the notes of a file describe it: one place for each time the macro was expanded or inlined. */
export interface UsdtProbe {
  readonly path: string
  /** `provider:name` for messages */
  readonly name: string
  readonly locations: readonly UsdtLocation[]
}

export interface UsdtLocation {
  /** file offset of the `nop`, bytes */
  readonly offset: number
  /** file offset of the semaphore; 0 or absent when it has none */
  readonly semaphoreOffset?: number
  /** what bpf_get_attach_cookie gives: usually an index into a map of how the arguments lie here. Linux 5.15 */
  readonly cookie?: bigint
}

export interface UsdtOptions {
  /** one process; every process that maps the file, now or later, when not given */
  readonly pid?: number
  /**
   * `multi` for a program loaded with expected_attach_type BPF_TRACE_UPROBE_MULTI: one link (Linux 6.6). Else a uprobe for
   * each location.
   */
  readonly by?: 'multi' | 'single'
}

/** Whether a USDT program had better be loaded for BPF_TRACE_UPROBE_MULTI. */
export const usdtByMulti = (): boolean => hasFeature(features.uprobeMulti)

/**
 * Attaches a program of type KPROBE to all locations of a probe. The kernel raises the semaphores while it is attached, in
 * every process that maps the file.
 * @throws NotSupportedError when the kernel has no uprobes, or no cookies; SyscallError. Nothing stays attached then.
 */
export function attachUsdt(program: Attachable, probe: UsdtProbe, { pid, by }: UsdtOptions = {}): Link {
  const { path, locations } = probe
  const onPid = pid === undefined ? {} : { pid }
  const target = `usdt ${path}:${probe.name}`
  if (by === 'multi') {
    const places = {
      path,
      offsets: locations.map(at => at.offset),
      ...(locations.some(at => at.semaphoreOffset) && {
        refCtrOffsets: locations.map(at => at.semaphoreOffset ?? 0),
      }),
      ...(locations.some(at => at.cookie !== undefined) && {
        cookies: locations.map(at => at.cookie ?? 0n),
      }),
    }
    return new Link(target, attachUprobeMulti(program, places, onPid).surrender()!)
  }
  const links: Link[] = []
  try {
    for (const { offset, semaphoreOffset, cookie } of locations) {
      const place = { path, offset, ...(semaphoreOffset && { refCtrOffset: semaphoreOffset }) }
      links.push(attachUprobe(program, place, { ...onPid, ...(cookie !== undefined && { cookie }) }))
    }
  } catch (error) {
    for (const link of links) link.close()
    throw error
  }
  return new Link(target, together(links.map(link => link.surrender()!)))
}

const together = (holds: readonly LinkHold[]): LinkHold => ({
  links: holds.flatMap(hold => hold.links ?? []),
  events: holds.flatMap(hold => hold.events ?? []),
  // only entries of tracefs need it, and without it `closeLinks` is quicker
  ...(holds.some(hold => hold.release !== undefined) && {
    release: () => {
      for (const hold of holds) hold.release?.()
    },
  }),
})
