// Control groups by their id, which is the inode number of their directory.

import { readdirSync, statSync } from 'node:fs'

const ROOT = '/sys/fs/cgroup'

/** A control group's place in one of the hierarchies. */
export interface CgroupPath {
  /** `unified` for version 2, wherever it is mounted; the controllers' name for version 1 */
  readonly hierarchy: string
  /** from the root of the hierarchy, `/` for the root itself */
  readonly path: string
}

/** Every control group there is now, by id. Walks the whole tree; groups that vanish meanwhile are left out. */
export function readCgroupPaths(): ReadonlyMap<bigint, readonly CgroupPath[]> {
  const groups = new Map<bigint, CgroupPath[]>()
  if (statSync(`${ROOT}/cgroup.controllers`, { throwIfNoEntry: false }) !== undefined) {
    addGroups(groups, 'unified', ROOT, '')
    return groups
  }
  for (const hierarchy of directories(ROOT)) addGroups(groups, hierarchy, `${ROOT}/${hierarchy}`, '')
  return groups
}

/** The id of the group at a path; undefined when there is none. */
export function cgroupId(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function addGroups(groups: Map<bigint, CgroupPath[]>, hierarchy: string, root: string, path: string): void {
  const id = cgroupId(root + path)
  if (id === undefined) return
  const place = { hierarchy, path: path || '/' }
  const known = groups.get(id)
  if (known === undefined) groups.set(id, [place])
  else known.push(place)
  for (const name of directories(root + path)) addGroups(groups, hierarchy, root, `${path}/${name}`)
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
