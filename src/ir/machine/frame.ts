// The stack frame: 512 bytes below r10, first the front end's slots, then spill slots.
//
//     r10 - 0  ┐ slots, widest alignment first, each aligned
//     …        ┘
//     …        ┐ spill slots, 8 bytes each
//     r10-512  ┘

import { IrError, type StackUse } from '../../errors/ir-error.ts'
import type { Func } from '../func.ts'

/** Bytes of stack one function may use, and all functions of one chain of calls together (MAX_BPF_STACK). */
export const STACK_BYTES = 512

export interface SlotLayout {
  /** offset from r10 of each slot, by slot id; undefined for slots nothing refers to */
  readonly offsets: readonly (number | undefined)[]
  /** bytes taken, a multiple of 8 */
  readonly sizeBytes: number
}

/** Gives each slot that is used its place. */
export function layoutSlots(func: Func): SlotLayout {
  const used = new Set<number>()
  for (const { ops } of func.blocks) for (const op of ops) if (op.kind === 'slot') used.add(op.slot)
  const offsets: (number | undefined)[] = func.slots.map(() => undefined)
  let bytes = 0
  for (const [id, { sizeBytes, alignBytes }] of func.slots.entries()) {
    if (!used.has(id)) continue
    bytes = roundUp(bytes + sizeBytes, alignBytes)
    offsets[id] = -bytes
  }
  return { offsets, sizeBytes: roundUp(bytes, 8) }
}

/** The whole frame of a function. @throws IrError IR_STACK, naming what takes the bytes */
export function checkFrame(func: Func, slotBytes: number, spillSlots: number): number {
  const total = slotBytes + 8 * spillSlots
  if (total <= STACK_BYTES) return total
  const uses: StackUse[] = func.slots.map(({ name, sizeBytes }) => ({ function: func.name, name, sizeBytes }))
  if (spillSlots > 0) uses.push({ function: func.name, name: 'spilled registers', sizeBytes: 8 * spillSlots })
  throw new IrError('IR_STACK', tooMuch(`"${func.name}" needs ${total} bytes of stack`, uses), uses)
}

/** The message for too much stack: the largest uses, and what to do. */
export function tooMuch(what: string, uses: readonly StackUse[]): string {
  const largest = [...uses].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 4)
  const list = largest.map(use => `${use.name} ${use.sizeBytes}`).join(', ')
  return `${what}, the kernel allows ${STACK_BYTES} (${list}): keep large buffers in a map`
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
