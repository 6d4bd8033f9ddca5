// Addresses of an ELF file and offsets in it: what uprobes are attached to, and what a mapping shows.

import { ET_REL, PT_LOAD, SHF_ALLOC, SHT_NOBITS } from './constants.ts'
import type { Elf } from './elf.ts'

/**
 * The offset in the file of what is loaded at `address` (an address as the file's symbols have it); undefined when
 * it is not loaded from the file. An object file (`ET_REL`) has no segments: there addresses are those of sections.
 */
export function addressToOffset(elf: Elf, address: number): number | undefined {
  for (const range of loadedRanges(elf))
    if (address >= range.address && address < range.address + range.bytes)
      return address - range.address + range.offset
  return undefined
}

/** The address at which a byte of the file is loaded; undefined when it is not. The opposite of addressToOffset. */
export function offsetToAddress(elf: Elf, offset: number): number | undefined {
  for (const range of loadedRanges(elf))
    if (offset >= range.offset && offset < range.offset + range.bytes)
      return offset - range.offset + range.address
  return undefined
}

interface LoadedRange {
  readonly address: number
  readonly offset: number
  readonly bytes: number
}

function loadedRanges(elf: Elf): LoadedRange[] {
  if (elf.type !== ET_REL)
    return elf.segments
      .filter(segment => segment.type === PT_LOAD)
      .map(segment => ({ address: segment.address, offset: segment.offset, bytes: segment.fileBytes }))
  return elf.sections
    .filter(section => (section.flags & SHF_ALLOC) !== 0 && section.type !== SHT_NOBITS)
    .map(section => ({ address: section.address, offset: section.offset, bytes: section.sizeBytes }))
}
