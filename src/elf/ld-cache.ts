// The dynamic loader's cache: which library name is which file.

import { ElfError } from '../errors/index.ts'
import { FieldReader } from './field-reader.ts'
import { asBuffer, stringAt } from './strings.ts'

export interface LibraryEntry {
  /** `libc.so.6` */
  readonly soname: string
  readonly path: string
  /** kind of library and machine, e.g. 0x303 for 64-bit x86 (glibc's FLAG_X8664_LIB64 | FLAG_ELF_LIBC6) */
  readonly flags: number
}

/**
 * The entries of an `/etc/ld.so.cache`, in order, which puts the newest of a family first. Knows the format of
 * glibc 2.1 to 2.31 (old, with the new one behind) and the one that stands alone since.
 * @throws ElfError when it is neither, or its table is longer than the file
 *
 *     old  "ld.so-1.7.0" NUL   u32 count   count x { i32 flags, u32 key, u32 value }   strings
 *     new  "glibc-ld.so.cache1.1"   u32 count, string bytes   u8 flags, 3 unused   u32 extension offset   3 x u32
 *          count x { i32 flags, u32 key, u32 value, u32 os version, u64 hwcap }
 *
 * Offsets of strings count from behind the table in the old format, and from the start of the header in the new one.
 * Source: glibc sysdeps/generic/dl-cache.h.
 */
export function parseLdCache(bytes: Uint8Array, name = '/etc/ld.so.cache'): LibraryEntry[] {
  const file = asBuffer(bytes)
  const fail = (what: string): never => {
    throw new ElfError(name, what)
  }
  const startsWith = (at: number, magic: string) => file.toString('latin1', at, at + magic.length) === magic
  if (startsWith(0, NEW_MAGIC)) return newEntries(file, fail)
  if (!startsWith(0, OLD_MAGIC)) return fail('not a cache of the dynamic loader')
  if (file.length < OLD_HEADER_BYTES) return fail('cut off')
  const count = ldFields(file).u32(12)
  const strings = OLD_HEADER_BYTES + count * 12
  if (strings > file.length) return fail(`${count} entries do not fit into ${file.length} bytes`)
  // the new format, aligned to 8 for its 64-bit fields
  const newAt = Math.ceil(strings / 8) * 8
  if (startsWith(newAt, NEW_MAGIC)) return newEntries(file.subarray(newAt), fail)
  return entries(file, OLD_HEADER_BYTES, 12, count, file.subarray(strings))
}

const OLD_MAGIC = 'ld.so-1.7.0'
const NEW_MAGIC = 'glibc-ld.so.cache1.1'
const OLD_HEADER_BYTES = 16
const NEW_HEADER_BYTES = 48

function newEntries(file: Buffer, fail: (what: string) => never): LibraryEntry[] {
  if (file.length < NEW_HEADER_BYTES) return fail('cut off')
  const count = ldFields(file).u32(20)
  if (NEW_HEADER_BYTES + count * 24 > file.length)
    return fail(`${count} entries do not fit into ${file.length} bytes`)
  return entries(file, NEW_HEADER_BYTES, 24, count, file)
}

function entries(file: Buffer, at: number, stride: number, count: number, strings: Buffer): LibraryEntry[] {
  const fields = ldFields(file)
  const found: LibraryEntry[] = []
  for (let i = 0; i < count; i++, at += stride) {
    const soname = stringAt(strings, fields.u32(at + 4))
    const path = stringAt(strings, fields.u32(at + 8))
    // entries of the other kind (hwcap subdirectory names) have no path
    if (soname !== '' && path.startsWith('/')) found.push({ soname, path, flags: fields.u32(at) })
  }
  return found
}

/** ldconfig writes in the byte order of its machine; those with the other one have no port of Node. */
const ldFields = (bytes: Uint8Array) =>
  new FieldReader(bytes, { littleEndian: HOST_LITTLE_ENDIAN, is64: true })

const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
