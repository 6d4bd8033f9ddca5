// The mount table of this process: where tracefs, bpffs and their like are, if anywhere.

import { readFileSync } from 'node:fs'

/** One line of /proc/self/mountinfo, reduced to what decides where a file system can be used. */
export interface Mount {
  /** `tracefs`, `bpf`, `cgroup2` … */
  readonly fsType: string
  /** where it is seen, octal escapes undone */
  readonly mountPoint: string
  /** the directory of the file system that is seen there; `/` unless it is a bind mount of a part */
  readonly root: string
  /** options of the mount: `rw`, `relatime` … */
  readonly options: readonly string[]
}

/** The mounts this process sees, in the order they were made. Read anew on each call. */
export function readMounts(): Mount[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/**
 * Lines of mountinfo (proc_pid_mountinfo(5)):
 *
 *     36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/root rw,errors=continue
 *     id parent dev root point      options    optional…   type source super-options
 *
 * Lines of another shape are left out: a table read while it changes may be cut.
 */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const fields = line.split(' ')
    const dash = fields.indexOf('-', 6)
    const fsType = fields[dash + 1]
    if (dash < 0 || fsType === undefined || fields.length < dash + 3) continue
    mounts.push({
      fsType,
      root: unescapeOctal(fields[3]!),
      mountPoint: unescapeOctal(fields[4]!),
      options: fields[5]!.split(','),
    })
  }
  return mounts
}

/**
 * Where the whole file system of type `fsType` can be used, or undefined. A path in `preferred` wins over others,
 * earlier over later. Mounts of a part (root other than `/`) and mounts hidden by a later one on the same
 * path do not count.
 */
export function findMount(
  mounts: readonly Mount[],
  fsType: string,
  preferred: readonly string[],
): string | undefined {
  const visible = new Map<string, Mount>()
  for (const mount of mounts) visible.set(mount.mountPoint, mount)
  const points = [...visible.values()]
    .filter(m => m.fsType === fsType && m.root === '/')
    .map(m => m.mountPoint)
  return preferred.find(path => points.includes(path)) ?? points[0]
}

/** The kernel writes space, tab, newline and backslash in paths as `\040` and the like. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
