// From a compiled program to one for this kernel: questions to its types answered, externs resolved, what is absent turned into
// instructions that are harmless unless they are reached. The verifier calls those "unknown" functions; what each of them stood
// for is kept, so that the error can say it.

import { type Insn, LD_IMM64, slotCount } from '../asm/index.ts'
import type { CoreAnswer, CoreResolver } from '../btf/index.ts'
import type { CompiledProgram } from '../elf/index.ts'
import { BtfError } from '../errors/index.ts'
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_B,
  BPF_CALL,
  BPF_DW,
  BPF_H,
  BPF_JMP,
  BPF_LDX,
  BPF_PSEUDO_BTF_ID,
  BPF_ST,
  BPF_STX,
  BPF_W,
  BPF_X,
} from '../sys/index.ts'
import type { FoundName, KernelNames } from './kernel-names.ts'

/** Numbers of functions that no kernel has; the same as libbpf's, which other tools know, too. */
const POISON_CORE = 0xbad2310
const POISON_MAP = 2_001_000_000
const POISON_KFUNC = 2_002_000_000

export interface RelocateInput {
  /** undefined when the object has no types */
  readonly core: () => CoreResolver
  readonly names: KernelNames
  /** labels of maps that were not made */
  readonly missingMaps: ReadonlySet<string>
  readonly fail: (what: string, slot: number, cause?: unknown) => never
}

export interface RelocatedProgram {
  readonly insns: readonly Insn[]
  /** why an instruction must not be reached, by slot */
  readonly poisoned: ReadonlyMap<number, string>
}

/** Throws what `fail` throws. */
export function relocate(program: CompiledProgram, input: RelocateInput): RelocatedProgram {
  const poisoned = new Map<number, string>()
  const starts = new Map(program.functions.map(each => [each.label, each.slot]))
  const answers = new Map(program.relocations.map(each => [each.slot, each]))
  const insns: Insn[] = []
  let slot = 0
  let poisonCount = 0
  for (const insn of program.insns) {
    const here = slot
    slot += slotCount(insn)
    const question = answers.get(here)
    const poison = (number: number, why: string) => {
      poisoned.set(here, why)
      insns.push(...poisonInsns(insn, number))
    }
    if (question !== undefined) {
      const core = input.core()
      try {
        const answer = core.answer(question)
        const patched = answer.poison ? undefined : patch(insn, answer)
        if (patched !== undefined) insns.push(patched)
        else poison(POISON_CORE, whyPoisoned(core, question, answer))
      } catch (cause) {
        if (!(cause instanceof BtfError)) throw cause
        return input.fail(`CO-RE relocation: ${cause.message}`, here, cause)
      }
      continue
    }
    const { ref } = insn
    if (ref === undefined) {
      insns.push(insn)
      continue
    }
    if (ref.kind === 'subprog' || ref.kind === 'funcAddress') {
      const distance = starts.get(ref.name)! - here - 1
      const { ref: _, ...plain } = insn
      insns.push(
        ref.kind === 'subprog'
          ? { ...plain, imm: distance }
          : { ...plain, imm64: BigInt.asUintN(32, BigInt(distance)) },
      )
      continue
    }
    if (ref.kind === 'kfunc') {
      const found = input.names.find(ref.name, what => input.fail(what, here))
      if (found.kind === 'btf') insns.push(insn)
      else poison(POISON_KFUNC + poisonCount++, `this kernel has no function "${ref.name}" (declared weak)`)
    } else if (ref.kind === 'ksym') {
      const found = input.names.find(ref.name, what => input.fail(what, here))
      insns.push(loadOf(insn, found))
    } else if ((ref.kind === 'map' || ref.kind === 'mapValue') && input.missingMaps.has(ref.name))
      poison(POISON_MAP + poisonCount++, `map "${ref.name}" was left out (autocreate is off)`)
    else insns.push(insn)
  }
  return { insns, poisoned }
}

function whyPoisoned(
  core: CoreResolver,
  question: CompiledProgram['relocations'][number],
  answer: CoreAnswer,
): string {
  const what = core.describe(question)
  if (!answer.poison)
    return `CO-RE relocation ${what}: the field has ${answer.wasBytes} bytes in the program and ${answer.bytes} in this kernel, and one cannot be read as the other`
  const candidates = core.candidates(question)
  return candidates.length === 0
    ? `CO-RE relocation ${what}: this kernel has no type of that name and kind`
    : `CO-RE relocation ${what}: none fits of ${candidates.join(', ')}`
}

/** Both slots of a load, so that the verifier does not stumble over the second. */
function poisonInsns(insn: Insn, imm: number): Insn[] {
  const call: Insn = { code: BPF_JMP | BPF_CALL, dst: 0, src: 0, off: 0, imm }
  const first: Insn = {
    ...call,
    ...(insn.labels === undefined ? {} : { labels: insn.labels }),
    ...(insn.source === undefined ? {} : { source: insn.source }),
  }
  return insn.code === LD_IMM64 ? [first, call] : [first]
}

/** The address of a symbol, or a typed variable by its id; 0 for a weak one that is absent. */
function loadOf(insn: Insn, found: FoundName): Insn {
  const { ref: _, ...plain } = insn
  switch (found.kind) {
    case 'absent':
      return { ...plain, src: 0, imm64: 0n }
    case 'address':
      return { ...plain, src: 0, imm64: found.address }
    case 'btf':
      return {
        ...plain,
        src: BPF_PSEUDO_BTF_ID,
        imm64: (BigInt(found.moduleFd) << 32n) | BigInt(found.btfId),
      }
  }
}

const SIZE_BITS: Readonly<Record<number, number>> = { 1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW }
const CLASS_MASK = 7
const SIZE_MASK = 0x18

/**
 * The instruction with the kernel's number: immediates of arithmetic and of 64-bit loads, offsets (and widths) of loads and
 * stores. Undefined when the width cannot be made up for.
 * @throws BtfError for an instruction that takes no number, or holds another than the compiler should have put there
 */
function patch(insn: Insn, answer: CoreAnswer): Insn | undefined {
  const { value, was, certain } = answer
  const check = (holds: bigint) => {
    if (certain && BigInt.asUintN(64, holds) !== BigInt.asUintN(64, was))
      throw new BtfError(`the instruction holds ${holds} where the program's own types say ${was}`)
  }
  switch (insn.code & CLASS_MASK) {
    case BPF_ALU:
    case BPF_ALU64:
      if ((insn.code & BPF_X) !== 0) throw new BtfError('arithmetic on a register takes no number')
      check(BigInt(insn.imm))
      return { ...insn, imm: Number(BigInt.asIntN(32, value)) }
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX: {
      check(BigInt(insn.off))
      if (value > 0x7fffn) throw new BtfError(`offset ${value} does not fit 16 bits`)
      if (answer.widthUnfit) return undefined
      if (answer.bytes === answer.wasBytes) return { ...insn, off: Number(value) }
      const size = SIZE_BITS[answer.bytes]
      if (SIZE_BITS[answer.wasBytes] !== (insn.code & SIZE_MASK) || size === undefined)
        throw new BtfError(
          `a load of a field of ${answer.wasBytes} bytes cannot become one of ${answer.bytes}`,
        )
      return { ...insn, off: Number(value), code: (insn.code & ~SIZE_MASK) | size }
    }
    default:
      if (insn.code !== LD_IMM64 || insn.src !== 0)
        throw new BtfError(`instruction 0x${insn.code.toString(16)} takes no number`)
      check(insn.imm64 ?? 0n)
      return { ...insn, imm64: BigInt.asUintN(64, value) }
  }
}
