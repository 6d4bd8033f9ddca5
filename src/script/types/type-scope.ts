// What names of types and constants mean in a script: its own C definitions first, then the kernel's BTF.

import { type Btf, didYouMean, nearNames } from '../../btf/index.ts'
import { namedConstant } from '../../kernel/uapi/constants.ts'
import { machineOf } from '../../kernel/uapi/machine.ts'
import { ABI_NATIVE, syscallNumber } from '../../kernel/uapi/syscall-names.ts'
import { type EnumType, int32, int64, type ScriptType, type StructDef } from '../type.ts'
import { builtinCType } from './c-names.ts'
import { BtfTypes } from './from-btf.ts'

/** The script's own definitions, laid out. */
export interface OwnDefinitions {
  readonly structs: ReadonlyMap<string, StructDef>
  readonly unions: ReadonlyMap<string, StructDef>
  readonly enums: ReadonlyMap<string, EnumType>
  readonly typedefs: ReadonlyMap<string, ScriptType>
  /** enumerators, by name */
  readonly constants: ReadonlyMap<string, { readonly value: bigint; readonly type: ScriptType }>
}

export const NO_DEFINITIONS: OwnDefinitions = {
  structs: new Map(),
  unions: new Map(),
  enums: new Map(),
  typedefs: new Map(),
  constants: new Map(),
}

export class TypeScope {
  readonly #own: OwnDefinitions
  readonly #btf: () => Btf | undefined
  #kernel: BtfTypes | undefined

  constructor(own: OwnDefinitions, btf: () => Btf | undefined) {
    this.#own = own
    this.#btf = btf
  }

  /** The kernel's types; undefined where it has no BTF. */
  kernelTypes(): BtfTypes | undefined {
    if (this.#kernel === undefined) {
      const btf = this.#btf()
      if (btf !== undefined) this.#kernel = new BtfTypes(btf)
    }
    return this.#kernel
  }

  /** `struct NAME` or `union NAME`. */
  struct(name: string, tag: 'struct' | 'union'): ScriptType | undefined {
    const own = (tag === 'struct' ? this.#own.structs : this.#own.unions).get(name)
    if (own !== undefined) return { kind: 'struct', def: own, space: 'none' }
    const kernel = this.kernelTypes()
    const found = kernel?.btf.find(name, tag)
    return found === undefined ? undefined : { kind: 'struct', def: kernel!.struct(found), space: 'none' }
  }

  /** `enum NAME`. */
  enumeration(name: string): EnumType | undefined {
    const own = this.#own.enums.get(name)
    if (own !== undefined) return own
    const kernel = this.kernelTypes()
    const found = kernel?.btf.find(name, 'enum') ?? kernel?.btf.find(name, 'enum64')
    return found === undefined ? undefined : kernel!.enumeration(found)
  }

  /** A name without a tag: a typedef, an integer of C, or what an old script means by `task_struct`. */
  named(name: string): ScriptType | undefined {
    const own = this.#own.typedefs.get(name) ?? builtinCType(name)
    if (own !== undefined) return own
    const kernel = this.kernelTypes()
    const typedef = kernel?.btf.find(name, 'typedef')
    if (typedef !== undefined) return kernel!.type(typedef.id, 'none')
    return this.struct(name, 'struct') ?? this.struct(name, 'union') ?? this.enumeration(name)
  }

  /** A C type as text: `struct sk_buff`, `enum skb_drop_reason`, `unsigned int`, `pid_t`. */
  byText(text: string): ScriptType | undefined {
    const tagged = /^(struct|union|enum)\s+(\w+)$/.exec(text)
    if (tagged === null) return this.named(text)
    const name = tagged[2]!
    return tagged[1] === 'enum' ? this.enumeration(name) : this.struct(name, tagged[1] as 'struct' | 'union')
  }

  /** An enumerator of the script or of the kernel, or what a kernel header has as a `#define`: `AF_INET`. */
  constant(name: string): { readonly value: bigint; readonly type: ScriptType } | undefined {
    const enumerator = this.#own.constants.get(name) ?? this.kernelTypes()?.enumerator(name)
    if (enumerator !== undefined) return enumerator
    const defined = KERNEL_ONLY[name] ?? callNumber(name) ?? namedConstant(name)
    return defined === undefined
      ? undefined
      : { value: BigInt(defined), type: defined < 2 ** 31 ? int32 : int64 }
  }

  /** `, did you mean "…"?`, or nothing. */
  suggestType(name: string): string {
    const own = [...this.#own.structs.keys(), ...this.#own.unions.keys(), ...this.#own.typedefs.keys()]
    return nearNames(name, own).length > 0 ? didYouMean(name, own) : ''
  }
}

/** `__NR_read`, `SYS_read` */
function callNumber(name: string): number | undefined {
  const call = /^(?:__NR_|SYS_)(\w+)$/.exec(name)?.[1]
  return call === undefined ? undefined : syscallNumber(machineOf(process.arch), ABI_NATIVE, call)
}

/** States of a task, include/linux/sched.h: not in the headers for programs, and no enumerators. */
const KERNEL_ONLY: Readonly<Record<string, number>> = {
  TASK_RUNNING: 0,
  TASK_INTERRUPTIBLE: 1,
  TASK_UNINTERRUPTIBLE: 2,
}
