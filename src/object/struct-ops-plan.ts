// How a struct_ops variable of an object fits the kernel's struct of that name: which program goes into which member, and what the
// value of the map is to be.
// Source: bpf_map__init_kern_struct_ops, tools/lib/bpf/libbpf.c.

import { type Btf, essentialName, memberBits, resolve, sizeOf } from '../btf/index.ts'
import type { CompiledMap, CompiledObject } from '../elf/index.ts'
import { ObjectError } from '../errors/index.ts'
import { hasVmlinuxBtf, moduleBtf, modulesWithBtf, vmlinuxBtf } from '../kernel/index.ts'

export interface StructOpsPlan {
  /** id of the kernel's struct, which programs for it are told as what they attach to */
  readonly structId: number
  /** id of the kernel's `struct bpf_struct_ops_NAME` around it: the value of the map */
  readonly valueTypeId: number
  /** the module that has them; undefined for the kernel itself */
  readonly module: string | undefined
  /** of `valueTypeId`, with everything but the programs filled in */
  readonly value: Uint8Array
  readonly programs: readonly StructOpsSlot[]
}

export interface StructOpsSlot {
  /** label of the program */
  readonly program: string
  /** expected_attach_type of a struct_ops program: the member's index in the kernel's struct */
  readonly memberIndex: number
  /** in the value, bytes */
  readonly offsetBytes: number
}

/** Throws ObjectError when this kernel has no such struct, or lacks a member that is set. */
export function planStructOps(object: CompiledObject, map: CompiledMap): StructOpsPlan {
  const btf = object.btf!
  const local = resolve(btf, btf.type(map.valueTypeId))
  const fail = (what: string): never => {
    throw new ObjectError(object.file, what, { map: map.label, section: map.section })
  }
  if (local.kind !== 'struct') return fail(`is ${local.kind} and not a struct`)
  const name = essentialName(local.name)
  const found = findKernelStruct(name)
  if (found === undefined)
    return fail(`this kernel has no struct_ops "${name}" (no struct bpf_struct_ops_${name} in its types)`)
  const { kernel, module } = found
  const valueType = resolve(kernel, kernel.type(found.valueTypeId))
  const struct = resolve(kernel, kernel.type(found.structId))
  if (valueType.kind !== 'struct' || struct.kind !== 'struct')
    return fail(`"${name}" is no struct in this kernel`)
  const inner = valueType.members.find(each => resolve(kernel, kernel.type(each.typeId)).id === struct.id)
  if (inner === undefined) return fail(`struct ${valueType.name} of this kernel does not hold struct ${name}`)
  const value = new Uint8Array(valueType.sizeBytes)
  const base = inner.offsetBits / 8
  const programs: StructOpsSlot[] = []
  for (const member of local.members) {
    const from = memberBits(btf, member)
    const [start, size] = [from.offsetBits / 8, from.sizeBits / 8]
    const bytes = map.data!.subarray(Math.floor(start), Math.ceil(start + size))
    const program = map.functionPointers?.get(start)
    const memberIndex = struct.members.findIndex(each => each.name === member.name && member.name !== '')
    const target = struct.members[memberIndex]
    if (target === undefined) {
      if (program === undefined && bytes.every(byte => byte === 0)) continue
      return fail(`struct ${name} of this kernel has no member "${member.name}", which is set`)
    }
    const to = memberBits(kernel, target)
    if (from.bitfield || to.bitfield)
      return fail(`member "${member.name}" is a bit field, which cannot be set`)
    const offsetBytes = base + to.offsetBits / 8
    if (program !== undefined) {
      programs.push({ program, memberIndex, offsetBytes })
      continue
    }
    if (sizeOf(kernel, kernel.type(target.typeId)) !== size) {
      if (bytes.every(byte => byte === 0)) continue
      return fail(`member "${member.name}" has ${size} bytes here and ${to.sizeBits / 8} in this kernel`)
    }
    value.set(bytes, offsetBytes)
  }
  return { structId: struct.id, valueTypeId: valueType.id, module, value, programs }
}

function findKernelStruct(name: string) {
  if (!hasVmlinuxBtf()) return undefined
  const inKernel = structsIn(vmlinuxBtf(), name, 0)
  if (inKernel !== undefined) return { kernel: vmlinuxBtf(), module: undefined, ...inKernel }
  for (const module of modulesWithBtf()) {
    const kernel = moduleBtf(module)
    const found = structsIn(kernel, name, kernel.firstId)
    if (found !== undefined) return { kernel, module, ...found }
  }
  return undefined
}

/** The value's struct is the module's own; what it holds may be the kernel's. */
function structsIn(btf: Btf, name: string, firstId: number) {
  const value = btf.findAll(`bpf_struct_ops_${name}`, 'struct').find(type => type.id >= firstId)
  const struct = btf.findAll(name, 'struct').at(-1)
  return value === undefined || struct === undefined
    ? undefined
    : { valueTypeId: value.id, structId: struct.id }
}
