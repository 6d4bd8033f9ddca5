// USDT probes: the notes that <sys/sdt.h> leaves in a binary, with the file offsets a uprobe needs.

import { addressToOffset } from './address.ts'
import { NT_STAPSDT } from './constants.ts'
import { type Elf, findSection } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { type ElfNote, sectionNotes } from './notes.ts'
import { asBuffer, stringAt, stringEnd } from './strings.ts'
import { parseUsdtArguments, type UsdtArgument } from './usdt-argument.ts'

/** One place where a probe stands. A probe that the compiler inlined has several, each with arguments of its own. */
export interface UsdtLocation {
  readonly provider: string
  readonly name: string
  /** address of the `nop`, as symbols of the file have theirs; prelink already taken into account */
  readonly address: number
  /** where the `nop` stands in the file: what uprobes are attached to */
  readonly fileOffset: number
  /** address of the 16-bit counter that switches the probe on; undefined when the probe is always on */
  readonly semaphoreAddress: number | undefined
  /** where the counter stands in the file: `ref_ctr_offset` of a uprobe (Linux 4.20) */
  readonly semaphoreFileOffset: number | undefined
  readonly arguments: readonly UsdtArgument[]
  /** the arguments as the note has them */
  readonly argumentText: string
}

/**
 * All probe locations of a file, in order of the notes. Notes that are damaged or point at nothing that is loaded
 * from the file are left out.
 * @throws ElfError when the section of the notes lies outside the file
 */
export function usdtLocations(elf: Elf): UsdtLocation[] {
  const section = findSection(elf, '.note.stapsdt')
  if (section === undefined) return []
  const base = findSection(elf, '.stapsdt.base')?.address
  const locations: UsdtLocation[] = []
  for (const note of sectionNotes(elf, section)) {
    if (note.owner !== 'stapsdt' || note.type !== NT_STAPSDT) continue
    const location = parseNote(elf, note, base)
    if (location !== undefined) locations.push(location)
  }
  return locations
}

/**
 *     word pc, base, semaphore   provider, NUL, name, NUL, arguments, NUL
 *
 * `base` is where .stapsdt.base was when the note was written: prelink moves sections but not what notes say.
 * Source: <sys/sdt.h>; systemtap wiki, UserSpaceProbeImplementation.
 */
function parseNote(elf: Elf, note: ElfNote, base: number | undefined): UsdtLocation | undefined {
  const word = elf.is64 ? 8 : 4
  if (note.description.length < 3 * word) return undefined
  const fields = new FieldReader(note.description, elf)
  const moved = base === undefined || fields.address(word) === 0 ? 0 : base - fields.address(word)
  const address = fields.address(0) + moved
  const semaphore = fields.address(2 * word)
  const semaphoreAddress = semaphore === 0 ? undefined : semaphore + moved
  const text = asBuffer(note.description.subarray(3 * word))
  const nameAt = stringEnd(text, 0) + 1
  const argumentsAt = stringEnd(text, nameAt) + 1
  const [provider, name] = [stringAt(text, 0), stringAt(text, nameAt)]
  const argumentText = stringAt(text, argumentsAt)
  const fileOffset = addressToOffset(elf, address)
  if (provider === '' || name === '' || fileOffset === undefined) return undefined
  return {
    provider,
    name,
    address,
    fileOffset,
    semaphoreAddress,
    semaphoreFileOffset: semaphoreAddress === undefined ? undefined : addressToOffset(elf, semaphoreAddress),
    arguments: parseUsdtArguments(argumentText, elf.machine),
    argumentText,
  }
}
