// Builders: jumps to labels, calls, exit; and the functions that put labels and source lines on instructions.
// All of them throw AsmError (ASM_OPERAND) on registers, immediates and helpers that do not exist.
import { AsmError } from '../errors/asm-error.ts'
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_K,
  BPF_MAY_GOTO,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_X,
} from '../sys/bpf-constants.generated.ts'
import { helperByName } from './helper.ts'
import type { Insn, SourceLine } from './insn.ts'
import { type JumpCond, jumpConds } from './opcode.ts'
import { checkImm, checkImm32, checkReg } from './operand.ts'

/** `goto label` */
export function jump(label: string): Insn {
  return { code: BPF_JMP | BPF_JA, dst: 0, src: 0, off: 0, imm: 0, ref: { kind: 'label', name: label } }
}

/** `gotol label`: a jump with a 32-bit offset. v4 (Linux 6.6); `resolveLabels` makes it from `jump` where needed. */
export function jumpLong(label: string): Insn {
  return { code: BPF_JMP32 | BPF_JA, dst: 0, src: 0, off: 0, imm: 0, ref: { kind: 'label', name: label } }
}

/** `if dst cond src goto label`, on all 64 bits. */
export function jumpIfReg(cond: JumpCond, dst: number, src: number, label: string): Insn {
  return conditional(BPF_JMP | jumpConds[cond] | BPF_X, dst, src, 0, label)
}

/** `if dst cond imm goto label`, the immediate sign-extended to 64 bits. */
export function jumpIfImm(cond: JumpCond, dst: number, imm: number, label: string): Insn {
  return conditional(BPF_JMP | jumpConds[cond] | BPF_K, dst, 0, checkImm(imm), label)
}

/** `if wdst cond wsrc goto label`, on the lower halves (Linux 5.1). */
export function jumpIf32Reg(cond: JumpCond, dst: number, src: number, label: string): Insn {
  return conditional(BPF_JMP32 | jumpConds[cond] | BPF_X, dst, src, 0, label)
}

/** `if wdst cond imm goto label` */
export function jumpIf32Imm(cond: JumpCond, dst: number, imm: number, label: string): Insn {
  return conditional(BPF_JMP32 | jumpConds[cond] | BPF_K, dst, 0, checkImm32(imm), label)
}

/** `may_goto label`: falls through until the kernel's iteration budget is spent, then jumps (Linux 6.9). */
export function mayGoto(label: string): Insn {
  return conditional(BPF_JMP | BPF_JCOND, 0, BPF_MAY_GOTO, 0, label)
}

/** Calls a helper by id or by name (`bpf_ktime_get_ns` or `ktime_get_ns`): r1-r5 in, r0 out, r1-r5 lost. */
export function call(helper: number | string): Insn {
  const id = typeof helper === 'number' ? helper : helperByName(helper)?.id
  if (id === undefined) throw new AsmError('ASM_OPERAND', `helper "${helper}" is not known`)
  return callInsn(0, checkImm(id))
}

/** Calls the subprogram that starts at the label `name`; it has its own stack frame (Linux 4.16). */
export function callSubprog(name: string): Insn {
  return { ...callInsn(BPF_PSEUDO_CALL, 0), ref: { kind: 'subprog', name } }
}

/** Calls a kernel function through its BTF (`resolveRefs` fills in the id; Linux 5.13). */
export function callKfunc(name: string): Insn {
  return { ...callInsn(BPF_PSEUDO_KFUNC_CALL, 0), ref: { kind: 'kfunc', name } }
}

/** Returns r0 to the caller or ends the program. */
export function exit(): Insn {
  return { code: BPF_JMP | BPF_EXIT, dst: 0, src: 0, off: 0, imm: 0 }
}

/** The same instruction with labels before it, after those it already has. */
export function withLabel(insn: Insn, ...names: string[]): Insn {
  return { ...insn, labels: [...(insn.labels ?? []), ...names] }
}

/** The same instruction with the place in a source text it came from. */
export function withSource(insn: Insn, source: SourceLine): Insn {
  return { ...insn, source }
}

function conditional(code: number, dst: number, src: number, imm: number, label: string): Insn {
  return { code, dst: checkReg(dst), src: checkReg(src), off: 0, imm, ref: { kind: 'label', name: label } }
}

function callInsn(src: number, imm: number): Insn {
  return { code: BPF_JMP | BPF_CALL, dst: 0, src, off: 0, imm }
}
