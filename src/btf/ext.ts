// The .BTF.ext section of an object: for each section of code, which function starts where, which line made each instruction,
// and which instructions depend on the layout of the kernel's types (CO-RE).
//
//     header   u16 magic  u8 version  u8 flags  u32 hdr_len
//              u32 func_info_off, len    u32 line_info_off, len    u32 core_relo_off, len     counted from the header's end
//     info     u32 rec_size, then for each section: u32 sec_name_off, u32 num_info, num_info records of rec_size bytes
//
// Source: struct btf_ext_header and btf_ext_info_sec, tools/lib/bpf/libbpf_internal.h; Documentation/bpf/btf.rst.

import { BtfError } from '../errors/index.ts'
import type { Btf } from './btf.ts'
import { HOST_LITTLE_ENDIAN } from './header.ts'
import { BTF_MAGIC } from './kinds.ts'
import { joinWords } from './words.ts'

/** The records of one section of code, sorted by where they apply: bytes into the section. */
export interface BtfExtSection {
  /** insn_off, type_id */
  readonly functions: readonly FunctionRecord[]
  /** insn_off, file_name_off, line_off, line_col; four numbers a record */
  readonly lines: Uint32Array
  readonly relocations: readonly CoreRecord[]
}

export interface FunctionRecord {
  readonly offsetBytes: number
  /** a BTF func */
  readonly typeId: number
}

/** struct bpf_core_relo */
export interface CoreRecord {
  readonly offsetBytes: number
  readonly typeId: number
  /** `0:1:2` */
  readonly accessStr: string
  /** enum bpf_core_relo_kind */
  readonly kind: number
}

export const LINE_FIELDS = 4

/**
 * Records by the name of the section of code.
 * @throws BtfError when a part does not lie within the section, or its records are shorter than they must be
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf): ReadonlyMap<string, BtfExtSection> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 24) throw new BtfError(`.BTF.ext of ${bytes.length} bytes is too short for its header`)
  const little = view.getUint16(0, true) === BTF_MAGIC
  if (!little && view.getUint16(0, false) !== BTF_MAGIC)
    throw new BtfError(`.BTF.ext has the magic number 0x${view.getUint16(0, true).toString(16)}, not 0xeb9f`)
  if (view.getUint8(2) !== 1)
    throw new BtfError(`.BTF.ext version ${view.getUint8(2)}: only version 1 is known`)
  const headerBytes = view.getUint32(4, little)
  const sections = new Map<string, Mutable>()
  const sectionNamed = (name: string): Mutable => {
    let section = sections.get(name)
    if (section === undefined) sections.set(name, (section = { functions: [], lines: [], relocations: [] }))
    return section
  }
  const part = (what: string, field: number, leastBytes: number, read: ReadRecords) => {
    if (headerBytes < field + 8) return
    const start = headerBytes + view.getUint32(field, little)
    const length = view.getUint32(field + 4, little)
    if (length === 0) return
    const end = start + length
    if (end > bytes.length)
      throw new BtfError(
        `${what} of .BTF.ext ends at byte ${end}, the section at ${bytes.length}: is it cut off?`,
      )
    if (length < 4) throw new BtfError(`${what} of .BTF.ext has only ${length} bytes`)
    const recordBytes = view.getUint32(start, little)
    if (recordBytes < leastBytes || recordBytes % 4 !== 0)
      throw new BtfError(`${what} of .BTF.ext has records of ${recordBytes} bytes instead of ${leastBytes}`)
    for (let at = start + 4; at < end; ) {
      if (at + 8 > end) throw new BtfError(`${what} of .BTF.ext ends within the head of a section`)
      const name = btf.string(view.getUint32(at, little))
      const count = view.getUint32(at + 4, little)
      at += 8
      if (at + count * recordBytes > end)
        throw new BtfError(`${what} of .BTF.ext promises ${count} records for ${name}, more than there are`)
      read(sectionNamed(name), at, count, recordBytes)
      at += count * recordBytes
    }
  }
  const u32 = (at: number) => view.getUint32(at, little)
  part('function information', 8, 8, (section, start, count, recordBytes) => {
    for (let i = 0, at = start; i < count; i++, at += recordBytes)
      section.functions.push({ offsetBytes: u32(at), typeId: u32(at + 4) })
  })
  part('line information', 16, 16, (section, start, count, recordBytes) => {
    section.lines.push(lineWords(bytes.subarray(start, start + count * recordBytes), recordBytes, little))
  })
  // an object asks for few fields, often
  const accessStrs = new Map<number, string>()
  part('relocations', 24, 16, (section, start, count, recordBytes) => {
    for (let i = 0, at = start; i < count; i++, at += recordBytes) {
      const offset = u32(at + 8)
      let accessStr = accessStrs.get(offset)
      if (accessStr === undefined) accessStrs.set(offset, (accessStr = btf.string(offset)))
      section.relocations.push({ offsetBytes: u32(at), typeId: u32(at + 4), accessStr, kind: u32(at + 12) })
    }
  })
  return new Map(
    [...sections].map(([name, { functions, lines, relocations }]) => [
      name,
      {
        functions: inOrder(functions, each => each.offsetBytes),
        lines: linesInOrder(joinWords(lines)),
        relocations: inOrder(relocations, each => each.offsetBytes),
      },
    ]),
  )
}

/** Compilers write records in order; what linkers put together need not be. */
function inOrder<T>(list: T[], offsetOf: (each: T) => number): readonly T[] {
  for (let i = 1; i < list.length; i++)
    if (offsetOf(list[i]!) < offsetOf(list[i - 1]!)) return list.sort((a, b) => offsetOf(a) - offsetOf(b))
  return list
}

/** The first four words of each record, in our byte order. */
function lineWords(records: Uint8Array, recordBytes: number, little: boolean): Uint32Array {
  const fields = LINE_FIELDS * 4
  const bytes = Buffer.alloc((records.length / recordBytes) * fields)
  if (recordBytes === fields) bytes.set(records)
  else
    for (let i = 0; i * recordBytes < records.length; i++)
      bytes.set(records.subarray(i * recordBytes, i * recordBytes + fields), i * fields)
  if (little !== HOST_LITTLE_ENDIAN) bytes.swap32()
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
}

function linesInOrder(lines: Uint32Array): Uint32Array {
  for (let at = LINE_FIELDS; at < lines.length; at += LINE_FIELDS) {
    if (lines[at]! >= lines[at - LINE_FIELDS]!) continue
    const records = Array.from({ length: lines.length / LINE_FIELDS }, (_, i) =>
      lines.subarray(i * LINE_FIELDS, (i + 1) * LINE_FIELDS),
    )
    records.sort((a, b) => a[0]! - b[0]!)
    return Uint32Array.from(records.flatMap(each => [...each]))
  }
  return lines
}

type ReadRecords = (section: Mutable, start: number, count: number, recordBytes: number) => void

interface Mutable {
  functions: FunctionRecord[]
  lines: Uint32Array[]
  relocations: CoreRecord[]
}
