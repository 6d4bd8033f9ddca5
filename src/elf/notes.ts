// Notes: small records with an owner and a number, in sections and segments of their own.

import { readRange } from './byte-source.ts'
import { NT_GNU_BUILD_ID, PT_NOTE, SHT_NOTE } from './constants.ts'
import type { Elf, ElfSection } from './elf.ts'
import { findSection } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { sectionData } from './section-data.ts'
import { asBuffer, stringAt } from './strings.ts'

export interface ElfNote {
  /** who defines the type: `GNU`, `stapsdt` */
  readonly owner: string
  readonly type: number
  readonly description: Uint8Array
}

/** The notes of one section, in order; what follows a damaged one is left out. @throws ElfError as sectionData */
export function* sectionNotes(elf: Elf, section: ElfSection): Generator<ElfNote> {
  yield* notesOf(elf, sectionData(elf, section), section.alignBytes)
}

/** All notes: of the sections, or of the segments when there are no sections. @throws ElfError as sectionData */
export function* elfNotes(elf: Elf): Generator<ElfNote> {
  const sections = elf.sections.filter(section => section.type === SHT_NOTE)
  for (const section of sections) yield* sectionNotes(elf, section)
  if (sections.length > 0) return
  for (const segment of elf.segments) {
    if (segment.type !== PT_NOTE) continue
    const bytes = readRange(elf.source, segment.offset, segment.fileBytes, 'note segment')
    yield* notesOf(elf, bytes, segment.alignBytes)
  }
}

/** The build id in hex digits, what debug files are found by; undefined when the file has none. */
export function buildId(elf: Elf): string | undefined {
  // The section is looked at first: files linked of many parts have hundreds of other notes.
  const own = findSection(elf, '.note.gnu.build-id')
  for (const note of own === undefined ? elfNotes(elf) : sectionNotes(elf, own))
    if (note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID && note.description.length > 0)
      return asBuffer(note.description).toString('hex')
  return undefined
}

/**
 *     u32 namesz, descsz, type   name, padded   desc, padded
 *
 * Padding is to 4 bytes, in 64-bit files too; only those aligned to 8 (.note.gnu.property) pad to 8.
 */
function* notesOf(elf: Elf, bytes: Uint8Array, alignBytes: number): Generator<ElfNote> {
  const fields = new FieldReader(bytes, elf)
  const align = alignBytes === 8 ? 8 : 4
  const padded = (at: number) => Math.ceil(at / align) * align
  for (let at = 0; at + 12 <= bytes.length; ) {
    const nameAt = at + 12
    const descriptionAt = padded(nameAt + fields.u32(at))
    const end = descriptionAt + fields.u32(at + 4)
    if (end > bytes.length) return
    const name = asBuffer(bytes.subarray(nameAt, nameAt + fields.u32(at)))
    yield {
      owner: stringAt(name, 0),
      type: fields.u32(at + 8),
      description: bytes.subarray(descriptionAt, end),
    }
    at = padded(end)
  }
}
