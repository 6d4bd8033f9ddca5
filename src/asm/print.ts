// A whole program as text that `parse` reads back to the same instructions: the kernel's words, with labels and
// with names for what the bare numbers of the kernel's form would lose.
//
//         r1 = map[counts]
//         call bpf_map_lookup_elem#1
//         if r0 == 0x0 goto out
//         lock *(u64 *)(r0 +0) += r6
//     out:
//         exit
import {
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
} from '../sys/bpf-constants.generated.ts'
import { helperByName } from './helper.ts'
import type { Insn, SourceLine } from './insn.ts'
import { slotCount } from './opcode.ts'
import { kernelNames, type OperandNames, printInsn, printKernelInsn, signed } from './print-insn.ts'

export interface PrintOptions {
  /** source lines as comments before the instructions that came from them */
  readonly sources?: boolean
}

/** Labels stand at the margin, instructions indented; every line ends with a newline. Reads back with `parse`. */
export function print(insns: readonly Insn[], { sources = false }: PrintOptions = {}): string {
  let text = ''
  let previous: SourceLine | undefined
  for (const insn of insns) {
    for (const label of insn.labels ?? []) text += `${quoteName(label)}:\n`
    if (sources && insn.source !== undefined && !sameLine(insn.source, previous)) {
      previous = insn.source
      text += `    ; ${insn.source.text.trim()} @ ${insn.source.file}:${insn.source.line}\n`
    }
    text += `    ${printInsn(insn, textNames)}\n`
  }
  return text
}

/**
 * The listing of `bpftool prog dump xlated`: slot number, opcode, instruction.
 * @param names what bpftool shows for operands: `imm64: () => 'map[id:3]'`
 */
export function printKernel(insns: readonly Insn[], names: Partial<OperandNames> = {}): string {
  let slot = 0
  let text = ''
  for (const insn of insns) {
    text += `${String(slot).padStart(4)}: ${printKernelInsn(insn, names)}\n`
    slot += slotCount(insn)
  }
  return text
}

/** Names as text needs them; a plain 64-bit number is marked with ` ll` to tell it from a 32-bit move. */
const textNames: OperandNames = {
  imm64: insn => {
    const { ref, imm64 = 0n, src } = insn
    if (ref !== undefined) {
      const name = quoteName(ref.name)
      if (ref.kind === 'mapValue') return `map[${name}][0]${signed(ref.offset)}`
      return `${ref.kind === 'funcAddress' ? 'subprog' : ref.kind}[${name}]`
    }
    const low = Number(imm64 & 0xffffffffn)
    const high = Number(imm64 >> 32n)
    switch (src) {
      case BPF_PSEUDO_MAP_FD:
        return `map[fd:${low}]`
      case BPF_PSEUDO_MAP_VALUE:
        return `map[fd:${low}][0]+${high}`
      case BPF_PSEUDO_MAP_IDX:
        return `map[idx:${low}]`
      case BPF_PSEUDO_MAP_IDX_VALUE:
        return `map[idx:${low}][0]+${high}`
      case BPF_PSEUDO_BTF_ID:
        return high === 0 ? `btf[id:${low}]` : `btf[id:${low} fd:${high}]`
      case BPF_PSEUDO_FUNC:
        return `subprog[${signed(low | 0)}]`
      default:
        return `${kernelNames.imm64(insn)} ll`
    }
  },
  callee: insn => {
    const { ref, src, imm, off } = insn
    if (ref?.kind === 'kfunc') return `kfunc[${quoteName(ref.name)}]`
    if (ref !== undefined)
      return helperByName(ref.name) === undefined ? quoteName(ref.name) : JSON.stringify(ref.name)
    if (src !== BPF_PSEUDO_KFUNC_CALL) return kernelNames.callee(insn)
    return off === 0 ? `kfunc[id:${imm}]` : `kfunc[id:${imm} fd:${off}]`
  },
  target: (insn, distance) => (insn.ref === undefined ? `pc${signed(distance)}` : quoteName(insn.ref.name)),
}

/** Names that are no plain words, and words that begin like something else, stand in quotes. */
function quoteName(name: string): string {
  return /^[A-Za-z_.$][\w.$]*$/.test(name) && name !== 'pc' ? name : JSON.stringify(name)
}

function sameLine(a: SourceLine, b: SourceLine | undefined): boolean {
  return b !== undefined && a.file === b.file && a.line === b.line && a.text === b.text
}
