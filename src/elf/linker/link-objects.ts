// Static linking: several objects become one, as if their sources had been compiled together. What one declares `extern` another
// defines; weak definitions give way; what is hidden stays so. Types are there once.
// Source of the rules: tools/lib/bpf/linker.c.

import { ObjectError } from '../../errors/index.ts'
import { SHT_NOBITS, SHT_PROGBITS } from '../constants.ts'
import { resolveGlobals } from './globals.ts'
import { moveJumpTables } from './jump-tables.ts'
import { readLinkInput } from './link-input.ts'
import { mergedData, mergeSections } from './merge-sections.ts'
import { mergeTypes } from './merge-types.ts'
import { moveRelocations, placeSymbols } from './place-symbols.ts'
import { type NewSection, writeElf } from './write-elf.ts'

export interface ObjectFile {
  /** what messages call it */
  readonly file: string
  readonly bytes: Uint8Array
}

/**
 * The object that the files make together, without DWARF. What none of them defines stays undefined: the kernel's, or that of an
 * object that is linked to it later.
 * @throws ElfError, BtfError for files that are malformed; ObjectError for what does not go together, with symbol and files
 */
export function linkObjects(files: readonly ObjectFile[]): Uint8Array {
  const inputs = files.map(({ file, bytes }) => readLinkInput(bytes, file))
  const [first] = inputs
  if (first === undefined) throw new ObjectError('nothing', 'no objects were given to link')
  const { littleEndian } = first
  for (const input of inputs)
    if (input.littleEndian !== littleEndian)
      throw new ObjectError(input.file, `is of the other byte order than ${first.file}`)
  const merged = mergeSections(inputs)
  const globals = resolveGlobals(inputs, merged)
  const symbols = placeSymbols(inputs, merged, globals)
  const sections = merged.list.map((section): NewSection => {
    const data = mergedData(section)
    moveJumpTables(section, data, merged)
    return { ...section, data, relocations: moveRelocations(section, data, merged, symbols) }
  })
  const types = mergeTypes(inputs, merged, globals, littleEndian)
  const typed = (name: string, data: Uint8Array): NewSection => ({
    ...{ name, data, type: SHT_PROGBITS, flags: 0, alignBytes: 8, entryBytes: 0 },
    ...{ sizeBytes: data.length, relocations: [] },
  })
  return writeElf({
    littleEndian,
    sections: [
      ...sections.map(each => (each.type === SHT_NOBITS ? { ...each, relocations: [] } : each)),
      ...(types === undefined ? [] : [typed('.BTF', types.btf)]),
      ...(types?.ext === undefined ? [] : [typed('.BTF.ext', types.ext)]),
    ],
    symbols: symbols.list,
  })
}
