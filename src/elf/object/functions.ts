// The functions of an object, each with its code: what that refers to by relocation has become a reference by name.

import { decode, encode, LD_IMM64 } from '../../asm/index.ts'
import { AsmError } from '../../errors/index.ts'
import {
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from '../../sys/bpf-constants.generated.ts'
import { SHF_EXECINSTR, SHT_PROGBITS } from '../constants.ts'
import type { ElfSection } from '../elf.ts'
import { sectionData } from '../section-data.ts'
import { type ObjectRelocation, type ReadContext, refuse, relocationsOf } from './context.ts'
import { JUMP_TABLES, type JumpTable, readJumpTable } from './jump-tables.ts'
import { CALL, type CodeReference, type ProgramCode, referringSlots } from './program-code.ts'
import type { ObjectSymbol } from './symbols.ts'

export interface ObjectFunction {
  /** as the source calls it */
  readonly name: string
  /** the same, or made unique where two static functions share a name */
  readonly label: string
  readonly section: ElfSection
  /** where it starts and ends in its section, slots of 8 bytes */
  readonly start: number
  readonly end: number
  readonly isLocal: boolean
  /** its references count from its own start */
  readonly code: ProgramCode
  /** labels of what it calls or hands on as a callback, in order, each as often */
  readonly callees: readonly string[]
  /** those that its code refers to, each once; targets count from its own start */
  readonly jumpTables: readonly JumpTable[]
}

/** What a symbol of data stands for. */
export interface DataReferences {
  /** the map that a symbol is, or undefined */
  mapAt(symbol: ObjectSymbol, addend: number): string | undefined
  /** a byte of the map that a section of data becomes, or undefined when the section is none */
  dataAt(symbol: ObjectSymbol, addend: number): { readonly map: string; readonly offset: number } | undefined
  /** what the kernel must provide */
  extern(name: string): { readonly kind: string; readonly offsetBytes?: number } | undefined
  /** name of the map of the extern configuration */
  readonly kconfigMap: string
}

interface Extent {
  readonly symbol: ObjectSymbol
  readonly label: string
  readonly section: ElfSection
  readonly start: number
  readonly end: number
}

/** No program has more instructions to jump to; tables that lie over each other could name any number. */
const JUMPS_MAX = 1 << 20

export const isCode = (section: ElfSection): boolean =>
  section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.sizeBytes > 0

/** All functions, section by section and in order. Throws ObjectError, AsmError. */
export function readFunctions(context: ReadContext, references: DataReferences): ObjectFunction[] {
  const extents = new Map<number, readonly Extent[]>()
  const labels = new Set<string>()
  for (const section of context.elf.sections.filter(isCode))
    extents.set(section.index, extentsIn(context, section, labels))
  const budget = { entries: JUMPS_MAX }
  const functionAt = (section: number, slot: number): Extent | undefined =>
    extents.get(section)?.find(extent => extent.start <= slot && slot < extent.end)
  return [...extents].flatMap(([index, list]) => {
    const section = context.elf.sections[index]!
    const bytes = sectionData(context.elf, section)
    const relocations = relocationsOf(context, section)
    checkRelocated(context, section, bytes, relocations)
    return list.map(extent => {
      const jumpTables = new Map<string, JumpTable>()
      const code = readCode(
        { context, references, extent, functionAt, jumpTables, budget },
        bytes,
        relocations,
      )
      const { name, isLocal } = extent.symbol
      const { label, start, end } = extent
      const callees = code.references.flatMap(({ ref }) =>
        ref.kind === 'subprog' || ref.kind === 'funcAddress' ? [ref.name] : [],
      )
      const tables = [...jumpTables.values()]
      return { name, label, section, start, end, isLocal, code, callees, jumpTables: tables }
    })
  })
}

/** Relocations of code stand at calls and 64-bit loads. */
function checkRelocated(
  context: ReadContext,
  section: ElfSection,
  bytes: Uint8Array,
  relocations: ReadonlyMap<number, ObjectRelocation>,
): void {
  for (const { offset, symbol } of relocations.values())
    if (offset % 8 !== 0 || (bytes[offset] !== CALL && bytes[offset] !== LD_IMM64))
      refuse(
        context,
        `a relocation against "${symbol.name}" at byte ${offset} stands at no call and no 64-bit load`,
        {
          section: section.name,
        },
      )
}

/** Symbols of functions say where each starts and how long it is. */
function extentsIn(context: ReadContext, section: ElfSection, labels: Set<string>): Extent[] {
  const place = { section: section.name }
  if (section.sizeBytes % 8 !== 0)
    return refuse(context, `${section.sizeBytes} bytes are not a whole number of instructions`, place)
  const symbols = (context.symbols.bySection.get(section.index) ?? [])
    .filter(symbol => symbol.isFunction && symbol.name !== '')
    .sort((a, b) => a.value - b.value || b.sizeBytes - a.sizeBytes)
  return symbols.flatMap((symbol, i): Extent[] => {
    const start = symbol.value / 8
    const next = symbols.slice(i + 1).find(other => other.value > symbol.value)
    const size = symbol.sizeBytes > 0 ? symbol.sizeBytes : (next?.value ?? section.sizeBytes) - symbol.value
    const end = start + size / 8
    if (
      !Number.isInteger(start) ||
      !Number.isInteger(end) ||
      start < 0 ||
      end * 8 > section.sizeBytes ||
      end <= start
    )
      return refuse(
        context,
        `function "${symbol.name}" lies at bytes ${symbol.value} to ${symbol.value + size} of ${section.sizeBytes}`,
        place,
      )
    if (i > 0 && symbols[i - 1]!.value === symbol.value) return [] // an alias
    let label = symbol.name
    if (labels.has(label)) label = `${symbol.name}@${section.name}+${start}`
    labels.add(label)
    return [{ symbol, label, section, start, end }]
  })
}

/** Throws ObjectError for what is no code, or refers to what is not there. */
function readCode(
  relocator: Relocator,
  section: Uint8Array,
  relocations: ReadonlyMap<number, ObjectRelocation>,
): ProgramCode {
  const { extent } = relocator
  const bytes = codeBytes(relocator, section)
  const slots = notCode(relocator, () => referringSlots(bytes))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const references: CodeReference[] = []
  for (const slot of slots) {
    const [at, relocation] = [slot * 8, relocations.get((extent.start + slot) * 8)]
    const insn = { code: bytes[at]!, src: bytes[at + 1]! >> 4, imm: view.getInt32(at + 4, true) }
    // most calls are of helpers, by their number, and most loads of plain numbers
    if (relocation === undefined && !isPseudo(insn)) continue
    const { src = insn.src, ref } = refer(relocator, insn, extent.start + slot, relocation)
    bytes[at + 1] = (bytes[at + 1]! & 15) | (src << 4)
    view.setInt32(at + 4, 0, true)
    if (insn.code === LD_IMM64) view.setInt32(at + 12, 0, true)
    references.push({ slot, ref })
  }
  return { bytes, references }
}

/** A copy of a function's bytes as a little-endian machine has them. */
function codeBytes(relocator: Relocator, section: Uint8Array): Uint8Array {
  const { start, end } = relocator.extent
  const bytes = section.subarray(start * 8, end * 8)
  if (relocator.context.elf.littleEndian) return Uint8Array.from(bytes)
  return notCode(relocator, () => encode(decode(bytes, { endian: 'big' })))
}

/** What `work` throws of instructions, with the function they are of. */
function notCode<T>({ context, extent }: Relocator, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof AsmError)) throw error
    return refuse(context, error.message, { section: extent.section.name, program: extent.symbol.name })
  }
}

interface Relocator {
  readonly context: ReadContext
  readonly references: DataReferences
  readonly extent: Extent
  readonly functionAt: (section: number, slot: number) => Extent | undefined
  /** by label, those that were met */
  readonly jumpTables: Map<string, JumpTable>
  /** entries of tables that the object may still have */
  readonly budget: { entries: number }
}

/** A call, or the first half of a 64-bit load. */
interface ReferringInsn {
  readonly code: number
  readonly src: number
  readonly imm: number
}

/** What stands in the place of a reference; `src` unless it stays as it is. */
interface Reference {
  readonly src?: number
  readonly ref: CodeReference['ref']
}

const isPseudo = ({ code, src }: ReferringInsn): boolean =>
  src === (code === CALL ? BPF_PSEUDO_CALL : BPF_PSEUDO_FUNC)

/** What an instruction refers to, by relocation or, for calls within a section, by distance. */
function refer(
  relocator: Relocator,
  insn: ReferringInsn,
  slot: number,
  relocation: ObjectRelocation | undefined,
): Reference {
  const { context, extent } = relocator
  const fail = (what: string): never =>
    refuse(context, what, {
      section: extent.section.name,
      program: extent.symbol.name,
      insn: slot - extent.start,
    })
  const target = (section: number, at: number): string => {
    const found = relocator.functionAt(section, at)
    if (found === undefined) return fail(`calls instruction ${at} of its section, where no function is`)
    return found.start === at ? found.label : fail(`calls into the middle of function "${found.symbol.name}"`)
  }
  if (relocation === undefined) {
    const name = target(extent.section.index, slot + insn.imm + 1)
    return { ref: { kind: insn.code === CALL ? 'subprog' : 'funcAddress', name } }
  }
  const { symbol } = relocation
  const isCodeSymbol = isCode(context.elf.sections[symbol.section] ?? NO_SECTION)
  if (insn.code === CALL) {
    if (symbol.section === 0) {
      if (relocator.references.extern(symbol.name)?.kind !== 'function')
        return fail(`calls "${symbol.name}", which is neither in the object nor declared with __ksym`)
      return { src: BPF_PSEUDO_KFUNC_CALL, ref: { kind: 'kfunc', name: symbol.name } }
    }
    if (!isCodeSymbol) return fail(`calls "${symbol.name}", which is no function`)
    const name = target(symbol.section, symbol.value / 8 + insn.imm + 1)
    return { src: BPF_PSEUDO_CALL, ref: { kind: 'subprog', name } }
  }
  if (isCodeSymbol) {
    const name = target(symbol.section, (symbol.value + insn.imm) / 8)
    return { src: BPF_PSEUDO_FUNC, ref: { kind: 'funcAddress', name } }
  }
  return referToData(relocator, symbol, insn.imm, fail)
}

const NO_SECTION: ElfSection = {
  ...{ index: 0, name: '', type: 0, flags: 0, address: 0, offset: 0 },
  ...{ sizeBytes: 0, link: 0, info: 0, alignBytes: 0, entryBytes: 0 },
}

function referToData(
  { context, references, extent, jumpTables, budget }: Relocator,
  symbol: ObjectSymbol,
  addend: number,
  fail: (what: string) => never,
): Reference {
  const value = (map: string, offset: number): Reference => ({
    src: BPF_PSEUDO_MAP_VALUE,
    ref: { kind: 'mapValue', name: map, offset },
  })
  if (symbol.section === 0) {
    const extern = references.extern(symbol.name)
    if (extern === undefined)
      return fail(
        `refers to "${symbol.name}", which is neither in the object nor declared with __ksym or __kconfig`,
      )
    if (extern.kind === 'kconfig') return value(references.kconfigMap, extern.offsetBytes ?? 0)
    return { ref: { kind: 'ksym', name: symbol.name } }
  }
  const section = context.elf.sections[symbol.section]
  if (section?.name === JUMP_TABLES) {
    budget.entries -= symbol.sizeBytes / 8
    if (budget.entries < 0) return fail(`its jump tables have more than ${JUMPS_MAX} entries`)
    const table = readJumpTable(context, section, symbol, addend, extent, fail)
    jumpTables.set(table.label, table)
    return value(table.label, 0)
  }
  const map = references.mapAt(symbol, addend)
  if (map !== undefined) return { src: BPF_PSEUDO_MAP_FD, ref: { kind: 'map', name: map } }
  const data = references.dataAt(symbol, addend)
  if (data !== undefined) return value(data.map, data.offset)
  return fail(`refers to "${symbol.name}", which is in no section that becomes a map`)
}
