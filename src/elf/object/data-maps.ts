// Sections of global variables as maps: an array of one value, which is the section.

import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARRAY } from '../../sys/bpf-constants.generated.ts'
import { SHF_ALLOC, SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS } from '../constants.ts'
import type { ElfSection } from '../elf.ts'
import { sectionData } from '../section-data.ts'
import type { CompiledMap, Variable } from './compiled-object.ts'
import { type ReadContext, refuse } from './context.ts'

/** `.rodata.str1.1` of string literals is one of them. */
const DATA_SECTION = /^\.(rodata|data|bss)($|\.)/

export const isData = (section: ElfSection): boolean =>
  DATA_SECTION.test(section.name) &&
  (section.type === SHT_PROGBITS || section.type === SHT_NOBITS) &&
  (section.flags & SHF_ALLOC) !== 0 &&
  (section.flags & SHF_EXECINSTR) === 0 &&
  section.sizeBytes > 0

/** All data of an object together: `.bss` takes no room in the file, and a header can promise anything. */
const DATA_BYTES_MAX = 1 << 28

/** Throws ObjectError when the sections of data are too large to be meant. */
export function checkDataSizes(context: ReadContext): void {
  let sum = 0
  for (const section of context.elf.sections) {
    if (isData(section)) sum += section.sizeBytes
    if (sum > DATA_BYTES_MAX)
      refuse(context, `${sum} bytes of data are more than ${DATA_BYTES_MAX}`, { section: section.name })
  }
}

export function readDataMap(
  context: ReadContext,
  section: ElfSection,
  btfBytes: Uint8Array | undefined,
): CompiledMap {
  const { name: label, sizeBytes } = section
  const readonly = label.startsWith('.rodata')
  const datasec = context.btf?.find(label, 'datasec')
  const data =
    section.type === SHT_NOBITS
      ? new Uint8Array(sizeBytes)
      : Uint8Array.from(sectionData(context.elf, section))
  return {
    name: dataMapName(context.name, label),
    type: BPF_MAP_TYPE_ARRAY,
    ...{ keySize: 4, valueSize: sizeBytes, maxEntries: 1 },
    flags: BPF_F_MMAPABLE | (readonly ? BPF_F_RDONLY_PROG : 0),
    ...(datasec === undefined || btfBytes === undefined
      ? {}
      : { btf: { data: btfBytes, keyTypeId: 0, valueTypeId: datasec.id } }),
    ...(readonly ? { frozen: true } : {}),
    ...{ section: label, label, role: 'data', autocreate: true },
    ...{ keyTypeId: 0, valueTypeId: datasec?.id ?? 0, data },
    variables: variablesOf(context, section),
  }
}

/**
 * The start of the object's name and the section's, within the 15 characters that the kernel takes; sections with a name of
 * their own (`.data.counts`) stand alone. As libbpf names them (internal_map_name).
 */
export function dataMapName(object: string, section: string): string {
  const suffix = Math.min(Math.max(7, section.length), 15)
  const prefix = section.indexOf('.', 1) >= 0 ? '' : object.slice(0, 15 - suffix)
  return `${prefix}${section.slice(0, suffix)}`.replace(/[^\w.]/g, '_')
}

/** From the symbols, with types from BTF; static variables stand in BTF with their place, which symbols confirm. */
export function variablesOf({ btf, symbols }: ReadContext, section: ElfSection): Variable[] {
  const datasec = btf?.find(section.name, 'datasec')
  const types = new Map<string, number>()
  for (const { typeId } of datasec?.vars ?? []) {
    const variable = btf!.type(typeId)
    if (variable.kind === 'var') types.set(variable.name, variable.typeId)
  }
  return (symbols.bySection.get(section.index) ?? [])
    .filter(
      ({ isSection, isFunction, name, value, sizeBytes }) =>
        !isSection && !isFunction && name !== '' && sizeBytes > 0 && value + sizeBytes <= section.sizeBytes,
    )
    .map(({ name, value, sizeBytes, isLocal }) => ({
      name,
      offsetBytes: value,
      sizeBytes,
      typeId: types.get(name) ?? 0,
      isStatic: isLocal,
    }))
    .sort((a, b) => a.offsetBytes - b.offsetBytes)
}
