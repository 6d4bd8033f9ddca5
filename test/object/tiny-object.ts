// Objects of a few bytes, written by the linker's own writer: for what no compiler would be asked to make.
import { BtfBuilder, type NewBtfType } from '../../src/btf/index.ts'
import { SHT_PROGBITS } from '../../src/elf/index.ts'
import { type NewSection, type NewSymbol, writeElf } from '../../src/elf/linker/write-elf.ts'

/** A variable of an object: of `bytes` bytes, in a section, or extern where there is none. */
export interface TinyVariable {
  readonly name: string
  readonly bytes: number
  readonly section?: string
  readonly weak?: boolean
  readonly hidden?: boolean
  /** instead of an integer of that size */
  readonly type?: NewBtfType
}

const STT_OBJECT = 1
const SHF_WRITE_ALLOC = 3

export interface TinyOptions {
  readonly littleEndian?: boolean
  readonly license?: string
  /** without types */
  readonly bare?: boolean
  readonly sections?: readonly Partial<NewSection>[]
}

/** Variables lie one behind the other, each filled with its place in the list, from 1. */
export function tinyObject(variables: readonly TinyVariable[], options: TinyOptions = {}): Uint8Array {
  const littleEndian = options.littleEndian ?? true
  const names = [...new Set(variables.flatMap(each => each.section ?? []))]
  const parts = new Map(
    names.map(name => [name, { bytes: [] as number[], vars: [] as [number, number, number][] }]),
  )
  const builder = new BtfBuilder()
  const symbols: NewSymbol[] = []
  for (const [i, { name, bytes, section, weak, hidden, type }] of variables.entries()) {
    const typeId = builder.add(
      type ?? {
        kind: 'int',
        name: `u${bytes * 8}`,
        sizeBytes: bytes,
        encoding: 'unsigned',
        offsetBits: 0,
        sizeBits: bytes * 8,
      },
    )
    const id = builder.add({
      kind: 'var',
      name,
      typeId,
      linkage: section === undefined ? 'extern' : 'global',
    })
    const part = section === undefined ? undefined : parts.get(section)!
    symbols.push({
      ...{ name, binding: weak === true ? 2 : 1, visibility: hidden === true ? 2 : 0 },
      ...{ value: part?.bytes.length ?? 0, sizeBytes: part === undefined ? 0 : bytes },
      ...{ type: part === undefined ? 0 : STT_OBJECT, section: part && names.indexOf(section!) },
    })
    part?.vars.push([id, part.bytes.length, bytes])
    part?.bytes.push(...new Array<number>(bytes).fill(i + 1))
  }
  for (const [name, { bytes, vars }] of parts)
    builder.add({
      ...{ kind: 'datasec', name, sizeBytes: bytes.length },
      vars: vars.map(([typeId, offsetBytes, sizeBytes]) => ({ typeId, offsetBytes, sizeBytes })),
    })
  const section = (name: string, data: Uint8Array, flags: number, alignBytes = 4): NewSection => ({
    ...{ name, data, flags, alignBytes, type: SHT_PROGBITS, entryBytes: 0 },
    ...{ sizeBytes: data.length, relocations: [] },
  })
  return writeElf({
    littleEndian,
    symbols,
    sections: [
      ...[...parts].map(([name, { bytes }]) => section(name, Uint8Array.from(bytes), SHF_WRITE_ALLOC)),
      ...(options.license === undefined
        ? []
        : [section('license', Buffer.from(`${options.license}\0`), SHF_WRITE_ALLOC, 1)]),
      ...(options.bare === true ? [] : [section('.BTF', builder.build(littleEndian), 0)]),
      ...(options.sections ?? []).map(each => ({ ...section('', new Uint8Array(8), 0), ...each })),
    ],
  })
}
