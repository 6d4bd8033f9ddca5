// The functions that one program for many of them (fentry.multi and its like) can be attached to, as BTF ids.

import { type Btf, type BtfType, resolve, sizeOf } from '../btf/index.ts'
import { BtfError } from '../errors/index.ts'
import { globMatcher, moduleBtf, readTraceableFunctions, vmlinuxBtf } from '../kernel/index.ts'

export interface FunctionsByBtf {
  readonly names: readonly string[]
  /** by the same index */
  readonly ids: readonly number[]
}

/**
 * The functions of the kernel that a pattern names (`vfs_*`), or those of a module (`nf_nat:nf_nat_*`): those that ftrace lists and
 * whose arguments a trampoline can hand over.
 * @throws NotSupportedError when there is no BTF; BtfError when it is malformed
 */
export function traceableFunctions(pattern: string): FunctionsByBtf {
  const { module, name: namePattern } = splitModule(pattern)
  const btf = module === undefined ? vmlinuxBtf() : moduleBtf(module)
  const matches = globMatcher(namePattern)
  const traceable = new Set(
    readTraceableFunctions()
      .all()
      .filter(each => each.module === module && matches(each.name))
      .map(each => each.name),
  )
  const found = [...btf.idsOfNames(traceable)].flatMap(([name, ids]) =>
    ids
      .filter(id => id >= btf.firstId && isTraceable(btf, btf.type(id)))
      .slice(0, 1)
      .map(id => ({ name, id })),
  )
  return { names: found.map(each => each.name), ids: found.map(each => each.id) }
}

/** `nf_nat:nf_nat_*`; the kernel itself may be said, too: `vmlinux:vfs_*`. */
export function splitModule(target: string): { readonly module: string | undefined; readonly name: string } {
  const colon = target.indexOf(':')
  const module = colon < 0 ? 'vmlinux' : target.slice(0, colon)
  return { module: module === 'vmlinux' ? undefined : module, name: target.slice(colon + 1) }
}

const ARGUMENTS_MAX = 12
const ARGUMENT_BYTES_MAX = 16

/** What the kernel's trampolines can hand over (btf_distill_func_proto, kernel/bpf/btf.c). */
export function isTraceable(btf: Btf, type: BtfType): boolean {
  if (type.kind !== 'func') return false
  const proto = btf.type(type.typeId)
  if (proto.kind !== 'funcProto' || proto.variadic || proto.params.length > ARGUMENTS_MAX) return false
  try {
    const result = resolve(btf, btf.type(proto.returnTypeId))
    if (result.kind === 'struct' || result.kind === 'union') return false
    return proto.params.every(({ typeId }) => {
      const argument = resolve(btf, btf.type(typeId))
      return argument.kind !== 'void' && sizeOf(btf, argument) <= ARGUMENT_BYTES_MAX
    })
  } catch (error) {
    if (error instanceof BtfError) return false // a declaration has no size
    throw error
  }
}
