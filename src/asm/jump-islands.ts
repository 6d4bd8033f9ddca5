// Jumps farther than 16 bits for kernels without `gotol` (before Linux 6.6): stepping stones on the way.
//
//     if r1 == 0 goto far           if r1 == 0 goto island
//     …                             …
//                                   goto past               only where the code before would run into it
//                                 island:
//                                   goto far                or on to the next island
//                                 past:
//     …                             …
//   far:                          far:
//
// Jumps never leave their function, so what lies between a jump and its target is the same function's.
import { BPF_EXIT, BPF_JA, BPF_JMP, BPF_JMP32, BPF_X } from '../sys/bpf-constants.generated.ts'
import { jump, withLabel } from './build-jump.ts'
import type { Insn } from './insn.ts'
import {
  distanceOf,
  fitsOff,
  isShortJump,
  placeLabels,
  placeSlots,
  refuseNumericDistances,
} from './label-places.ts'

/** Slots from a jump to its island: less than the reach, so that later islands in between do not push it out. */
const HOP = 0x7000

/**
 * The same program with islands until every jump reaches; its own labels stay, and those of the islands remain on
 * the instructions after them.
 * @throws AsmError ASM_LABEL for labels missing or placed twice, ASM_JUMP_RANGE if a distance is given as a number
 */
export function addJumpIslands(insns: readonly Insn[]): Insn[] {
  const program = [...insns]
  for (let count = 0; ; count++) {
    const targets = placeLabels(program)
    const slots = placeSlots(program)
    const distance = (insn: Insn, index: number) => distanceOf(insn, index, targets, slots)
    const far = program.findIndex((insn, index) => isShortJump(insn) && !fitsOff(distance(insn, index)))
    if (far < 0) return program
    if (count === 0) refuseNumericDistances(insns)

    const { name } = program[far]!.ref!
    const forward = distance(program[far]!, far) > 0
    const place = firstAt(slots, slots[far]! + (forward ? HOP : -HOP))
    const island = `island ${count} to ${name}`
    // All jumps that do not reach this label but do reach the island go by it, the one found above first of all.
    for (const [index, insn] of program.entries()) {
      if (!isShortJump(insn) || insn.ref!.name !== name || fitsOff(distance(insn, index))) continue
      const toIsland = slots[place]! - slots[index]! - 1
      const onTheWay = forward ? index < place && toIsland > 0 : index >= place && toIsland < 0
      if (onTheWay && fitsOff(toIsland)) program[index] = { ...insn, ref: { kind: 'label', name: island } }
    }
    insertIsland(program, place, island, name)
  }
}

function insertIsland(program: Insn[], place: number, island: string, target: string): void {
  const hop = withLabel(jump(target), island)
  if (!runsOn(program[place - 1]!)) {
    program.splice(place, 0, hop)
    return
  }
  const past = `past ${island}`
  program[place] = withLabel(program[place]!, past)
  program.splice(place, 0, jump(past), hop)
}

/** Whether the next instruction is ever reached from this one; an unreachable skip would be refused by the verifier. */
function runsOn({ code }: Insn): boolean {
  const jumps = [BPF_JMP | BPF_JA, BPF_JMP | BPF_JA | BPF_X, BPF_JMP32 | BPF_JA, BPF_JMP | BPF_EXIT]
  return !jumps.includes(code)
}

/** Index of the first instruction at or behind a slot. */
function firstAt(slots: readonly number[], slot: number): number {
  let [low, high] = [0, slots.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (slots[middle]! < slot) low = middle + 1
    else high = middle
  }
  return low
}
