// Jump tables of compiled switches (clang 22, -mcpu=v4): a program jumps to what it reads from an array of instructions, which is a
// map to the kernel (BPF_MAP_TYPE_INSN_ARRAY, Linux 6.19).
//
// The section .jumptables has the bytes of the section of code at which each jump ends, eight bytes each; a symbol is one table.
// Source: create_jt_map of libbpf.c.

import type { ElfSection } from '../elf.ts'
import { FieldReader } from '../field-reader.ts'
import { sectionData } from '../section-data.ts'
import type { ReadContext } from './context.ts'
import type { ObjectSymbol } from './symbols.ts'

export const JUMP_TABLES = '.jumptables'

const ENTRY_BYTES = 8

/** A table of one function, or of a program, which has a copy for each of its functions that jump by it. */
export interface JumpTable {
  /** what instructions refer to it by */
  readonly label: string
  /** slots, counted from the start of the function or program */
  readonly targets: readonly number[]
}

/** Where a function lies in its section, slots. */
interface Extent {
  readonly label: string
  readonly start: number
  readonly end: number
}

/**
 * The table that a symbol is, for the function that refers to it.
 * @param addend what the instruction adds to the symbol, bytes
 * @param fail throws with what is wrong
 */
export function readJumpTable(
  { elf }: ReadContext,
  section: ElfSection,
  symbol: ObjectSymbol,
  addend: number,
  extent: Extent,
  fail: (what: string) => never,
): JumpTable {
  const { name, value, sizeBytes } = symbol
  const bytes = sectionData(elf, section)
  if (addend !== 0) return fail(`refers to byte ${addend} of jump table "${name}" and not to its start`)
  if (
    value % ENTRY_BYTES !== 0 ||
    sizeBytes % ENTRY_BYTES !== 0 ||
    sizeBytes === 0 ||
    value + sizeBytes > bytes.length
  )
    return fail(`jump table "${name}" lies at bytes ${value} to ${value + sizeBytes} of ${bytes.length}`)
  const fields = new FieldReader(bytes.subarray(value, value + sizeBytes), elf)
  const targets = Array.from({ length: sizeBytes / ENTRY_BYTES }, (_, i) => {
    const offset = fields.size(i * ENTRY_BYTES)
    const slot = offset / 8
    if (!Number.isInteger(slot) || slot < extent.start || slot >= extent.end)
      return fail(`jump table "${name}" leads to byte ${offset} of the section, out of the function`)
    return slot - extent.start
  })
  return { label: `${JUMP_TABLES}+${value} of ${extent.label}`, targets }
}
