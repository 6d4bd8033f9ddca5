// What a compiled object holds, as plain data: specs of its programs and maps with what only an object knows of them. Nothing
// here has seen a kernel: relocations against its types, symbols and configuration are still questions.

import type { Btf, CoreRecord } from '../../btf/index.ts'
import type { MapSpec, ProgramSpec } from '../../spec/spec.ts'
import type { JumpTable } from './jump-tables.ts'
import type { ProgramCode } from './program-code.ts'
import type { SectionName } from './section-name.ts'

export interface CompiledObject {
  /** as the user named the file */
  readonly file: string
  /** the file's name up to the first dot; the names of data maps start with it */
  readonly name: string
  readonly license: string
  /** LINUX_VERSION_CODE of the section `version`; kernels before 5.0 asked kprobes for it */
  readonly kernelVersion?: number
  readonly programs: readonly CompiledProgram[]
  readonly maps: readonly CompiledMap[]
  readonly externs: readonly Extern[]
  /** types of the object itself; absent when it was compiled without -g */
  readonly btf?: Btf
  /** the same as bytes, with the sections of data laid out as they are, to hand to a kernel */
  readonly btfBytes?: Uint8Array
}

export interface CompiledProgram extends ProgramSpec {
  /** as SEC() has it */
  readonly section: string
  /** undefined for a section name that says no type: the user must */
  readonly sectionName: SectionName | undefined
  readonly autoload: boolean
  /** the same as `insns`, which are made of it when they are asked for */
  readonly code: ProgramCode
  /** what the program is made of, in order; `slot` is where each starts */
  readonly functions: readonly PlacedFunction[]
  readonly relocations: readonly ProgramRelocation[]
  /** four numbers a record: slot, and offsets into the BTF's strings of file and line, and line << 10 | column */
  readonly lines: Uint32Array
  /** maps of its own by which it jumps; targets are slots of the program */
  readonly jumpTables: readonly JumpTable[]
}

export interface PlacedFunction {
  readonly name: string
  /** what instructions refer to it by: its name, unless another has that, too */
  readonly label: string
  readonly section: string
  /** where it starts in the program */
  readonly slot: number
}

/** A question to the kernel's types at an instruction. */
export interface ProgramRelocation extends CoreRecord {
  /** of the program */
  readonly slot: number
}

export interface CompiledMap extends MapSpec {
  /** `.maps`, `maps`, `.rodata.config`, `.kconfig`, `.struct_ops.link` … */
  readonly section: string
  /** what the source calls it; for a section of data its name. `name` is what the kernel shall call it */
  readonly label: string
  readonly role: 'map' | 'data' | 'kconfig' | 'structOps'
  /** in the object's BTF; 0 for none */
  readonly keyTypeId: number
  readonly valueTypeId: number
  /** what to put in by index: labels of maps (maps of maps) or of programs (program arrays) */
  readonly values?: readonly (string | undefined)[]
  /** content of a data section, or of a struct_ops' struct */
  readonly data?: Uint8Array
  readonly variables?: readonly Variable[]
  /** labels of programs by the byte of `data` where the function pointer stands */
  readonly functionPointers?: ReadonlyMap<number, string>
  readonly autocreate: boolean
}

/** A global variable of a data section. */
export interface Variable {
  readonly name: string
  readonly offsetBytes: number
  readonly sizeBytes: number
  /** in the object's BTF, without qualifiers taken off; 0 when there is no BTF */
  readonly typeId: number
  readonly isStatic: boolean
}

/** What the program expects of the kernel. */
export type Extern = {
  readonly name: string
  /** may be missing: 0 then */
  readonly weak: boolean
  /** var or func in the object's BTF */
  readonly btfId: number
} & (
  | {
      readonly kind: 'kconfig'
      readonly offsetBytes: number
      readonly sizeBytes: number
      readonly typeId: number
    }
  /** address of a symbol, of whatever type */
  | { readonly kind: 'address' }
  /** a kernel variable with its type */
  | { readonly kind: 'variable'; readonly typeId: number }
  /** a kernel function */
  | { readonly kind: 'function'; readonly typeId: number }
)
