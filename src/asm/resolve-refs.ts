// References to things of the kernel get their numbers: map descriptors, BTF ids of functions and variables.
import { AsmError } from '../errors/asm-error.ts'
import type { Insn, Ref } from './insn.ts'

/** Answers by name; a name answered with undefined is an error, a kind without a function is left alone. */
export interface RefNumbers {
  /** a map's descriptor */
  readonly map?: (name: string) => number | undefined
  /** a kernel function's BTF id, and its module's place in `fd_array` (0: vmlinux) */
  readonly kfunc?: (name: string) => { readonly btfId: number; readonly fdIndex?: number } | undefined
  /** a kernel variable's BTF id, and the descriptor of its module's BTF (0: vmlinux) */
  readonly ksym?: (name: string) => { readonly btfId: number; readonly btfFd?: number } | undefined
}

/**
 * Fills in references to maps, kernel functions and kernel variables; labels are left to `resolveLabels`.
 * @throws AsmError ASM_UNRESOLVED for a name that `numbers` does not know
 */
export function resolveRefs(insns: readonly Insn[], numbers: RefNumbers): Insn[] {
  return insns.map((insn, index) =>
    insn.ref === undefined ? insn : resolveRef(insn, insn.ref, index, numbers),
  )
}

function resolveRef(insn: Insn, ref: Ref, index: number, numbers: RefNumbers): Insn {
  const { ref: _, ...resolved } = insn
  const known = <T>(value: T | undefined): T => {
    if (value !== undefined) return value
    throw new AsmError(
      'ASM_UNRESOLVED',
      `instruction ${index} refers to ${ref.kind} "${ref.name}", which is not known`,
      {
        index,
      },
    )
  }
  switch (ref.kind) {
    case 'label':
    case 'subprog':
    case 'funcAddress':
      return insn
    case 'map':
    case 'mapValue': {
      if (numbers.map === undefined) return insn
      const fd = known(numbers.map(ref.name))
      return { ...resolved, imm64: wide(fd, ref.kind === 'mapValue' ? ref.offset : 0) }
    }
    case 'kfunc': {
      if (numbers.kfunc === undefined) return insn
      const { btfId, fdIndex = 0 } = known(numbers.kfunc(ref.name))
      return { ...resolved, imm: btfId, off: fdIndex }
    }
    case 'ksym': {
      if (numbers.ksym === undefined) return insn
      const { btfId, btfFd = 0 } = known(numbers.ksym(ref.name))
      return { ...resolved, imm64: wide(btfId, btfFd) }
    }
  }
}

/** The two immediates of a 64-bit load: first slot low, second slot high. */
function wide(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
