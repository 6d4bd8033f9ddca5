// The code of compiled programs as bytes. An object has tens of thousands of instructions, of which loading looks at the few that
// refer to something: the others go to the kernel as they came, and become objects only for who asks.

import { decode, type Insn, LD_IMM64, type Ref, slotCount } from '../../asm/index.ts'
import { AsmError } from '../../errors/index.ts'
import type { PlacedFunction } from './compiled-object.ts'

export interface ProgramCode {
  /** array of struct bpf_insn, little-endian; 0 where a reference is to be filled in */
  readonly bytes: Uint8Array
  /** in order */
  readonly references: readonly CodeReference[]
}

/** What the operand of a call or a 64-bit load stands for. */
export interface CodeReference {
  /** the instruction, counted in slots of 8 bytes */
  readonly slot: number
  readonly ref: Exclude<Ref, { readonly kind: 'label' }>
}

/** BPF_JMP | BPF_CALL */
export const CALL = 0x85

/**
 * Slots of the calls and 64-bit loads, which alone can refer to anything. Throws AsmError `ASM_BYTES` for a load without its
 * second half, which holds nothing but an immediate.
 */
export function referringSlots(bytes: Uint8Array): number[] {
  const slots: number[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    const code = bytes[at]
    if (code === CALL) slots.push(at >> 3)
    if (code !== LD_IMM64) continue
    slots.push(at >> 3)
    at += 8
    if (at >= bytes.length) throw new AsmError('ASM_BYTES', 'the last instruction is half of a 64-bit load')
    if ((bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) !== 0)
      throw new AsmError('ASM_BYTES', `second half of the 64-bit load in slot ${at / 8 - 1} is not empty`)
  }
  return slots
}

/** The instructions with their references, and the labels of the functions that they are. */
export function decodeCode({ bytes, references }: ProgramCode, functions: readonly PlacedFunction[]): Insn[] {
  const refs = new Map(references.map(each => [each.slot, each.ref]))
  const labels = new Map(functions.map(each => [each.slot, each.label]))
  let slot = 0
  return decode(bytes).map(insn => {
    const [ref, label] = [refs.get(slot), labels.get(slot)]
    slot += slotCount(insn)
    if (ref === undefined && label === undefined) return insn
    return {
      ...insn,
      ...(ref === undefined ? {} : { ref }),
      ...(label === undefined ? {} : { labels: [label] }),
    }
  })
}
