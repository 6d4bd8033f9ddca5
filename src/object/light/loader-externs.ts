// What programs expect of the kernel by name, looked up by the loader: each once, before programs are loaded.

import { aluImm, call, jumpIfImm, movImm, movReg, R0, R1, R2, R3, R4, R7 } from '../../asm/index.ts'
import { essentialName } from '../../btf/index.ts'
import type { Extern } from '../../elf/index.ts'
import { errno } from '../../errors/index.ts'
import type { LoaderCode } from './loader-code.ts'

/** enum of include/uapi/linux/btf.h */
export const BTF_KIND_TYPEDEF = 8
export const BTF_KIND_FUNC = 12
const BTF_KIND_VAR = 14

/** What an extern comes to, as the loader has it when it runs. */
export interface LoaderExtern {
  readonly extern: Extern
  /** 8 bytes of the loader's data: an address, or an id and the descriptor of the module's types it is one of */
  readonly foundAt: number
  /** of that descriptor, in the array that goes along with programs */
  readonly index: number
}

export function findExterns(
  code: LoaderCode,
  externs: readonly { readonly extern: Extern; readonly index: number }[],
): ReadonlyMap<string, LoaderExtern> {
  const found = new Map<string, LoaderExtern>()
  for (const { extern, index } of externs) {
    const foundAt = code.room(8)
    found.set(extern.name, { extern, foundAt, index })
    code.step('extern', extern.name)
    const absent = code.newLabel()
    if (extern.kind === 'address') {
      findSymbol(code, extern.name, foundAt)
      if (extern.weak) code.emit(jumpIfImm('eq', R7, -errno.ENOENT, absent))
      code.giveUpOnError()
    } else {
      findType(code, essentialName(extern.name), extern.kind === 'function' ? BTF_KIND_FUNC : BTF_KIND_VAR)
      if (extern.weak) code.emit(jumpIfImm('slt', R7, 0, absent))
      else code.giveUpOnError()
      code.storeTo(foundAt, 8, R7)
      code.emit(aluImm('rsh', R7, 32))
      code.storeTo(index * 4, 4, R7)
    }
    code.place(absent)
  }
  return found
}

/** r7: the id of a type by its name, in its upper half a descriptor of the module that has it, or 0; or an errno below 0. */
export function findType(code: LoaderCode, name: string, kind: number): void {
  const { at, byteLength } = code.text(name)
  code.address(R1, at)
  code.emit(movImm(R2, byteLength), movImm(R3, kind), movImm(R4, 0))
  code.emit(call('btf_find_by_name_kind'), movReg(R7, R0))
}

function findSymbol(code: LoaderCode, name: string, foundAt: number): void {
  const { at, byteLength } = code.text(name)
  code.address(R1, at)
  code.emit(movImm(R2, byteLength), movImm(R3, 0))
  code.address(R4, foundAt)
  code.emit(call('kallsyms_lookup_name'), movReg(R7, R0))
}
