// Strings of a string table: bytes that end in a NUL.

/**
 * The string at `offset`, as UTF-8; up to the end of the table when its NUL is missing, empty when `offset` lies
 * outside.
 */
export function stringAt(table: Buffer, offset: number): string {
  if (offset >= table.length) return ''
  return table.toString('utf8', offset, stringEnd(table, offset))
}

/** Where the string that starts at `offset` ends: at its NUL or the end of the table. */
export function stringEnd(table: Buffer, offset: number): number {
  const end = table.indexOf(0, offset)
  return end < 0 ? table.length : end
}

/** The same memory as a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
