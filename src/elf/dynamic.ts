// The dynamic section: the name of a library and the libraries it needs.

import { addressToOffset } from './address.ts'
import { readRange } from './byte-source.ts'
import {
  DT_NEEDED,
  DT_NULL,
  DT_RPATH,
  DT_RUNPATH,
  DT_SONAME,
  DT_STRSZ,
  DT_STRTAB,
  PT_DYNAMIC,
  SHT_DYNAMIC,
} from './constants.ts'
import type { Elf } from './elf.ts'
import { FieldReader } from './field-reader.ts'
import { sectionData } from './section-data.ts'
import { asBuffer, stringAt } from './strings.ts'

export interface DynamicInfo {
  readonly soname: string | undefined
  /** sonames, in order of the search for symbols */
  readonly needed: readonly string[]
  /** DT_RUNPATH, or DT_RPATH where that is missing, split at the colons; may hold `$ORIGIN` */
  readonly runPath: readonly string[]
}

/** Reads the dynamic section; undefined for a statically linked file. @throws ElfError when it lies outside the file */
export function dynamicInfo(elf: Elf): DynamicInfo | undefined {
  const bytes = dynamicBytes(elf)
  if (bytes === undefined) return undefined
  const fields = new FieldReader(bytes, elf)
  const word = elf.is64 ? 8 : 4
  const entries: { tag: number; value: number }[] = []
  for (let at = 0; at + 2 * word <= bytes.length; at += 2 * word) {
    const tag = fields.size(at)
    if (tag === DT_NULL) break
    entries.push({ tag, value: fields.size(at + word) })
  }
  const value = (tag: number) => entries.find(entry => entry.tag === tag)?.value
  const strings = dynamicStrings(elf, value(DT_STRTAB), value(DT_STRSZ))
  const string = (offset: number | undefined) =>
    offset === undefined ? undefined : stringAt(strings, offset)
  const runPath = string(value(DT_RUNPATH) ?? value(DT_RPATH))
  return {
    soname: string(value(DT_SONAME)),
    needed: entries.filter(entry => entry.tag === DT_NEEDED).map(entry => stringAt(strings, entry.value)),
    runPath: runPath === undefined ? [] : runPath.split(':').filter(Boolean),
  }
}

function dynamicBytes(elf: Elf): Uint8Array | undefined {
  const segment = elf.segments.find(candidate => candidate.type === PT_DYNAMIC)
  if (segment !== undefined && segment.fileBytes > 0)
    return readRange(elf.source, segment.offset, segment.fileBytes, 'dynamic segment')
  const section = elf.sections.find(candidate => candidate.type === SHT_DYNAMIC)
  return section === undefined ? undefined : sectionData(elf, section)
}

/** The string table is named by address, as the loader needs it. */
function dynamicStrings(elf: Elf, address: number | undefined, sizeBytes: number | undefined): Buffer {
  const offset = address === undefined ? undefined : addressToOffset(elf, address)
  if (offset === undefined || sizeBytes === undefined) return Buffer.alloc(0)
  return asBuffer(readRange(elf.source, offset, sizeBytes, 'dynamic string table'))
}
