// Labels to offsets: jumps, calls of subprograms and addresses of subprograms get their distances, in slots.
// Every distance counts from the slot after the instruction's first one; a 64-bit load takes two slots.
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
import { CLASS_MASK, inverseJumpOp, LD_IMM64, OP_MASK, slotCount } from './opcode.ts'

export interface LabelOptions {
  /**
   * Whether the kernel knows `gotol`, the jump with a 32-bit offset (v4, Linux 6.6). If so, jumps that do not
   * reach their label are made long; if not, they are an error.
   */
  readonly longJumps?: boolean
}

/**
 * Fills in every reference to a label: `label`, `subprog` and `funcAddress` references disappear. References to
 * maps, kernel functions and kernel variables stay (see `resolveRefs`), and so do the labels themselves.
 * With `longJumps` the result can be longer than the input.
 * @throws AsmError ASM_LABEL for a label that is missing or placed twice, ASM_JUMP_RANGE for a jump that can't reach
 */
export function resolveLabels(insns: readonly Insn[], { longJumps = false }: LabelOptions = {}): Insn[] {
  const targets = placeLabels(insns)
  const far = new Set<number>()
  for (;;) {
    const slots = placeSlots(insns, far)
    const newlyFar = insns.flatMap((insn, index) => {
      if (far.has(index) || !isShortJump(insn)) return []
      return fits16(targetOf(insn, index, targets, slots) - slots[index]! - 1) ? [] : [index]
    })
    if (newlyFar.length === 0)
      return insns.flatMap((insn, index) => resolve(insn, index, targets, slots, far))
    if (!longJumps) throw outOfReach(insns[newlyFar[0]!]!, newlyFar[0]!)
    refuseNumericDistances(insns)
    // Lengthening one jump moves others apart, so look again until nothing new is out of reach.
    for (const index of newlyFar) far.add(index)
  }
}

/** Label name to the index of the instruction it stands before. */
function placeLabels(insns: readonly Insn[]): Map<string, number> {
  const targets = new Map<string, number>()
  for (const [index, insn] of insns.entries()) {
    for (const name of insn.labels ?? []) {
      if (targets.has(name)) throw new AsmError('ASM_LABEL', `label "${name}" is placed twice`, { index })
      targets.set(name, index)
    }
  }
  return targets
}

/** The first slot of every instruction. */
function placeSlots(insns: readonly Insn[], far: ReadonlySet<number>): number[] {
  let next = 0
  return insns.map((insn, index) => {
    const slot = next
    next += far.has(index) ? longForm(insn, 0).length : slotCount(insn)
    return slot
  })
}

function targetOf(
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
      { index },
    )
  }
  return slots[target]!
}

function resolve(
  insn: Insn,
  index: number,
  targets: ReadonlyMap<string, number>,
  slots: readonly number[],
  far: ReadonlySet<number>,
): Insn[] {
  const kind = insn.ref?.kind
  if (kind !== 'label' && kind !== 'subprog' && kind !== 'funcAddress') return [insn]
  const distance = targetOf(insn, index, targets, slots) - slots[index]! - 1
  const { ref: _, ...resolved } = insn
  if (kind === 'subprog') return [{ ...resolved, imm: distance }]
  if (kind === 'funcAddress') return [{ ...resolved, imm64: BigInt.asUintN(32, BigInt(distance)) }]
  if (isLongJump(insn)) return [{ ...resolved, imm: distance }]
  return far.has(index) ? longForm(resolved, distance) : [{ ...resolved, off: distance }]
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
  const gotol = (imm: number): Insn => ({
    ...from(insn),
    code: BPF_JMP32 | BPF_JA,
    dst: 0,
    src: 0,
    off: 0,
    imm,
  })
  const { ref: _, ...plain } = insn
  if (op === BPF_JA) return [{ ...plain, code: BPF_JMP32 | BPF_JA, off: 0, imm: distance }]
  const inverse = inverseJumpOp[op]
  if (inverse !== undefined) {
    return [{ ...plain, code: (insn.code & ~OP_MASK) | inverse, off: 1 }, gotol(distance - 1)]
  }
  const skip: Insn = { ...from(insn), code: BPF_JMP | BPF_JA, dst: 0, src: 0, off: 1, imm: 0 }
  return [{ ...plain, off: 1 }, skip, gotol(distance - 2)]
}

/** Growing a program moves what is behind; only distances given by label can follow. */
function refuseNumericDistances(insns: readonly Insn[]): void {
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

function from(insn: Insn): Pick<Insn, 'source'> {
  return insn.source === undefined ? {} : { source: insn.source }
}

function isShortJump(insn: Insn): boolean {
  return insn.ref?.kind === 'label' && !isLongJump(insn)
}

function isLongJump(insn: Insn): boolean {
  return insn.code === (BPF_JMP32 | BPF_JA)
}

function fits16(distance: number): boolean {
  return distance >= -0x8000 && distance <= 0x7fff
}

function outOfReach(insn: Insn, index: number): AsmError {
  return new AsmError(
    'ASM_JUMP_RANGE',
    `jump at instruction ${index} to "${insn.ref!.name}" is farther than 32767 slots: long jumps need Linux >= 6.6`,
    { index },
  )
}
