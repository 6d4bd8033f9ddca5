// The path from a type to a field, as the compiler wrote it down (`0:1:2`), and the same path found in another type by names.
// Source of the rules: bpf_core_parse_spec, bpf_core_match_member and bpf_core_spec_match, tools/lib/bpf/relo_core.c.

import { BtfError } from '../../errors/index.ts'
import type { Btf } from '../btf.ts'
import { resolve, sizeOf } from '../layout.ts'
import type { BtfArray, BtfComposite } from '../type.ts'
import { fieldsCompatible } from './compatible.ts'

/** One step: a member by name, or an element of an array by its index (also the first one, into an array of roots). */
export interface AccessStep {
  /** the struct or union that has the member; for an index the type of the element */
  readonly typeId: number
  /** of the member, or the element */
  readonly index: number
  /** undefined for an index */
  readonly member: string | undefined
}

export interface Access {
  readonly btf: Btf
  readonly rootId: number
  readonly steps: readonly AccessStep[]
  /** every member on the way, anonymous ones too: its struct or union, and which of its members */
  readonly members: readonly { readonly ownerId: number; readonly index: number }[]
  readonly offsetBits: number
}

/** Steps that libbpf goes along with. */
const MAX_STEPS = 64

/** `0:1:2` as numbers. Throws BtfError for anything else. */
export function parseAccessStr(accessStr: string): number[] {
  if (!/^\d{1,9}(:\d{1,9})*$/.test(accessStr)) throw new BtfError(`"${accessStr}" is no path to a field`)
  const indexes = accessStr.split(':').map(Number)
  if (indexes.length > MAX_STEPS) throw new BtfError(`a path of ${indexes.length} steps is too long`)
  return indexes
}

/** Follows a path through the program's own types. Throws BtfError when it leaves them. */
export function followAccess(btf: Btf, typeId: number, accessStr: string): Access {
  const indexes = parseAccessStr(accessStr)
  const root = resolve(btf, btf.type(typeId))
  let id = root.id
  let offsetBits = indexes[0]! * sizeOf(btf, root) * 8
  const steps: AccessStep[] = [{ typeId: id, index: indexes[0]!, member: undefined }]
  const members: { ownerId: number; index: number }[] = []
  for (const index of indexes.slice(1)) {
    const type = resolve(btf, btf.type(id))
    if (type.kind === 'struct' || type.kind === 'union') {
      const member = type.members[index]
      if (member === undefined)
        throw new BtfError(`path ${accessStr}: ${type.kind} "${type.name}" has no member ${index}`)
      offsetBits += member.offsetBits
      members.push({ ownerId: type.id, index })
      if (member.name !== '') steps.push({ typeId: type.id, index, member: member.name })
      id = member.typeId
    } else if (type.kind === 'array') {
      const element = resolve(btf, btf.type(type.elementTypeId))
      if (index >= type.count && !isFlexible(btf, steps[steps.length - 1], type))
        throw new BtfError(`path ${accessStr}: element ${index} of an array of ${type.count}`)
      steps.push({ typeId: element.id, index, member: undefined })
      offsetBits += index * sizeOf(btf, element) * 8
      id = element.id
    } else throw new BtfError(`path ${accessStr} goes on behind ${type.kind} "${type.name}"`)
  }
  return { btf, rootId: typeId, steps, members, offsetBits }
}

/** The same path in a type of another BTF; undefined when it is not there, or leads to something that does not fit. */
export function matchAccess(local: Access, target: Btf, targetId: number): Access | undefined {
  let id = targetId
  let offsetBits = 0
  const steps: AccessStep[] = []
  const members: { ownerId: number; index: number }[] = []
  for (const [i, step] of local.steps.entries()) {
    const type = resolve(target, target.type(id))
    if (step.member === undefined) {
      let elementId = type.id
      if (i > 0) {
        if (type.kind !== 'array') return undefined
        if (step.index >= type.count && !isFlexible(target, steps[steps.length - 1], type)) return undefined
        elementId = resolve(target, target.type(type.elementTypeId)).id
      }
      steps.push({ typeId: elementId, index: step.index, member: undefined })
      // the size of the root counts only where the path starts behind the first one
      if (step.index > 0) offsetBits += step.index * sizeOf(target, target.type(elementId)) * 8
      id = elementId
      continue
    }
    if (type.kind !== 'struct' && type.kind !== 'union') return undefined
    const found = findMember(target, type, step.member, 0)
    if (found === undefined) return undefined
    const owner = local.btf.type(step.typeId) as BtfComposite
    if (!fieldsCompatible(local.btf, owner.members[step.index]!.typeId, target, found.typeId))
      return undefined
    steps.push({ typeId: found.ownerId, index: found.index, member: step.member })
    members.push(...found.members)
    offsetBits += found.offsetBits
    id = found.typeId
    if (steps.length > MAX_STEPS) throw new BtfError(`the path to "${step.member}" is too long`)
  }
  return { btf: target, rootId: targetId, steps, members, offsetBits }
}

interface Found {
  ownerId: number
  index: number
  typeId: number
  offsetBits: number
  members: readonly { readonly ownerId: number; readonly index: number }[]
}

/** A member by name, in the order of C: into anonymous structs and unions where they stand. */
function findMember(btf: Btf, type: BtfComposite, name: string, depth: number): Found | undefined {
  if (depth > MAX_STEPS) throw new BtfError(`anonymous members of "${type.name}" never end`)
  for (const [index, member] of type.members.entries()) {
    const here = { ownerId: type.id, index }
    if (member.name === name)
      return { ...here, typeId: member.typeId, offsetBits: member.offsetBits, members: [here] }
    if (member.name !== '') continue
    const inner = resolve(btf, btf.type(member.typeId))
    if (inner.kind !== 'struct' && inner.kind !== 'union') continue
    const found = findMember(btf, inner, name, depth + 1)
    if (found !== undefined)
      return {
        ...found,
        offsetBits: found.offsetBits + member.offsetBits,
        members: [here, ...found.members],
      }
  }
  return undefined
}

/** An array without a count at the end of its struct: as long as one likes. */
function isFlexible(btf: Btf, step: AccessStep | undefined, array: BtfArray): boolean {
  if (step?.member === undefined || array.count > 0) return false
  const owner = btf.type(step.typeId)
  return (owner.kind === 'struct' || owner.kind === 'union') && step.index === owner.members.length - 1
}

/** `.mm.exe_file[2]` */
export function printAccess({ steps }: Access): string {
  const parts = steps.map(({ member, index }, i) =>
    member !== undefined ? `.${member}` : i > 0 || index > 0 ? `[${index}]` : '',
  )
  return parts.join('')
}
