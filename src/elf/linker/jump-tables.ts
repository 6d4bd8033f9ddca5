// Jump tables of objects that are linked: what they lead to counts from the start of a section of code, whose parts move.

import { ObjectError } from '../../errors/index.ts'
import { JUMP_TABLES } from '../object/jump-tables.ts'
import { isExecutable, type LinkInput } from './link-input.ts'
import type { MergedSection, MergedSections } from './merge-sections.ts'

const ENTRY_BYTES = 8

/**
 * Moves the targets in `data`, the merged section of tables, along with the code that jumps by them. Nothing in a table says which
 * section it counts in: that is the one whose code refers to it.
 * @throws ObjectError for a table that does not lie in its section, or that two sections refer to which move differently
 */
export function moveJumpTables(section: MergedSection, data: Uint8Array, sections: MergedSections): void {
  if (section.name !== JUMP_TABLES) return
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (const { input, section: source, offset } of section.parts) {
    const fail = (what: string): never => {
      throw new ObjectError(input.file, what, { section: JUMP_TABLES })
    }
    const little = input.littleEndian
    const tables = [...tablesOf(input, source.index, sections)].sort(([a], [b]) => a - b)
    let free = 0
    for (const [start, { moved, sizeBytes, name }] of tables) {
      const end = start + sizeBytes
      if (end > source.data.length || start % ENTRY_BYTES !== 0 || sizeBytes % ENTRY_BYTES !== 0)
        fail(`jump table "${name}" lies at bytes ${start} to ${end} of ${source.data.length}`)
      if (start < free) fail(`jump table "${name}" begins within another`)
      free = end
      for (let at = offset + start; at < offset + end; at += ENTRY_BYTES)
        view.setBigUint64(at, BigInt.asUintN(64, view.getBigUint64(at, little) + BigInt(moved)), little)
    }
  }
}

interface Table {
  readonly name: string
  readonly sizeBytes: number
  /** bytes by which the code of its section has moved */
  readonly moved: number
}

/** By the byte of the section at which they start. */
function tablesOf(input: LinkInput, jumpTables: number, sections: MergedSections): Map<number, Table> {
  const tables = new Map<number, Table>()
  for (const code of input.sections.filter(isExecutable)) {
    const moved = sections.place(input, code.index)?.offset ?? 0
    for (const { symbol } of code.relocations) {
      const { name, value, sizeBytes, section } = input.symbols[symbol]!
      if (section !== jumpTables) continue
      const known = tables.get(value)
      if (known !== undefined && known.moved !== moved)
        throw new ObjectError(input.file, `code of two sections jumps by table "${name}"`, {
          section: JUMP_TABLES,
        })
      tables.set(value, { name, sizeBytes, moved })
    }
  }
  return tables
}
