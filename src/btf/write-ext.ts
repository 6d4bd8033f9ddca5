// The section .BTF.ext, written: see ext.ts for its layout.

import type { CoreRecord, FunctionRecord } from './ext.ts'
import { BTF_MAGIC, BTF_VERSION } from './kinds.ts'

/** Of one section of code; offsets are bytes into it, strings and types those of the BTF beside. */
export interface NewBtfExtSection {
  readonly name: string
  readonly functions: readonly FunctionRecord[]
  /** insn_off, file_name_off, line_off, line_col; four numbers a record */
  readonly lines: readonly number[]
  readonly relocations: readonly CoreRecord[]
}

const HEADER_BYTES = 32

/**
 * @param stringOffset gives a string's place in the BTF beside, and adds it there
 * @returns undefined when there is nothing to write
 */
export function writeBtfExt(
  sections: readonly NewBtfExtSection[],
  stringOffset: (text: string) => number,
  littleEndian = true,
): Uint8Array | undefined {
  const part = (recordWords: number, wordsOf: (section: NewBtfExtSection) => readonly number[]): number[] => {
    const words: number[] = []
    for (const section of sections) {
      const records = wordsOf(section)
      if (records.length === 0) continue
      words.push(stringOffset(section.name), records.length / recordWords)
      for (const word of records) words.push(word)
    }
    return words.length === 0 ? [] : [recordWords * 4, ...words]
  }
  const parts = [
    part(2, ({ functions }) => functions.flatMap(each => [each.offsetBytes, each.typeId])),
    part(4, ({ lines }) => lines),
    part(4, ({ relocations }) =>
      relocations.flatMap(each => [each.offsetBytes, each.typeId, stringOffset(each.accessStr), each.kind]),
    ),
  ]
  const words = parts.flat()
  if (words.length === 0) return undefined
  const bytes = new Uint8Array(HEADER_BYTES + words.length * 4)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, BTF_MAGIC, littleEndian)
  view.setUint8(2, BTF_VERSION)
  view.setUint32(4, HEADER_BYTES, littleEndian)
  let start = 0
  for (const [i, { length }] of parts.entries()) {
    view.setUint32(8 + i * 8, start, littleEndian)
    view.setUint32(12 + i * 8, length * 4, littleEndian)
    start += length * 4
  }
  for (const [i, word] of words.entries()) view.setUint32(HEADER_BYTES + i * 4, word, littleEndian)
  return bytes
}
