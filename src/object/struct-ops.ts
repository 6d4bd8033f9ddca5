// The struct_ops variables of an object: the map that each becomes, the programs that it points to, and its attaching.

import type { CompiledObject } from '../elf/index.ts'
import { openModuleBtf } from '../kernel/index.ts'
import { attachStructOps, type Link } from '../link/index.ts'
import { BpfMap } from '../map/index.ts'
import { BPF_F_VTYPE_BTF_OBJ_FD, closeFd, LITTLE_ENDIAN } from '../sys/index.ts'
import type { ObjectMap } from './object-map.ts'
import type { ObjectProgram } from './object-program.ts'
import { planStructOps, type StructOpsPlan } from './struct-ops-plan.ts'

type Programs = ReadonlyMap<string, ObjectProgram>

/** Programs that a struct_ops variable points to are loaded when one that does is made, and not else, as libbpf has it. */
export function chooseStructOpsPrograms(maps: Iterable<ObjectMap>, programs: Programs): void {
  const wanted = new Map<string, boolean>()
  for (const { source, autocreate } of maps)
    for (const label of source.functionPointers?.values() ?? [])
      wanted.set(label, autocreate || wanted.get(label) === true)
  for (const [label, autoload] of wanted) {
    const program = programs.get(label)
    if (program !== undefined) program.autoload = autoload
  }
}

/** Makes the map of a variable, still without its programs. Throws ObjectError, SyscallError. */
export function makeStructOps(
  object: CompiledObject,
  map: ObjectMap,
  btfFd: number | undefined,
): { readonly plan: StructOpsPlan; readonly map: BpfMap } {
  const plan = planStructOps(object, map.source)
  return withModule(plan, moduleFd => {
    const { data: _, functionPointers: __, ...spec } = map.source
    const made = BpfMap.create(
      {
        ...spec,
        valueSize: plan.value.length,
        flags: (spec.flags ?? 0) | (moduleFd === undefined ? 0 : BPF_F_VTYPE_BTF_OBJ_FD),
      },
      {
        vmlinuxValueTypeId: plan.valueTypeId,
        ...(moduleFd === undefined ? {} : { valueTypeBtfFd: moduleFd }),
        ...(btfFd === undefined ? {} : { btfFd }),
      },
    )
    return { plan, map: made }
  })
}

/** What loading a program must say of the member that it is for. */
export interface StructOpsMember {
  readonly structId: number
  readonly memberIndex: number
  /** of the module that has the struct; open while `load` runs */
  readonly moduleFd?: number
}

/** Runs `load` with the member that a program is for; with undefined when no variable points to it. */
export function withMember<T>(
  program: ObjectProgram,
  plans: Iterable<StructOpsPlan>,
  load: (member: StructOpsMember | undefined) => T,
): T {
  for (const plan of plans) {
    const slot = plan.programs.find(each => each.program === program.name)
    if (slot === undefined) continue
    program.expectedAttachType = slot.memberIndex
    const { structId } = plan
    return withModule(plan, moduleFd =>
      load({ structId, memberIndex: slot.memberIndex, ...(moduleFd === undefined ? {} : { moduleFd }) }),
    )
  }
  return load(undefined)
}

/** Puts what a variable describes in the place of the kernel's own. Throws SyscallError. */
export function attachStructOpsMap(map: BpfMap, plan: StructOpsPlan, programs: Programs): Link {
  const value = Uint8Array.from(plan.value)
  const view = new DataView(value.buffer)
  for (const { program, offsetBytes } of plan.programs) {
    const loaded = programs.get(program)
    if (loaded?.loaded) view.setInt32(offsetBytes, loaded.program.fd, LITTLE_ENDIAN)
  }
  return attachStructOps(map, value)
}

function withModule<T>({ module }: StructOpsPlan, work: (moduleFd: number | undefined) => T): T {
  if (module === undefined) return work(undefined)
  const moduleFd = openModuleBtf(module)
  try {
    return work(moduleFd)
  } finally {
    closeFd(moduleFd)
  }
}
