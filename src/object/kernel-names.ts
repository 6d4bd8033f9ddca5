// What programs expect of the kernel by name, found on this machine: addresses, variables and functions with their types.

import { type Btf, essentialName, resolve, typesAgree } from '../btf/index.ts'
import type { CompiledObject, Extern } from '../elf/index.ts'
import { ObjectError } from '../errors/index.ts'
import {
  findKernelSymbol,
  hasVmlinuxBtf,
  moduleBtf,
  modulesWithBtf,
  openModuleBtf,
  readKallsyms,
  vmlinuxBtf,
} from '../kernel/index.ts'
import { closeFd } from '../sys/index.ts'

/** What an extern came to. */
export type FoundName =
  | { readonly kind: 'absent' }
  | { readonly kind: 'address'; readonly address: bigint }
  /** id of a variable or function in BTF; `moduleFd` when it is a module's */
  | { readonly kind: 'btf'; readonly btfId: number; readonly moduleFd: number; readonly fdIndex: number }

/** Finds each name once. Keeps descriptors of modules open until closed: loading a program takes them. */
export class KernelNames implements Disposable {
  readonly #object: CompiledObject
  readonly #found = new Map<string, FoundName>()
  readonly #moduleFds = new Map<string, number>()
  #symbols: Buffer | undefined

  constructor(object: CompiledObject) {
    this.#object = object
  }

  /** For BPF_PROG_LOAD: what the `off` of a call of a module's function counts in; place 0 is the kernel's own. */
  get fdArray(): Int32Array | undefined {
    return this.#moduleFds.size === 0 ? undefined : Int32Array.of(0, ...this.#moduleFds.values())
  }

  /**
   * Throws ObjectError for what is missing and not weak, or has another type than the program believes.
   * @param fail throws it with the place that asks
   */
  find(name: string, fail: (what: string) => never = this.#fail): FoundName {
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const extern = this.#object.externs.find(each => each.name === name)
    if (extern === undefined) return fail(`"${name}" is not among the externs`)
    const found = this.#find(extern, fail)
    if (found.kind === 'absent' && !extern.weak) return fail(missing(extern))
    this.#found.set(name, found)
    return found
  }

  readonly #fail = (what: string): never => {
    throw new ObjectError(this.#object.file, what)
  }

  close(): void {
    for (const fd of this.#moduleFds.values()) closeFd(fd)
    this.#moduleFds.clear()
    this.#found.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #find(extern: Extern, fail: Fail): FoundName {
    switch (extern.kind) {
      case 'address':
        return this.#address(extern.name, fail)
      case 'variable':
        return this.#typed(extern, 'var', fail)
      case 'function':
        return this.#typed(extern, 'func', fail)
      case 'kconfig':
        return fail(`"${extern.name}" is configuration and has no address`)
    }
  }

  #address(name: string, fail: Fail): FoundName {
    this.#symbols ??= readKallsyms()
    const [first, ...others] = findKernelSymbol(this.#symbols, name)
    if (first === undefined) return { kind: 'absent' }
    const other = others.find(each => each.address !== first.address)
    if (other !== undefined)
      return fail(
        `extern "${name}" is ambiguous: the kernel has it at 0x${first.address.toString(16)} and 0x${other.address.toString(16)}`,
      )
    return { kind: 'address', address: first.address }
  }

  #typed(extern: Extern & { readonly typeId: number }, kind: 'var' | 'func', fail: Fail): FoundName {
    if (!hasVmlinuxBtf()) return { kind: 'absent' }
    const name = essentialName(extern.name)
    const inKernel = vmlinuxBtf().find(name, kind)
    if (inKernel !== undefined) {
      if (!this.#agrees(extern, vmlinuxBtf(), inKernel.typeId)) return unlike(extern, fail)
      return { kind: 'btf', btfId: inKernel.id, moduleFd: 0, fdIndex: 0 }
    }
    for (const module of modulesWithBtf()) {
      const btf = moduleBtf(module)
      const type = btf.findAll(name, kind).find(each => each.id >= btf.firstId)
      if (type === undefined) continue
      if (!this.#agrees(extern, btf, type.typeId)) return unlike(extern, fail)
      let moduleFd = this.#moduleFds.get(module)
      if (moduleFd === undefined) this.#moduleFds.set(module, (moduleFd = openModuleBtf(module)))
      return {
        kind: 'btf',
        btfId: type.id,
        moduleFd,
        fdIndex: [...this.#moduleFds.keys()].indexOf(module) + 1,
      }
    }
    return { kind: 'absent' }
  }

  #agrees({ typeId }: { readonly typeId: number }, kernel: Btf, kernelTypeId: number): boolean {
    return typesAgree(this.#object.btf!, typeId, kernel, resolve(kernel, kernel.type(kernelTypeId)).id)
  }
}

type Fail = (what: string) => never

/** A weak one of another type is as good as none: the program has another way for that kernel. */
function unlike(extern: Extern, fail: Fail): FoundName {
  if (extern.weak) return { kind: 'absent' }
  return fail(`extern ${extern.kind} "${extern.name}" has another type in this kernel than in the program`)
}

function missing({ name, kind }: Extern): string {
  const what = kind === 'function' ? 'function' : kind === 'variable' ? 'variable' : 'symbol'
  return `this kernel has no ${what} "${name}": declare the extern weak if the program can do without it`
}
