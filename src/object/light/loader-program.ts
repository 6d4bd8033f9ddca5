// One program, loaded by the loader: what its instructions refer to is filled into them first, by the loader where only the kernel
// knows it.

import { aluImm, jumpIfImm, load, R0, R1, R2, R7, store } from '../../asm/index.ts'
import type { CompiledObject, CompiledProgram } from '../../elf/index.ts'
import { attachesByBtf, attachesToMany, targetNaming } from '../../program/index.ts'
import {
  BPF_PROG_LOAD,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  sanitizeName,
} from '../../sys/index.ts'
import { loadNumber, writePoison } from '../patch-insn.ts'
import { POISON_MAP, setSource } from '../relocate.ts'
import { attribute } from './attribute.ts'
import { coreRecords } from './core-records.ts'
import { CTX_LOG_BUF, CTX_LOG_LEVEL, CTX_LOG_SIZE } from './layout.ts'
import type { LoaderCode } from './loader-code.ts'
import { BTF_KIND_FUNC, BTF_KIND_TYPEDEF, findType, type LoaderExtern } from './loader-externs.ts'

export interface ProgramPlaces {
  readonly object: CompiledObject
  /** by name */
  readonly found: ReadonlyMap<string, LoaderExtern>
  /** in the array of descriptors that starts the data */
  readonly mapIndex: (label: string) => number | undefined
  /** where in the data descriptors are: the object's types, a target's types, this program */
  readonly typesSlot: number
  readonly targetSlot: number
  readonly slot: number
  /** of the object's types; undefined when it has none */
  readonly typesAt: number | undefined
}

/** of BPF_PROG_LOAD: up to fd_array, and up to core_relo_rec_size, which kernels before 5.17 do not know */
const ATTR_BYTES = 128
const ATTR_CORE_BYTES = 140

export function loadProgramBy(code: LoaderCode, program: CompiledProgram, places: ProgramPlaces): void {
  const { object, typesAt, typesSlot, targetSlot } = places
  const { name, info } = program
  const insnsAt = code.data(linkCode(program, places))
  const license = code.text(object.license)
  const records = typesAt === undefined ? new Uint8Array() : coreRecords(object, program)
  const hasRecords = records.length > 0
  const attr = attribute(hasRecords ? ATTR_CORE_BYTES : ATTR_BYTES, (view, bytes) => {
    const set = (at: number, value: number) => view.setUint32(at, value, true)
    set(0, program.type)
    set(4, program.code.bytes.length / 8)
    set(40, program.kernelVersion ?? 0)
    set(44, program.flags ?? 0)
    bytes.set(Buffer.from(sanitizeName(name)), 48)
    set(68, program.expectedAttachType ?? 0)
    if (typesAt !== undefined && info !== undefined) {
      set(76, info.funcInfoRecSize)
      set(88, info.funcInfo.length / info.funcInfoRecSize)
      set(92, info.lineInfoRecSize)
      set(104, info.lineInfo.length / info.lineInfoRecSize)
    }
    if (!hasRecords) return
    set(116, records.length / CORE_RECORD_BYTES)
    set(136, CORE_RECORD_BYTES)
  })
  const at = code.data(attr)
  const hasTarget = attachesByBtf(program.type) && !attachesToMany(program.expectedAttachType)
  if (hasTarget) findTarget(code, program, at, targetSlot)
  code.step('program', name)
  code.pointer(at + 8, insnsAt)
  code.pointer(at + 16, license.at)
  code.fromContext(at + 24, CTX_LOG_LEVEL, 4)
  code.fromContext(at + 28, CTX_LOG_SIZE, 4)
  code.fromContext(at + 32, CTX_LOG_BUF, 8)
  code.pointer(at + 120, 0)
  if (typesAt !== undefined) {
    code.copy(at + 72, typesSlot, 4)
    if (info !== undefined && info.funcInfo.length > 0) code.pointer(at + 80, code.data(info.funcInfo))
    if (info !== undefined && info.lineInfo.length > 0) code.pointer(at + 96, code.data(info.lineInfo))
  }
  if (hasRecords) code.pointer(at + 128, code.data(records))
  fillExterns(code, program, places, insnsAt)
  code.bpfFd(BPF_PROG_LOAD, at, attr.length, places.slot)
  if (hasTarget) code.close(targetSlot)
}

/** sizeof(struct bpf_core_relo) */
const CORE_RECORD_BYTES = 16

/** Fills in what is known already: functions, and maps by their place among the descriptors. */
function linkCode(program: CompiledProgram, { mapIndex, found }: ProgramPlaces): Uint8Array {
  const bytes = Uint8Array.from(program.code.bytes)
  const view = new DataView(bytes.buffer)
  const starts = new Map(program.functions.map(each => [each.label, each.slot]))
  for (const { slot, ref } of program.code.references) {
    switch (ref.kind) {
      case 'subprog':
      case 'funcAddress':
        view.setInt32(slot * 8 + 4, starts.get(ref.name)! - slot - 1, true)
        break
      case 'map':
      case 'mapValue': {
        const index = mapIndex(ref.name)
        if (index === undefined) {
          writePoison(view, slot, POISON_MAP)
          break
        }
        setSource(view, slot, ref.kind === 'map' ? BPF_PSEUDO_MAP_IDX : BPF_PSEUDO_MAP_IDX_VALUE)
        loadNumber(view, slot, index, ref.kind === 'map' ? 0 : ref.offset)
        break
      }
      case 'ksym':
        setSource(view, slot, found.get(ref.name)?.extern.kind === 'address' ? 0 : BPF_PSEUDO_BTF_ID)
        break
      case 'kfunc':
        break
      default:
        ref satisfies never
    }
  }
  return bytes
}

/** What only the loader gets to know. */
function fillExterns(
  code: LoaderCode,
  { code: { references } }: CompiledProgram,
  { found }: ProgramPlaces,
  insnsAt: number,
): void {
  for (const { slot, ref } of references) {
    if (ref.kind !== 'ksym' && ref.kind !== 'kfunc') continue
    const { extern, foundAt, index } = found.get(ref.name)!
    const insn = insnsAt + slot * 8
    const done = code.newLabel()
    code.loadFrom(R0, foundAt, 4)
    code.emit(load(4, R2, R1, 4))
    code.address(R1, insn)
    code.emit(store(4, R1, 4, R0))
    if (ref.kind === 'kfunc') {
      // a module's are counted in the array of descriptors, in the field of offsets; the kernel's own have 0
      code.emit(jumpIfImm('eq', R2, 0, done))
      code.storeImmTo(insn + 2, 2, index)
    } else {
      code.emit(store(4, R1, 12, R2))
      if (extern.kind !== 'address' && extern.weak) {
        // absent, it is the number 0
        code.emit(jumpIfImm('ne', R0, 0, done), load(1, R2, R1, 1), aluImm('and', R2, 0x0f))
        code.emit(store(1, R1, 1, R2))
      }
    }
    code.place(done)
  }
}

/** Finds what a program attaches to by its types; descriptors are left in its attribute and in the slot. */
function findTarget(code: LoaderCode, program: CompiledProgram, at: number, targetSlot: number): void {
  const { prefix, kind } = targetNaming(program)
  const target = program.sectionName!.target!
  code.step('target', program.name)
  // the helper looks into modules on its own
  findType(
    code,
    prefix + target.slice(target.indexOf(':') + 1),
    kind === 'func' ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF,
  )
  code.giveUpOnError()
  code.storeTo(at + 108, 4, R7)
  code.emit(aluImm('rsh', R7, 32))
  code.storeTo(at + 112, 4, R7)
  code.storeTo(targetSlot, 4, R7)
}
