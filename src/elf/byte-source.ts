// Where ELF bytes come from: anything that can be read at an offset, so that a binary of 100 MB is not read whole.

import { ElfError } from '../errors/index.ts'

/** Random access to bytes that are not ours: a buffer, an open file, the memory of a process. */
export interface ByteSource {
  /** what error messages call it: a path, as the user named it */
  readonly name: string
  readonly sizeBytes: number
  /**
   * `length` bytes from `offset`; both are within `sizeBytes`. May give fewer when the bytes went away meanwhile.
   * The result may be a view of something larger and is not written to.
   */
  read(offset: number, length: number): Uint8Array
}

/** Bytes in memory as a source. */
export const bytesSource = (name: string, bytes: Uint8Array): ByteSource => ({
  name,
  sizeBytes: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
})

/**
 * Reads a range that the file itself names, and so may be anything.
 * @param what names the range in the error: `section header table`
 * @throws ElfError when it is not within the source
 */
export function readRange(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
  section?: string,
): Uint8Array {
  const where = section === undefined ? { offset } : { offset, section }
  if (!(offset >= 0 && length >= 0 && offset + length <= source.sizeBytes))
    throw new ElfError(
      source.name,
      `${what} lies at bytes ${offset} to ${offset + length}, but the file ends at ${source.sizeBytes}: is it cut off?`,
      where,
    )
  const bytes = source.read(offset, length)
  if (bytes.length !== length)
    throw new ElfError(source.name, `${what}: ${bytes.length} of ${length} bytes could be read`, where)
  return bytes
}
