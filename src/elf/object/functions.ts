// The functions of an object, each with its instructions: what they refer to by relocation has become a reference by name.

import { decode, type Insn, LD_IMM64, slotCount } from '../../asm/index.ts'
import { AsmError } from '../../errors/index.ts'
import {
  BPF_CALL,
  BPF_JMP,
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
  readonly insns: readonly Insn[]
  /** labels of what it calls or hands on as a callback, in order, each as often */
  readonly callees: readonly string[]
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

export const isCode = (section: ElfSection): boolean =>
  section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.sizeBytes > 0

/** All functions, section by section and in order. Throws ObjectError, AsmError. */
export function readFunctions(context: ReadContext, references: DataReferences): ObjectFunction[] {
  const extents = new Map<number, readonly Extent[]>()
  const labels = new Set<string>()
  for (const section of context.elf.sections.filter(isCode))
    extents.set(section.index, extentsIn(context, section, labels))
  const functionAt = (section: number, slot: number): Extent | undefined =>
    extents.get(section)?.find(extent => extent.start <= slot && slot < extent.end)
  return [...extents].flatMap(([index, list]) => {
    const section = context.elf.sections[index]!
    const bytes = sectionData(context.elf, section)
    const relocations = relocationsOf(context, section)
    checkRelocated(context, section, bytes, relocations)
    return list.map(extent => {
      const code = decodeFunction(context, extent, bytes)
      const relocator = { context, references, extent, functionAt }
      const callees: string[] = []
      let slot = extent.start
      const insns = code.map(insn => {
        const here = slot
        slot += slotCount(insn)
        // nothing else refers to anything
        if (insn.code !== CALL && insn.code !== LD_IMM64) return insn
        const resolved = refer(relocator, insn, here, relocations.get(here * 8))
        const { ref } = resolved
        if (ref?.kind === 'subprog' || ref?.kind === 'funcAddress') callees.push(ref.name)
        return resolved
      })
      insns[0] = { ...insns[0]!, labels: [extent.label] }
      const { name, isLocal } = extent.symbol
      return {
        name,
        label: extent.label,
        section,
        start: extent.start,
        end: extent.end,
        isLocal,
        insns,
        callees,
      }
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

function decodeFunction(context: ReadContext, extent: Extent, bytes: Uint8Array): Insn[] {
  const endian = context.elf.littleEndian ? 'little' : 'big'
  try {
    return decode(bytes.subarray(extent.start * 8, extent.end * 8), { endian })
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
}

const CALL = BPF_JMP | BPF_CALL

/** The instruction with what it refers to, by relocation or, for calls within a section, by distance. */
function refer(
  relocator: Relocator,
  insn: Insn,
  slot: number,
  relocation: ObjectRelocation | undefined,
): Insn {
  const { context, extent } = relocator
  const fail = (what: string): never =>
    refuse(context, what, {
      section: extent.section.name,
      program: extent.symbol.name,
      insn: slot - extent.start,
    })
  const target = (section: number, at: number): Extent => {
    const found = relocator.functionAt(section, at)
    if (found === undefined) return fail(`calls instruction ${at} of its section, where no function is`)
    return found.start === at ? found : fail(`calls into the middle of function "${found.symbol.name}"`)
  }
  if (relocation === undefined) {
    if (insn.code === CALL && insn.src === BPF_PSEUDO_CALL) {
      const to = target(extent.section.index, slot + insn.imm + 1)
      return { ...insn, imm: 0, ref: { kind: 'subprog', name: to.label } }
    }
    if (insn.code === LD_IMM64 && insn.src === BPF_PSEUDO_FUNC) {
      const to = target(extent.section.index, slot + Number(BigInt.asIntN(32, insn.imm64!)) + 1)
      return { ...insn, imm64: 0n, ref: { kind: 'funcAddress', name: to.label } }
    }
    return insn
  }
  const { symbol } = relocation
  const isCodeSymbol = isCode(context.elf.sections[symbol.section] ?? NO_SECTION)
  if (insn.code === CALL) {
    if (symbol.section === 0) {
      if (relocator.references.extern(symbol.name)?.kind !== 'function')
        return fail(`calls "${symbol.name}", which is neither in the object nor declared with __ksym`)
      return { ...insn, src: BPF_PSEUDO_KFUNC_CALL, imm: 0, ref: { kind: 'kfunc', name: symbol.name } }
    }
    if (!isCodeSymbol) return fail(`calls "${symbol.name}", which is no function`)
    const to = target(symbol.section, symbol.value / 8 + insn.imm + 1)
    return { ...insn, src: BPF_PSEUDO_CALL, imm: 0, ref: { kind: 'subprog', name: to.label } }
  }
  const addend = Number(BigInt.asIntN(32, insn.imm64!))
  if (isCodeSymbol) {
    const to = target(symbol.section, (symbol.value + addend) / 8)
    return { ...insn, src: BPF_PSEUDO_FUNC, imm64: 0n, ref: { kind: 'funcAddress', name: to.label } }
  }
  return referToData(relocator, insn, symbol, addend, fail)
}

const NO_SECTION: ElfSection = {
  ...{ index: 0, name: '', type: 0, flags: 0, address: 0, offset: 0 },
  ...{ sizeBytes: 0, link: 0, info: 0, alignBytes: 0, entryBytes: 0 },
}

function referToData(
  { references }: Relocator,
  insn: Insn,
  symbol: ObjectSymbol,
  addend: number,
  fail: (what: string) => never,
): Insn {
  const value = (map: string, offset: number): Insn => ({
    ...insn,
    src: BPF_PSEUDO_MAP_VALUE,
    imm64: 0n,
    ref: { kind: 'mapValue', name: map, offset },
  })
  if (symbol.section === 0) {
    const extern = references.extern(symbol.name)
    if (extern === undefined)
      return fail(
        `refers to "${symbol.name}", which is neither in the object nor declared with __ksym or __kconfig`,
      )
    if (extern.kind === 'kconfig') return value(references.kconfigMap, extern.offsetBytes ?? 0)
    return { ...insn, imm64: 0n, ref: { kind: 'ksym', name: symbol.name } }
  }
  const map = references.mapAt(symbol, addend)
  if (map !== undefined)
    return { ...insn, src: BPF_PSEUDO_MAP_FD, imm64: 0n, ref: { kind: 'map', name: map } }
  const data = references.dataAt(symbol, addend)
  if (data !== undefined) return value(data.map, data.offset)
  return fail(`refers to "${symbol.name}", which is in no section that becomes a map`)
}
