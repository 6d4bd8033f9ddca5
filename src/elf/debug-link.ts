// Where the symbols of a stripped binary are: its debug file's name and checksum, and the name by build id.

import { type Elf, findSection } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { sectionData } from './section-data.ts'
import { asBuffer, stringAt, stringEnd } from './strings.ts'

/** What .gnu_debuglink says. */
export interface DebugLink {
  /** file name without a directory */
  readonly file: string
  /** CRC-32 of the whole debug file */
  readonly crc32: number
}

/**
 * The debug file that the binary names; undefined when it names none.
 *
 *     name, NUL, padding to 4 bytes, u32 crc
 */
export function debugLink(elf: Elf): DebugLink | undefined {
  const section = findSection(elf, '.gnu_debuglink')
  if (section === undefined) return undefined
  const bytes = asBuffer(sectionData(elf, section))
  const crcAt = Math.ceil((stringEnd(bytes, 0) + 1) / 4) * 4
  const file = stringAt(bytes, 0)
  if (crcAt + 4 > bytes.length || file === '' || file.includes('/')) return undefined
  return { file, crc32: new FieldReader(bytes, elf).u32(crcAt) }
}

/** `/usr/lib/debug/.build-id/ab/cdef….debug`, where distributions put it; undefined for an id of fewer than 2 bytes. */
export const buildIdDebugPath = (buildId: string): string | undefined =>
  buildId.length < 4 ? undefined : `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`

/**
 * Where the file of a debug link may be, for a binary at `path`, in the order to look (GDB manual, "Separate Debug
 * Files").
 */
export function debugLinkPaths(path: string, link: DebugLink): string[] {
  const directory = path.slice(0, path.lastIndexOf('/'))
  return [
    `${directory}/${link.file}`,
    `${directory}/.debug/${link.file}`,
    `/usr/lib/debug${directory}/${link.file}`,
  ].filter(candidate => candidate !== path)
}

/** The checksum of a debug link, over bytes in pieces: pass the result of one piece to the next, 0 to the first. */
export function debugLinkCrc32(crc: number, bytes: Uint8Array): number {
  crcTable ??= makeCrcTable()
  let c = ~crc
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}

/** made when first needed: 0.8 ms of every start else */
let crcTable: Int32Array | undefined

/** CRC-32 of IEEE 802.3, as zlib's */
function makeCrcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let c = byte
    for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    return c
  })
}
