// Sections of the same name become one, each object's behind the one before.

import { ObjectError } from '../../errors/index.ts'
import { SHT_NOBITS } from '../constants.ts'
import type { InputSection, LinkInput } from './link-input.ts'
import { alignUp } from './write-elf.ts'

export interface MergedSection {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly entryBytes: number
  alignBytes: number
  sizeBytes: number
  /** where each object's part starts */
  readonly parts: { readonly input: LinkInput; readonly section: InputSection; readonly offset: number }[]
}

/** Where a section of an object has gone. */
export interface SectionPlace {
  /** in the list of merged sections */
  readonly index: number
  /** bytes into it */
  readonly offset: number
}

export interface MergedSections {
  readonly list: readonly MergedSection[]
  /** undefined for what is left out: DWARF, a licence that is there already */
  place(input: LinkInput, section: number): SectionPlace | undefined
}

/** They must be the same in all objects, and are there once. */
const SAME = ['license', 'version']

/** In the order in which they come first. Throws ObjectError for sections that do not go together. */
export function mergeSections(inputs: readonly LinkInput[]): MergedSections {
  const list: MergedSection[] = []
  const places = new Map<LinkInput, Map<number, SectionPlace>>()
  for (const input of inputs) {
    const placed = new Map<number, SectionPlace>()
    places.set(input, placed)
    for (const section of input.sections) {
      let index = list.findIndex(each => each.name === section.name)
      if (index < 0) {
        const { name, type, flags, entryBytes } = section
        index = list.push({ name, type, flags, entryBytes, alignBytes: 1, sizeBytes: 0, parts: [] }) - 1
      }
      const merged = list[index]!
      checkSame(merged, input, section)
      if (merged.parts.length > 0 && SAME.includes(section.name)) continue
      merged.alignBytes = Math.max(merged.alignBytes, section.alignBytes)
      // by the strictest so far, as libbpf: so that the same objects give the same offsets
      const offset = alignUp(merged.sizeBytes, merged.alignBytes)
      merged.sizeBytes = offset + section.sizeBytes
      merged.parts.push({ input, section, offset })
      placed.set(section.index, { index, offset })
    }
  }
  return { list, place: (input, section) => places.get(input)?.get(section) }
}

function checkSame(merged: MergedSection, input: LinkInput, section: InputSection): void {
  const first = merged.parts[0]
  if (first === undefined) return
  const fail = (what: string): never => {
    throw new ObjectError(input.file, what, { section: section.name })
  }
  for (const [what, field] of [
    ['type', 'type'],
    ['flags', 'flags'],
    ['size of entries', 'entryBytes'],
  ] as const)
    if (merged[field] !== section[field])
      fail(`it has ${what} ${section[field]} here and ${merged[field]} in ${first.input.file}`)
  if (SAME.includes(section.name) && Buffer.compare(first.section.data, section.data) !== 0)
    fail(`it says ${textOf(section.data)} here and ${textOf(first.section.data)} in ${first.input.file}`)
}

/** A licence is text, a version a number. */
function textOf(data: Uint8Array): string {
  const text = Buffer.from(data).toString('latin1').replace(/\0+$/, '')
  return /^[\x20-\x7e]+$/.test(text) ? `"${text}"` : `0x${Buffer.from(data).toString('hex')}`
}

/** The content; with what instructions refer to by their section moved along, which `parts` knows. */
export function mergedData(section: MergedSection): Uint8Array {
  if (section.type === SHT_NOBITS) return new Uint8Array(0)
  const data = new Uint8Array(section.sizeBytes)
  for (const part of section.parts) data.set(part.section.data, part.offset)
  return data
}
