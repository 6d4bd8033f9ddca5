// The bytes of a section, unpacked where the compiler packed them.

import zlib from 'node:zlib'
import { ElfError } from '../errors/index.ts'
import { readRange } from './byte-source.ts'
import { ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD, SHF_COMPRESSED, SHT_NOBITS } from './constants.ts'
import { type Elf, type ElfSection, sectionLabel } from './elf.ts'
import { FieldReader } from './field-reader.ts'

/**
 * The content of a section: empty for `SHT_NOBITS`, decompressed for `SHF_COMPRESSED`. May be a view of the source.
 * @throws ElfError when it does not lie within the file, or does not decompress to what it promises
 */
export function sectionData(elf: Elf, section: ElfSection): Uint8Array {
  if (section.type === SHT_NOBITS) return new Uint8Array(0)
  const label = sectionLabel(section)
  const bytes = readRange(elf.source, section.offset, section.sizeBytes, label, section.name)
  return (section.flags & SHF_COMPRESSED) === 0 ? bytes : decompress(elf, section, bytes)
}

/**
 * Behind a header comes one stream of zlib or zstd:
 *
 *     Elf64_Chdr  u32 type, reserved   u64 size, addralign
 *     Elf32_Chdr  u32 type, size, addralign
 */
function decompress(elf: Elf, section: ElfSection, bytes: Uint8Array): Uint8Array {
  const fail = (what: string, cause?: unknown): never => {
    throw new ElfError(elf.source.name, `${sectionLabel(section)}: ${what}`, {
      section: section.name,
      offset: section.offset,
      ...(cause === undefined ? {} : { cause }),
    })
  }
  const headerBytes = elf.is64 ? 24 : 12
  if (bytes.length < headerBytes) return fail('too short for a compression header')
  const fields = new FieldReader(bytes, elf)
  const type = fields.u32(0)
  const sizeBytes = fields.size(elf.is64 ? 8 : 4)
  const packed = bytes.subarray(headerBytes)
  if (sizeBytes > MAX_UNPACKED_BYTES) return fail(`${sizeBytes} bytes when decompressed are too many`)
  const unpack = unpackers()[type]
  if (unpack === undefined)
    return fail(
      type === ELFCOMPRESS_ZSTD
        ? 'compressed with zstd, which Node.js unpacks from 22.15 on'
        : `compression type ${type} is not known`,
    )
  let unpacked: Uint8Array
  try {
    unpacked = unpack(packed, { maxOutputLength: sizeBytes + 1 })
  } catch (error) {
    return fail(`does not decompress to its ${sizeBytes} bytes`, error)
  }
  if (unpacked.length !== sizeBytes)
    return fail(`decompresses to ${unpacked.length} bytes instead of ${sizeBytes}`)
  return unpacked
}

/** No section is larger whose content this package asks for; a header can promise anything. */
const MAX_UNPACKED_BYTES = 1 << 29

type Unpack = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

function unpackers(): Readonly<Record<number, Unpack | undefined>> {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: Unpack }
  return { [ELFCOMPRESS_ZLIB]: zlib.inflateSync, [ELFCOMPRESS_ZSTD]: zstdDecompressSync }
}
