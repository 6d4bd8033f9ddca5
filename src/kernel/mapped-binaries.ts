// The programs and libraries that running processes have mapped.

import { readdirSync, statSync } from 'node:fs'
import { isElfFile } from './file-source.ts'
import { readExecutableMappings } from './process-maps.ts'

/** Files with code that a process has mapped, or that any process has; each once, sorted. Empty when it is gone. */
export function mappedBinaries(pid?: number): string[] {
  const pids = pid === undefined ? allPids() : [pid]
  const paths = new Set<string>()
  for (const each of pids) {
    for (const { path, deleted } of readExecutableMappings(each) ?? []) {
      if (path.startsWith('/') && !deleted) paths.add(path)
    }
  }
  return [...paths].filter(isElfFile).sort()
}

/**
 * Where a byte of a file's code is in the memory of a process; undefined where it has not mapped that.
 * @param path as we see it, not as the process does
 */
export function addressInProcess(pid: number, path: string, fileOffset: number): number | undefined {
  const file = fileIdentity(path)
  const mapping = (readExecutableMappings(pid) ?? []).find(
    ({ start, end, offset, path: mapped }) =>
      fileOffset >= offset &&
      fileOffset < offset + end - start &&
      file !== undefined &&
      fileIdentity(`/proc/${pid}/root${mapped}`) === file,
  )
  return mapping && mapping.start + fileOffset - mapping.offset
}

/** Equal for two paths of one file: inode numbers in maps are not those that stat gives where file systems lie over each other. */
function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
}
