// Labels to offsets: jumps, calls of subprograms and addresses of subprograms get their distances, in slots.
// Every distance counts from the slot after the instruction's first one; a 64-bit load takes two slots.
import { BPF_JA, BPF_JMP, BPF_JMP32 } from '../sys/bpf-constants.generated.ts'
import type { Insn } from './insn.ts'
import { addJumpIslands } from './jump-islands.ts'
import {
  distanceOf,
  fitsOff,
  isShortJump,
  placeLabels,
  placeSlots,
  refuseNumericDistances,
} from './label-places.ts'
import { inverseJumpOp, OP_MASK, slotCount } from './opcode.ts'

export interface LabelOptions {
  /**
   * Whether the kernel knows `gotol`, the jump with a 32-bit offset (v4, Linux 6.6). Jumps that do not reach their
   * label by 16 bits are made long if so, and go by stepping stones if not.
   */
  readonly longJumps?: boolean
}

/**
 * Fills in every reference to a label: `label`, `subprog` and `funcAddress` references disappear. References to
 * maps, kernel functions and kernel variables stay (see `resolveRefs`), and so do the labels themselves.
 * A program of more than 32767 slots can come out longer than it was.
 * @throws AsmError ASM_LABEL for a label that is missing or placed twice, ASM_JUMP_RANGE for a program that has to
 * grow but has jumps without labels
 */
export function resolveLabels(insns: readonly Insn[], { longJumps = false }: LabelOptions = {}): Insn[] {
  if (longJumps) return resolveLong(insns)
  const near = addJumpIslands(insns)
  return resolveAll(near, new Set(), placeLabels(near), placeSlots(near))
}

/** Finds the jumps that must be long: lengthening one moves others apart, so until nothing new is out of reach. */
function resolveLong(insns: readonly Insn[]): Insn[] {
  const targets = placeLabels(insns)
  const far = new Set<number>()
  for (;;) {
    const slots = placeSlots(insns, (insn, index) => sizeOf(insn, far.has(index)))
    const before = far.size
    for (const [index, insn] of insns.entries()) {
      if (isShortJump(insn) && !fitsOff(distanceOf(insn, index, targets, slots))) far.add(index)
    }
    if (far.size === before) return resolveAll(insns, far, targets, slots)
    if (before === 0) refuseNumericDistances(insns)
  }
}

function resolveAll(
  insns: readonly Insn[],
  far: ReadonlySet<number>,
  targets: ReadonlyMap<string, number>,
  slots: readonly number[],
): Insn[] {
  return insns.flatMap((insn, index) => {
    const kind = insn.ref?.kind
    if (kind !== 'label' && kind !== 'subprog' && kind !== 'funcAddress') return insn
    const distance = distanceOf(insn, index, targets, slots)
    const { ref: _, ...resolved } = insn
    if (kind === 'funcAddress') return { ...resolved, imm64: BigInt.asUintN(32, BigInt(distance)) }
    if (kind === 'subprog' || !isShortJump(insn)) return { ...resolved, imm: distance }
    return far.has(index) ? longForm(resolved, distance) : { ...resolved, off: distance }
  })
}

function sizeOf(insn: Insn, far: boolean): number {
  return far ? longForm(insn, 0).length : slotCount(insn)
}

/**
 * A jump that reaches `distance` slots, as one to three instructions:
 *
 *     goto L           if a > b goto L        if a & b goto L     (nor may_goto have an inverse)
 *
 *     gotol L          if a <= b goto +1      if a & b goto +1
 *                      gotol L                goto +1
 *                                             gotol L
 */
function longForm(insn: Insn, distance: number): Insn[] {
  const op = insn.code & OP_MASK
  const source = insn.source === undefined ? {} : { source: insn.source }
  const gotol = (imm: number): Insn => ({ ...source, code: BPF_JMP32 | BPF_JA, dst: 0, src: 0, off: 0, imm })
  const { ref: _, ...plain } = insn
  if (op === BPF_JA) return [{ ...plain, code: BPF_JMP32 | BPF_JA, off: 0, imm: distance }]
  const inverse = inverseJumpOp[op]
  if (inverse !== undefined) {
    return [{ ...plain, code: (insn.code & ~OP_MASK) | inverse, off: 1 }, gotol(distance - 1)]
  }
  const skip: Insn = { ...source, code: BPF_JMP | BPF_JA, dst: 0, src: 0, off: 1, imm: 0 }
  return [{ ...plain, off: 1 }, skip, gotol(distance - 2)]
}
