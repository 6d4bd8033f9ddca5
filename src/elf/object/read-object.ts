// A compiled object, read: what clang made of C (or rustc of Rust) becomes specs of programs and maps.

import type { Insn } from '../../asm/index.ts'
import {
  type BtfExtSection,
  layOutSections,
  parseBtf,
  parseBtfExt,
  type SectionLayout,
} from '../../btf/index.ts'
import { ElfError } from '../../errors/index.ts'
import {
  BPF_F_SLEEPABLE,
  BPF_F_XDP_HAS_FRAGS,
  BPF_MAP_TYPE_ARENA,
} from '../../sys/bpf-constants.generated.ts'
import { bytesSource } from '../byte-source.ts'
import { EM_386, EM_AARCH64, EM_ARM, EM_BPF, EM_RISCV, EM_X86_64, ET_REL, SHT_NOBITS } from '../constants.ts'
import { type Elf, findSection, isElf, parseElf } from '../elf.ts'
import { sectionData } from '../section-data.ts'
import type { CompiledMap, CompiledObject, CompiledProgram, Extern } from './compiled-object.ts'
import { type ReadContext, refuse } from './context.ts'
import { checkDataSizes, isData, readDataMap, variablesOf } from './data-maps.ts'
import { type PlacedMap, readDeclaredMaps } from './declared-maps.ts'
import { exceptionCallbacks } from './exception-callback.ts'
import { KCONFIG, kconfigMap, readExterns } from './externs.ts'
import { type DataReferences, isCode, type ObjectFunction, readFunctions } from './functions.ts'
import { readLegacyMaps } from './legacy-maps.ts'
import { type LinkInput, linkProgram } from './link-program.ts'
import { decodeCode } from './program-code.ts'
import { parseSectionName } from './section-name.ts'
import { readStructOps } from './struct-ops.ts'
import { type ObjectSymbol, readObjectSymbols } from './symbols.ts'

/**
 * Reads an object of either byte order.
 * @param file what messages call it; its last part up to the first dot names the maps of data
 * @throws ElfError, BtfError, ObjectError, AsmError for what is malformed; nothing else
 */
export function readObject(bytes: Uint8Array, file: string): CompiledObject {
  if (!isElf(bytes)) throw new ElfError(file, `is no compiled object: ${startOf(bytes, file)}`)
  const elf = parseElf(bytesSource(file, bytes))
  checkKind(elf, file)
  const symbols = readObjectSymbols(elf)
  const rawBtf = sectionBytes(elf, '.BTF')
  const firstBtf = rawBtf && parseBtf(rawBtf)
  const bare: ReadContext = { file, name: objectName(file), elf, symbols, btf: firstBtf }
  const externs = readExterns(bare)
  const hidden = new Set(symbols.all.filter(each => each.isFunction && each.isHidden).map(each => each.name))
  // a kernel gets little-endian BTF from us, and only then is there something to fill in
  const btfBytes =
    rawBtf && firstBtf && elf.littleEndian
      ? layOutSections(rawBtf, firstBtf, sectionLayouts(bare, externs), hidden)
      : rawBtf
  const btf = btfBytes && parseBtf(btfBytes)
  const context: ReadContext = { ...bare, btf }

  checkDataSizes(context)
  const placed = [...readDeclaredMaps(context, btfBytes), ...readLegacyMaps(context)]
  const data = elf.sections.filter(isData).map(section => readDataMap(context, section, btfBytes))
  const config = kconfigMap(context, externs, btfBytes)
  const arena = placed.find(({ map }) => map.type === BPF_MAP_TYPE_ARENA)?.map
  const maps: CompiledMap[] = [
    ...placed.map(({ map }) => (map === arena ? withArenaData(context, map) : map)),
    ...data,
    ...(config === undefined ? [] : [config]),
    ...readStructOps(context),
  ]
  const functions = readFunctions(context, dataReferences(context, placed, externs))
  const extBytes = sectionBytes(elf, '.BTF.ext')
  const ext = btf && extBytes ? parseBtfExt(extBytes, btf) : new Map<string, BtfExtSection>()
  const byLabel = new Map(functions.map(each => [each.label, each]))
  const license = text(sectionBytes(elf, 'license'))
  const version = sectionBytes(elf, 'version')
  const kernelVersion =
    version?.length === 4
      ? new DataView(version.buffer, version.byteOffset).getUint32(0, elf.littleEndian)
      : undefined
  const entry = { license, ...(kernelVersion === undefined ? {} : { kernelVersion }) }
  const callbacks = exceptionCallbacks(btf, btfBytes)
  const called = new Set([...functions.flatMap(each => each.callees), ...callbacks.values()])
  const input: LinkInput = { functions: byLabel, ext, btfBytes, exceptionCallbacks: callbacks }
  return {
    ...{ file, name: context.name, license, maps, externs },
    ...(kernelVersion === undefined ? {} : { kernelVersion }),
    ...(btf === undefined || btfBytes === undefined ? {} : { btf, btfBytes }),
    programs: functions
      .filter(each => isEntry(each, called))
      .map(main => readProgram(context, main, input, entry)),
  }
}

/** Globals declared `__arena` live at the start of the object's arena. */
const ARENA_DATA = '.addr_space.1'

function withArenaData(context: ReadContext, map: CompiledMap): CompiledMap {
  const { elf } = context
  const section = findSection(elf, ARENA_DATA)
  if (section === undefined) return map
  if (section.sizeBytes > ARENA_BYTES_MAX)
    return refuse(context, `${section.sizeBytes} bytes of data are more than ${ARENA_BYTES_MAX}`, {
      section: ARENA_DATA,
    })
  const data =
    section.type === SHT_NOBITS
      ? new Uint8Array(section.sizeBytes)
      : Uint8Array.from(sectionData(elf, section))
  return { ...map, data, variables: variablesOf(context, section) }
}

/** An arena has 4 GiB at most; no object's initial data comes near this. */
const ARENA_BYTES_MAX = 1 << 28

function startOf(bytes: Uint8Array, file: string): string {
  if (bytes.length === 0) return 'it is empty'
  if (bytes[0] === 0x42 && bytes[1] === 0x43 && bytes[2] === 0xc0 && bytes[3] === 0xde)
    return 'it is bitcode of LLVM, which -flto and -emit-llvm leave: compile without'
  const how = /\.(c|h|ll)$/.test(file)
    ? ': compile it first, by clang -target bpf -g -O2 -c or bee build'
    : ''
  return `it does not start as an ELF file does${how}`
}

/** e_machine of what people compile by mistake */
const MACHINES: ReadonlyMap<number, string> = new Map([
  [EM_386, 'x86'],
  [EM_X86_64, 'x86-64'],
  [EM_ARM, 'ARM'],
  [EM_AARCH64, 'arm64'],
  [EM_RISCV, 'RISC-V'],
])

function checkKind(elf: Elf, file: string): void {
  if (!elf.is64) throw new ElfError(file, 'is of 32 bits: BPF objects have 64')
  // LLVM before 3.9 left the machine open
  if (elf.machine !== EM_BPF && elf.machine !== 0)
    throw new ElfError(
      file,
      `is made for ${MACHINES.get(elf.machine) ?? `machine ${elf.machine}`}, not for BPF: was it compiled without -target bpf?`,
    )
  if (elf.type !== ET_REL)
    throw new ElfError(file, `is an ELF file of type ${elf.type} and no relocatable object (1)`)
}

/** `/tmp/my.tool.bpf.o` is `my`. */
const objectName = (file: string): string => file.replace(/^.*\//, '').replace(/\..*$/s, '') || 'object'

function sectionBytes(elf: Elf, name: string): Uint8Array | undefined {
  const section = findSection(elf, name)
  return section === undefined || section.sizeBytes === 0 ? undefined : sectionData(elf, section)
}

const text = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : Buffer.from(bytes).toString('latin1').replace(/\0.*$/s, '')

/** Where the variables of each section are, for BTF that does not say. */
function sectionLayouts(context: ReadContext, externs: readonly Extern[]): Map<string, SectionLayout> {
  const layouts = new Map<string, SectionLayout>()
  for (const section of context.elf.sections) {
    if (section.name === '' || isCode(section) || context.btf?.find(section.name, 'datasec') === undefined)
      continue
    const offsets = new Map<string, number>()
    for (const { name, value, isSection, isLocal } of context.symbols.bySection.get(section.index) ?? [])
      if (!isSection && !isLocal) offsets.set(name, value)
    layouts.set(section.name, { sizeBytes: section.sizeBytes, offsets })
  }
  const config = externs.filter(each => each.kind === 'kconfig')
  if (config.length > 0)
    layouts.set(KCONFIG, {
      sizeBytes: Math.max(...config.map(each => each.offsetBytes + each.sizeBytes)),
      offsets: new Map(config.map(each => [each.name, each.offsetBytes])),
    })
  return layouts
}

function dataReferences(
  context: ReadContext,
  placed: readonly PlacedMap[],
  externs: readonly Extern[],
): DataReferences {
  const { sections } = context.elf
  const byName = new Map(externs.map(each => [each.name, each]))
  const arena = placed.find(({ map }) => map.type === BPF_MAP_TYPE_ARENA)?.map.label
  const at = (symbol: ObjectSymbol, addend: number) => symbol.value + addend
  return {
    mapAt: (symbol, addend) =>
      placed.find(
        ({ section, offsetBytes, sizeBytes }) =>
          section === symbol.section &&
          at(symbol, addend) >= offsetBytes &&
          at(symbol, addend) < offsetBytes + sizeBytes,
      )?.map.label,
    dataAt: (symbol, addend) => {
      const section = sections[symbol.section]
      if (section?.name === ARENA_DATA && arena !== undefined)
        return { map: arena, offset: at(symbol, addend) }
      return section !== undefined && isData(section)
        ? { map: section.name, offset: at(symbol, addend) }
        : undefined
    },
    extern: name => byName.get(name),
    kconfigMap: KCONFIG,
  }
}

/**
 * `.text` holds functions that programs call. Elsewhere static functions are the same, and so is what others call in a section
 * whose name says no type of program.
 */
function isEntry({ label, section, isLocal }: ObjectFunction, called: ReadonlySet<string>): boolean {
  if (section.name === '.text') return false
  if (parseSectionName(section.name) === undefined) return !isLocal && !called.has(label)
  return !isLocal || !called.has(label)
}

function readProgram(
  context: ReadContext,
  main: ObjectFunction,
  input: LinkInput,
  entry: Pick<CompiledProgram, 'license' | 'kernelVersion'>,
): CompiledProgram {
  const section = main.section.name
  const sectionName = parseSectionName(section)
  const definition = sectionName?.definition
  const flags =
    (definition?.sleepable ? BPF_F_SLEEPABLE : 0) | (definition?.xdpFrags ? BPF_F_XDP_HAS_FRAGS : 0)
  const linked = linkProgram(context, main, input)
  let insns: readonly Insn[] | undefined
  return {
    name: main.name,
    type: definition?.type ?? 0,
    ...entry,
    ...(flags === 0 ? {} : { flags }),
    ...(definition?.attachType === undefined ? {} : { expectedAttachType: definition.attachType }),
    ...{ section, sectionName, autoload: sectionName?.autoload ?? !section.startsWith('?') },
    ...linked,
    get insns() {
      return (insns ??= decodeCode(linked.code, linked.functions))
    },
  }
}
