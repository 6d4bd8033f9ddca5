// The shape of a helper function's prototype; read by helper.ts from generated lines.

/**
 * What an argument is, as far as its C declaration says:
 * `scalar` a number; `pointer` to memory; `map` a map's address (ld_imm64); `context` the program's own context;
 * `function` the address of a subprogram (callback); `variadic` up to three more scalars (bpf_trace_printk).
 */
export type HelperArgumentKind = 'scalar' | 'pointer' | 'map' | 'context' | 'function' | 'variadic'

export interface HelperArgument {
  readonly name: string
  readonly kind: HelperArgumentKind
  /** the C type, as in the header */
  readonly type: string
}

/** One helper function. Which kernel has it, for which program types, is a fact about a kernel and not in here. */
export interface HelperPrototype {
  /** the number in `imm` of the call (enum bpf_func_id) */
  readonly id: number
  /** `bpf_map_lookup_elem` … */
  readonly name: string
  readonly args: readonly HelperArgument[]
  readonly ret: 'scalar' | 'pointer' | 'void'
  /** the C return type; empty where the header documents no prototype */
  readonly type: string
}
