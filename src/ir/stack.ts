// The stack of a whole chain of calls: the kernel allows 512 bytes for all its frames together, each rounded up
// to 32 bytes (kernel/bpf/verifier.c, check_max_stack_depth), and 8 frames.

import { IrError } from '../errors/ir-error.ts'
import { STACK_BYTES, tooMuch } from './machine/frame.ts'

interface Frame {
  readonly name: string
  readonly stackBytes: number
  readonly calls: readonly string[]
}

const MAX_CALL_FRAMES = 8

/** @throws IrError IR_STACK for a chain that needs too much, IR_MISUSE for a call of an unknown function or recursion */
export function checkCallChains(main: string, frames: readonly Frame[]): void {
  const byName = new Map(frames.map(frame => [frame.name, frame]))
  const visit = (name: string, chain: readonly Frame[]): void => {
    const frame = byName.get(name)
    if (frame === undefined) throw new IrError('IR_MISUSE', `subprogram "${name}" is not built`)
    const next = [...chain, frame]
    const names = next.map(f => f.name).join(' → ')
    if (chain.includes(frame)) throw new IrError('IR_MISUSE', `subprogram "${name}" calls itself: ${names}`)
    if (next.length > MAX_CALL_FRAMES) {
      throw new IrError(
        'IR_STACK',
        `${names}: ${next.length} calls deep, the kernel allows ${MAX_CALL_FRAMES}`,
      )
    }
    const uses = next.map(f => ({ function: f.name, name: f.name, sizeBytes: roundUp(f.stackBytes) }))
    const total = uses.reduce((sum, use) => sum + use.sizeBytes, 0)
    if (total > STACK_BYTES)
      throw new IrError('IR_STACK', tooMuch(`${names} needs ${total} bytes of stack`, uses), uses)
    for (const callee of frame.calls) visit(callee, next)
  }
  visit(main, [])
}

/** Frames count as at least one byte. */
function roundUp(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / 32) * 32
}
