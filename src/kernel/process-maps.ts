// The memory mappings of a process, out of /proc/PID/maps.

import { readFileSync } from 'node:fs'

/** One mapping. Addresses of user space are below 2^57 and those in use below 2^47: exact as numbers. */
export interface Mapping {
  readonly start: number
  readonly end: number
  /** byte of the file that `start` shows */
  readonly offset: number
  readonly inode: number
  /** `/usr/bin/node`, without ` (deleted)`; `[vdso]`, `[heap]` …; empty for anonymous memory */
  readonly path: string
  /** the file has been unlinked since, or replaced by another */
  readonly deleted: boolean
}

/** The mappings with executable code in ascending order; undefined when the process is gone or not ours to see. */
export function readExecutableMappings(pid: number): Mapping[] | undefined {
  try {
    const mappings = parseExecutableMappings(readFileSync(`/proc/${pid}/maps`, 'utf8'))
    // a process that is ending has let go of its memory already: the file is empty
    return mappings.length === 0 ? undefined : mappings
  } catch {
    return undefined
  }
}

/**
 * The executable ones of /proc/PID/maps (proc_pid_maps(5)):
 * `55d2c0a00000-55d2c0a8c000 r-xp 00026000 fe:00 262165    /usr/bin/bash`. The kernel writes a newline in a path as
 * `\012` and nothing else in another way.
 */
export function parseExecutableMappings(maps: string): Mapping[] {
  const found: Mapping[] = []
  const line = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/gm
  for (const [, start, end, offset, inode, shown = ''] of maps.matchAll(line)) {
    const deleted = shown.endsWith(DELETED)
    found.push({
      start: Number.parseInt(start!, 16),
      end: Number.parseInt(end!, 16),
      offset: Number.parseInt(offset!, 16),
      inode: Number(inode),
      path: (deleted ? shown.slice(0, -DELETED.length) : shown).replaceAll('\\012', '\n'),
      deleted,
    })
  }
  return found
}

const DELETED = ' (deleted)'
