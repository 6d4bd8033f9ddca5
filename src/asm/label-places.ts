// Where labels stand and how far jumps must reach, in slots.
import { AsmError } from '../errors/asm-error.ts'
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
} from '../sys/bpf-constants.generated.ts'
import type { Insn } from './insn.ts'
import { CLASS_MASK, LD_IMM64, slotCount } from './opcode.ts'

/**
 * Label name to the index of the instruction it stands before.
 * @throws AsmError ASM_LABEL for a label placed twice
 */
export function placeLabels(insns: readonly Insn[]): Map<string, number> {
  const targets = new Map<string, number>()
  for (const [index, insn] of insns.entries()) {
    for (const name of insn.labels ?? []) {
      if (targets.has(name)) throw new AsmError('ASM_LABEL', `label "${name}" is placed twice`, { index })
      targets.set(name, index)
    }
  }
  return targets
}

/** The first slot of every instruction; `slotsOf` says how many one takes. */
export function placeSlots(
  insns: readonly Insn[],
  slotsOf: (insn: Insn, index: number) => number = slotCount,
): number[] {
  let next = 0
  return insns.map((insn, index) => {
    const slot = next
    next += slotsOf(insn, index)
    return slot
  })
}

/**
 * How far the instruction is from the label it refers to, as its offset counts: from its first slot plus one.
 * @throws AsmError ASM_LABEL if the label is placed nowhere
 */
export function distanceOf(
  insn: Insn,
  index: number,
  targets: ReadonlyMap<string, number>,
  slots: readonly number[],
): number {
  const name = insn.ref!.name
  const target = targets.get(name)
  if (target === undefined) {
    throw new AsmError(
      'ASM_LABEL',
      `instruction ${index} refers to label "${name}", which is placed nowhere`,
      {
        index,
      },
    )
  }
  return slots[target]! - slots[index]! - 1
}

/** A jump to a label by the 16-bit offset. */
export function isShortJump(insn: Insn): boolean {
  return insn.ref?.kind === 'label' && insn.code !== (BPF_JMP32 | BPF_JA)
}

/** Whether a distance fits the 16-bit offset. */
export function fitsOff(distance: number): boolean {
  return distance >= -0x8000 && distance <= 0x7fff
}

/**
 * Growing a program moves what is behind; only distances given by label can follow.
 * @throws AsmError ASM_JUMP_RANGE if any is given as a number
 */
export function refuseNumericDistances(insns: readonly Insn[]): void {
  const index = insns.findIndex(insn => insn.ref === undefined && hasDistance(insn))
  if (index < 0) return
  throw new AsmError(
    'ASM_JUMP_RANGE',
    `the program needs long jumps, but instruction ${index} gives its distance as a number: give it a label`,
    { index },
  )
}

function hasDistance({ code, src }: Insn): boolean {
  if (code === LD_IMM64) return src === BPF_PSEUDO_FUNC
  const instructionClass = code & CLASS_MASK
  if (instructionClass !== BPF_JMP && instructionClass !== BPF_JMP32) return false
  if (code === (BPF_JMP | BPF_CALL)) return src === BPF_PSEUDO_CALL
  return code !== (BPF_JMP | BPF_EXIT)
}
