// The programs and libraries that running processes have mapped.

import { readdirSync } from 'node:fs'
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

function allPids(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
}
