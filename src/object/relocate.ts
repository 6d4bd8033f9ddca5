// From a compiled program to one for this kernel: questions to its types answered, externs resolved, what is absent turned into
// instructions that are harmless unless they are reached. The verifier calls those "unknown" functions; what each of them stood
// for is kept, so that the error can say it.

import type { CoreAnswer, CoreResolver } from '../btf/index.ts'
import type { CodeReference, CompiledProgram, ProgramRelocation } from '../elf/index.ts'
import { BtfError } from '../errors/index.ts'
import { BPF_PSEUDO_BTF_ID } from '../sys/index.ts'
import type { KernelNames } from './kernel-names.ts'
import { loadNumber, patchInsn, writePoison } from './patch-insn.ts'

/** Numbers of functions that no kernel has; the same as libbpf's, which other tools know, too. */
const POISON_CORE = 0xbad2310
export const POISON_MAP = 2_001_000_000
const POISON_KFUNC = 2_002_000_000

export interface RelocateInput {
  /** undefined when the object has no types */
  readonly core: () => CoreResolver
  readonly names: KernelNames
  /** maps that were made, by their label */
  readonly maps: Readonly<Record<string, { readonly fd: number }>>
  readonly fail: (what: string, slot: number, cause?: unknown) => never
}

export interface RelocatedProgram {
  /** array of struct bpf_insn, ready for the kernel */
  readonly code: Uint8Array
  /** why an instruction must not be reached, by slot */
  readonly poisoned: ReadonlyMap<number, string>
}

/** Throws what `fail` throws. */
export function relocate(program: CompiledProgram, input: RelocateInput): RelocatedProgram {
  const code = Uint8Array.from(program.code.bytes)
  const view = new DataView(code.buffer)
  const poisoned = new Map<number, string>()
  const { relocations } = program
  for (let i = 0; i < relocations.length; i++) {
    const question = relocations[i]!
    // of several at one instruction the last one holds
    if (relocations[i + 1]?.slot === question.slot) continue
    const why = answerQuestion(question, view, input)
    if (why !== undefined) poisoned.set(question.slot, why)
  }
  const starts = new Map(program.functions.map(each => [each.label, each.slot]))
  let poisonCount = 0
  for (const reference of program.code.references) {
    if (poisoned.has(reference.slot)) continue
    const why = fillIn(reference, view, starts, input, poisonCount)
    if (why === undefined) continue
    poisoned.set(reference.slot, why)
    poisonCount++
  }
  return { code, poisoned }
}

/** Puts the kernel's answer into the instruction. Why it must not be reached, if it was poisoned instead. */
function answerQuestion(
  question: ProgramRelocation,
  view: DataView,
  input: RelocateInput,
): string | undefined {
  const { slot } = question
  const core = input.core()
  try {
    if (!Number.isInteger(slot)) throw new BtfError('it stands at no instruction')
    const answer = core.answer(question)
    if (!answer.poison && patchInsn(view, slot, answer)) return undefined
    writePoison(view, slot, POISON_CORE)
    return whyPoisoned(core, question, answer)
  } catch (cause) {
    if (!(cause instanceof BtfError)) throw cause
    return input.fail(`CO-RE relocation: ${cause.message}`, Math.floor(slot), cause)
  }
}

function whyPoisoned(core: CoreResolver, question: ProgramRelocation, answer: CoreAnswer): string {
  const what = core.describe(question)
  if (!answer.poison)
    return `CO-RE relocation ${what}: the field has ${answer.wasBytes} bytes in the program and ${answer.bytes} in this kernel, and one cannot be read as the other`
  const candidates = core.candidates(question)
  return candidates.length === 0
    ? `CO-RE relocation ${what}: this kernel has no type of that name and kind`
    : `CO-RE relocation ${what}: none fits of ${candidates.join(', ')}`
}

/** Puts the number of what an instruction refers to into it. Why it must not be reached, if it was poisoned instead. */
function fillIn(
  { slot, ref }: CodeReference,
  view: DataView,
  starts: ReadonlyMap<string, number>,
  input: RelocateInput,
  poisonCount: number,
): string | undefined {
  const find = (name: string) => input.names.find(name, what => input.fail(what, slot))
  switch (ref.kind) {
    case 'subprog':
    case 'funcAddress':
      // both have it in the same place
      view.setInt32(slot * 8 + 4, starts.get(ref.name)! - slot - 1, true)
      return undefined
    case 'kfunc': {
      const found = find(ref.name)
      if (found.kind === 'btf') {
        view.setInt16(slot * 8 + 2, found.fdIndex, true)
        view.setInt32(slot * 8 + 4, found.btfId, true)
        return undefined
      }
      writePoison(view, slot, POISON_KFUNC + poisonCount)
      return `this kernel has no function "${ref.name}" (declared weak)`
    }
    case 'ksym': {
      const found = find(ref.name)
      setSource(view, slot, found.kind === 'btf' ? BPF_PSEUDO_BTF_ID : 0)
      // the address of a symbol, or a typed variable by its id; 0 for a weak one that is absent
      if (found.kind === 'btf') loadNumber(view, slot, found.btfId, found.moduleFd)
      if (found.kind === 'address')
        loadNumber(view, slot, Number(found.address & 0xffff_ffffn), Number(found.address >> 32n))
      return undefined
    }
    case 'map':
    case 'mapValue': {
      const map = input.maps[ref.name]
      if (map !== undefined) {
        loadNumber(view, slot, map.fd, ref.kind === 'mapValue' ? ref.offset : 0)
        return undefined
      }
      writePoison(view, slot, POISON_MAP + poisonCount)
      return `map "${ref.name}" was left out (autocreate is off)`
    }
  }
}

/** The upper half of the byte of registers. */
export function setSource(view: DataView, slot: number, src: number): void {
  view.setUint8(slot * 8 + 1, (view.getUint8(slot * 8 + 1) & 15) | (src << 4))
}
