// One BPF instruction as plain data: what builders make, `encode` packs and `print` shows.

/**
 * What an instruction's operand stands for before it is known: a label of the same program, a map that has
 * no descriptor yet, another function. `encode` refuses an instruction whose `ref` is unresolved.
 */
export type Ref =
  /** a jump target (BPF_JMP/BPF_JMP32): `off` (or `imm` for the v4 long jump) is filled in by `resolveLabels` */
  | { readonly kind: 'label'; readonly name: string }
  /** ld_imm64 of a map's address (BPF_PSEUDO_MAP_FD) */
  | { readonly kind: 'map'; readonly name: string }
  /** ld_imm64 of a byte inside an array map's value (BPF_PSEUDO_MAP_VALUE) */
  | { readonly kind: 'mapValue'; readonly name: string; readonly offset: number }
  /** a call of a subprogram of this program (BPF_PSEUDO_CALL); the name is a label */
  | { readonly kind: 'subprog'; readonly name: string }
  /** ld_imm64 of a subprogram's address, for callbacks (BPF_PSEUDO_FUNC); the name is a label */
  | { readonly kind: 'funcAddress'; readonly name: string }
  /** a call of a kernel function by BTF id (BPF_PSEUDO_KFUNC_CALL) */
  | { readonly kind: 'kfunc'; readonly name: string }
  /** ld_imm64 of a kernel variable's address by BTF id (BPF_PSEUDO_BTF_ID) */
  | { readonly kind: 'ksym'; readonly name: string }

/** Where an instruction came from: the source text of a script or a C file. Lines and columns count from 1. */
export interface SourceLine {
  readonly file: string
  readonly line: number
  readonly column: number
  /** the text of that line, for messages and line info */
  readonly text: string
}

/**
 * One instruction. Fields are those of `struct bpf_insn` (include/uapi/linux/bpf.h):
 *
 *     bits  0-7   8-11  12-15  16-31  32-63
 *           code  dst   src    off    imm      (ld_imm64 takes a second slot for the upper half)
 */
export interface Insn {
  /** the opcode byte */
  readonly code: number
  /** destination register, 0-10 */
  readonly dst: number
  /** source register, 0-10, or the BPF_PSEUDO_* kind of a call or ld_imm64 */
  readonly src: number
  /** signed 16-bit offset */
  readonly off: number
  /** signed 32-bit immediate */
  readonly imm: number
  /** ld_imm64 only: the whole 64-bit immediate (unsigned); `imm` is then ignored */
  readonly imm64?: bigint
  /** operand not known yet */
  readonly ref?: Ref
  /** labels that stand before this instruction; a subprogram starts at the label of its name */
  readonly labels?: readonly string[]
  /** where it came from */
  readonly source?: SourceLine
}
