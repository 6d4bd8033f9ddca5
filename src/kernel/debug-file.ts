// The separate debug file of a stripped binary, where one is installed.

import {
  buildId,
  buildIdDebugPath,
  debugLink,
  debugLinkCrc32,
  debugLinkPaths,
  type Elf,
  parseElf,
} from '../elf/index.ts'
import { FileSource } from './file-source.ts'

/** A debug file that belongs to the binary it was asked for. */
export interface DebugFile extends Disposable {
  readonly elf: Elf
}

/**
 * Looks by build id and then by debug link, below `root` and then in our own file system. Undefined when there is none
 * that fits by build id or checksum: the debug file of another build would give wrong names.
 * @param path of the binary, as seen from `root`
 */
export function openDebugFile(elf: Elf, path: string, root: string): DebugFile | undefined {
  const id = buildId(elf)
  const roots = [...new Set([root, ''])]
  const byId = id === undefined ? undefined : buildIdDebugPath(id)
  if (byId !== undefined)
    for (const root of roots) {
      const found = openIf(root + byId, debug => (buildId(debug) ?? id) === id)
      if (found !== undefined) return found
    }
  const link = debugLink(elf)
  if (link === undefined) return undefined
  for (const root of roots)
    for (const candidate of debugLinkPaths(path, link)) {
      const found = openIf(root + candidate, debug => {
        const debugId = buildId(debug)
        return id !== undefined && debugId !== undefined ? id === debugId : checksum(debug) === link.crc32
      })
      if (found !== undefined) return found
    }
  return undefined
}

/** Undefined also for a file that cannot be read or is damaged: the binary's own symbols are left then. */
function openIf(path: string, fits: (debug: Elf) => boolean): DebugFile | undefined {
  let source: FileSource | undefined
  try {
    source = new FileSource(path)
    const elf = parseElf(source)
    if (fits(elf)) {
      const opened = source
      return { elf, [Symbol.dispose]: () => opened.close() }
    }
  } catch {
    // not there, or no ELF file
  }
  source?.close()
  return undefined
}

function checksum({ source }: Elf): number {
  let crc = 0
  for (let at = 0; at < source.sizeBytes; at += 1 << 20)
    crc = debugLinkCrc32(crc, source.read(at, Math.min(1 << 20, source.sizeBytes - at)))
  return crc
}
