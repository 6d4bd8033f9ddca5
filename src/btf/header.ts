// The head of a BTF blob: checks it and cuts the blob into its sections. Nothing past the header is looked at.

import { BtfError } from '../errors/index.ts'
import {
  BTF_HEADER_BYTES,
  BTF_KIND_MAX,
  BTF_MAGIC,
  BTF_VERSION,
  ELEMENT_WORDS,
  HEAD_WORDS,
  perKind,
} from './kinds.ts'

export interface BtfSections {
  readonly littleEndian: boolean
  /** the type section, word by word, in host order (it holds nothing but u32) */
  readonly words: Uint32Array
  /** the string section: NUL-terminated strings, the first one empty in a blob without base */
  readonly strings: Buffer
  /** words of a record, for the head and for each element, by the top byte of the info word; see HEAD_WORDS */
  readonly headWords: Uint8Array
  readonly elementWords: Uint8Array
}

/**
 * Cuts raw BTF into sections, without copying unless the bytes are of the other endianness or not aligned to 4.
 * Throws BtfError on a bad magic number, version or section bound.
 * Source: struct btf_header; checks as in btf_parse_hdr and btf_check_sec_info, kernel/bpf/btf.c.
 *
 *     u16 magic   u8 version   u8 flags   u32 hdr_len
 *     u32 type_off   u32 type_len   u32 str_off   u32 str_len     offsets count from the end of the header
 *     u32 layout_off u32 layout_len                               Linux 7.1, if hdr_len >= 32
 */
export function cutSections(bytes: Uint8Array): BtfSections {
  if (bytes.length < BTF_HEADER_BYTES) {
    throw new BtfError(`${bytes.length} bytes are too few for a BTF header of ${BTF_HEADER_BYTES}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const littleEndian = view.getUint16(0, true) === BTF_MAGIC
  if (!littleEndian && view.getUint16(0, false) !== BTF_MAGIC) {
    throw new BtfError(`not BTF: magic number 0x${view.getUint16(0, true).toString(16)} instead of 0xeb9f`)
  }
  const version = view.getUint8(2)
  if (version !== BTF_VERSION) throw new BtfError(`BTF version ${version}: only version 1 is known`)

  const headerBytes = view.getUint32(4, littleEndian)
  if (headerBytes < BTF_HEADER_BYTES || headerBytes > bytes.length) {
    throw new BtfError(`BTF header of ${headerBytes} bytes in a blob of ${bytes.length}`)
  }
  const section = (name: string, field: number): Uint8Array => {
    const start = headerBytes + view.getUint32(field, littleEndian)
    const length = view.getUint32(field + 4, littleEndian)
    if (start + length > bytes.length) {
      throw new BtfError(
        `BTF ${name} section ends at byte ${start + length}, the blob at ${bytes.length}: is it cut off?`,
      )
    }
    return bytes.subarray(start, start + length)
  }

  const types = section('type', 8)
  if (types.length % 4 !== 0) {
    throw new BtfError(`BTF type section of ${types.length} bytes: not a multiple of 4`)
  }
  const strings = section('string', 16)
  if (strings.length > 0 && strings[strings.length - 1] !== 0) {
    throw new BtfError('BTF string section does not end in a NUL byte')
  }
  const layout = headerBytes >= 32 ? section('layout', 24) : new Uint8Array(0)
  return {
    littleEndian,
    words: hostWords(types, littleEndian),
    strings: Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength),
    ...recordSizes(layout),
  }
}

export const HOST_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function hostWords(types: Uint8Array, littleEndian: boolean): Uint32Array {
  if (littleEndian === HOST_LITTLE_ENDIAN && types.byteOffset % 4 === 0) {
    return new Uint32Array(types.buffer, types.byteOffset, types.length / 4)
  }
  const copy = Buffer.from(types)
  if (littleEndian !== HOST_LITTLE_ENDIAN) copy.swap32()
  return copy.byteOffset % 4 === 0
    ? new Uint32Array(copy.buffer, copy.byteOffset, copy.length / 4)
    : new Uint32Array(Uint8Array.from(copy).buffer)
}

/**
 * The layout section has one struct btf_layout { u8 info_sz; u8 elem_sz; u16 flags } for each kind its writer
 * knew, in bytes. It teaches us to step over kinds that are newer than this code; for known ones we know better.
 */
function recordSizes(layout: Uint8Array): Pick<BtfSections, 'headWords' | 'elementWords'> {
  const kinds = Math.min(Math.floor(layout.length / 4), 128)
  if (kinds <= BTF_KIND_MAX + 1) return { headWords: HEAD_WORDS, elementWords: ELEMENT_WORDS }
  const headWords = [...HEAD_WORDS.subarray(0, kinds)]
  const elementWords = [...ELEMENT_WORDS.subarray(0, kinds)]
  for (let kind = BTF_KIND_MAX + 1; kind < kinds; kind++) {
    const infoBytes = layout[kind * 4]!
    const elementBytes = layout[kind * 4 + 1]!
    // a size that is no multiple of 4 cannot be stepped over in words: the kind stays unknown
    if (infoBytes % 4 !== 0 || elementBytes % 4 !== 0) continue
    headWords[kind] = 3 + infoBytes / 4
    elementWords[kind] = elementBytes / 4
  }
  return { headWords: perKind(headWords), elementWords: perKind(elementWords) }
}
